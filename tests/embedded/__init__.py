"""The embedded PostgreSQL and the supervisor, with real processes."""
