"""Where the worker calls in: each task reads, calls out, writes. Importing this registers all of them."""

from . import bulk, deliveries, erasure, files, housekeeping, imports, removal, subscriptions, trials

__all__ = ["bulk", "deliveries", "erasure", "files", "housekeeping", "imports", "removal", "subscriptions", "trials"]
