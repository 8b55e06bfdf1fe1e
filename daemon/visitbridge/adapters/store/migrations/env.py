"""What Alembic runs: all missing steps in one transaction on the connection it is given."""

from __future__ import annotations

from alembic import context

from visitbridge.adapters.store.tables import metadata
from visitbridge.errors import Retry, StoreError

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
    # Not StoreDamaged: the file is whole as it was, and no backup would fare better with these steps.
    if context.get_bind().exec_driver_sql("PRAGMA foreign_key_check").all():
        raise StoreError("the steps leave rows without what they belong to", retry=Retry.NEVER)
