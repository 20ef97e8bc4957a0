"""Tests of the messengers' adapters, through fakes over a socket."""
