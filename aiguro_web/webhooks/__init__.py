"""Where messengers call in."""
