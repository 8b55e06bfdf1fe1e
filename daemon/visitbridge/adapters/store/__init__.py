"""The box's own disk: the encrypted store of visits and jobs, and the searchable catalogue."""

from visitbridge.adapters.store.catalogue import SqlCatalogue, open_catalogue
from visitbridge.adapters.store.sql_store import SqlStore, open_store

__all__ = ["SqlCatalogue", "SqlStore", "open_catalogue", "open_store"]
