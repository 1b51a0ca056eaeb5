"""Many replicas over one PostgreSQL store: procrastinate hands out the work, the store remembers all that must not be lost."""
