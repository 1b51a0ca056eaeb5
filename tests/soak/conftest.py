"""The PostgreSQL of the store, as in the contract tests."""

from tests.contract.conftest import cluster

__all__ = ["cluster"]
