"""The schema's history, run by Alembic when a database is opened.

A new step is a file in ``versions/`` (``alembic``'s own form) and its name at the end of ``REVISIONS``. A step that has
shipped is never edited.
"""

from __future__ import annotations

from typing import Final

REVISIONS: Final = ("0001", "0002", "0003")
