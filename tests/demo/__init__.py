"""Tests of the demo: it loads once and whole, and its dialogs agree with their messages."""
