"""The contracts: one class per event, and the envelope that they travel in."""
