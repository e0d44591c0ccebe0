"""A store, as the store's own tests have it."""

from tests.core.store.conftest import clock, place, store

__all__ = ["clock", "place", "store"]
