"""The HTTP toolkit that the doors share; it knows no noun."""
