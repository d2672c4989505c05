"""The use cases: events taken in, phones enrolled and answered, photos kept."""
