"""The searchable data sets: one finished file each, built aside and moved into place (docs/decisions)."""

from visitbridge.adapters.store.catalogue.sql_catalogue import SqlCatalogue, open_catalogue

__all__ = ["SqlCatalogue", "open_catalogue"]
