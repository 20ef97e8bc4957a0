"""What the business does: plain functions, `who` first; all rules and all SQL."""
