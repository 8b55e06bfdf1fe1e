"""One catalogue of every word a person reads, looked up by key, in Traditional Chinese and English.

The files are nested TOML tables; a key is the path with dots (``error.GW-LNK-03.what``). A text may hold
``{placeholders}``.
"""

from visitbridge.words.catalogue import LANGUAGES, Catalogue, ErrorWords, load_catalogue, placeholders

__all__ = ["LANGUAGES", "Catalogue", "ErrorWords", "load_catalogue", "placeholders"]
