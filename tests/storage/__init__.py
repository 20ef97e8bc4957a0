"""Bytes of files."""
