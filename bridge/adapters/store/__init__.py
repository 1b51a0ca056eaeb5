"""The store in an SQL database: SQLite as shipped, PostgreSQL by its URL."""

from bridge.adapters.store.figures import Figures
from bridge.adapters.store.post import SqlPost
from bridge.adapters.store.sql import SqlStore

__all__ = ["Figures", "SqlPost", "SqlStore"]
