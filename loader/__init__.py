"""The only place that knows files: finds the inputs, tells versions apart, reads each once."""
