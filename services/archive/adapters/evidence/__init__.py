"""Checking, proving, exporting and erasing, in PostgreSQL and in files."""
