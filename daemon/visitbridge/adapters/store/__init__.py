"""The box's own disk: the encrypted store of visits and jobs, and the searchable catalogue."""

from visitbridge.adapters.store.sql_store import SqlStore, open_store

__all__ = ["SqlStore", "open_store"]
