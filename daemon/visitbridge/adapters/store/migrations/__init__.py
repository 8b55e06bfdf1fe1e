"""The schema's history, run by Alembic when a store is opened.

A new step is a file in ``versions/`` (``alembic``'s own form) and its name at the end of ``REVISIONS``. Steps only
expand: a column is dropped one release after the last one that reads it, so that a rolled-back program still
finds what it needs. A step that has shipped is never edited.
"""

from __future__ import annotations

from typing import Final

REVISIONS: Final = ("0001", "0002", "0003", "0004")
