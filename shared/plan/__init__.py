"""The operation plan: what is guarded, by whom, when, and who is told what goes wrong."""
