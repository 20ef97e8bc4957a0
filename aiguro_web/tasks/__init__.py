"""Where the worker calls in: each task reads, calls out, writes. Importing this registers all of them."""

from . import deliveries, subscriptions

__all__ = ["deliveries", "subscriptions"]
