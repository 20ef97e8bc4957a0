"""The HTML pages: one blueprint a screen."""
