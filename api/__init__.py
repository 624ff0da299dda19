"""The HTTP service: it starts builds, takes snapshots and hands out what the models say."""
