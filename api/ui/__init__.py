"""The pages for people, who look and do not query: who needs a call, and is it getting better."""
