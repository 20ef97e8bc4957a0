"""Tests of who is asking: tokens, keys, guards, signing in."""
