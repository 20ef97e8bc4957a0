"""The contract's shapes for JSON; every odd spelling of it lives in this room and nowhere else."""
