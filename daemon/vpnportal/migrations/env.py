"""What Alembic runs: all missing steps on the connection, or into the script, that it is given."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes.get("connection")
dialect = context.config.attributes.get("dialect")
context.configure(
    connection=connection, dialect_name=dialect, render_as_batch=True, transactional_ddl=dialect is None
)
with context.begin_transaction():
    context.run_migrations()
