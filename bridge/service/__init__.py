"""`presale-bridge serve`: the schedule, what wakes it, and what watches it."""
