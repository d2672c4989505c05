"""The commands of `ronda`, one file a subject."""
