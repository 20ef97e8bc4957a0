"""Where the worker calls in: each task reads, calls out, writes. Importing this registers all of them."""

from . import deliveries, housekeeping, subscriptions

__all__ = ["deliveries", "housekeeping", "subscriptions"]
