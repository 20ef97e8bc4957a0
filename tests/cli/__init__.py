"""Tests of the commands of a shell."""
