"""The outside world for tests: servers that speak its protocols over a loopback socket."""
