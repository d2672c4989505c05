"""The demonstration: one night in Tuban, played through the public HTTP API only."""
