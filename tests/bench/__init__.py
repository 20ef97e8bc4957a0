"""`make bench`: the product beside the limit of its server, interleaved in one run on one machine."""
