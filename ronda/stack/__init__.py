"""Everything that runs beside or above the services: broker, database, the services themselves."""
