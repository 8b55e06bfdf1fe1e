"""The schema's history, run by Alembic when a store is opened.

A new step is a file in ``versions/`` (``alembic``'s own form) and its name at the end of ``REVISIONS``. Steps only
expand: a column is dropped one release after the last one that reads it, so that a rolled-back program still
finds what it needs. A step that has shipped is never edited.
"""

from __future__ import annotations

from typing import Final

REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")

OLDEST_PROGRAM: Final = "0001"
"""Where the oldest program's revisions end that can still work with a store brought up to the last of ours.

It is written into every store, so that a program rolled back to knows whether it may open what a newer one left. A
step that takes away or forbids something moves it.
"""
