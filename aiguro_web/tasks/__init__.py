"""Where the worker calls in: each task reads, calls out, writes. Importing this registers all of them."""

from . import deliveries, erasure, files, housekeeping, removal, subscriptions, trials

__all__ = ["deliveries", "erasure", "files", "housekeeping", "removal", "subscriptions", "trials"]
