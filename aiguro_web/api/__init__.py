"""The JSON API: one blueprint a noun."""
