"""The HTTP toolkit, on tiny applications of its own."""
