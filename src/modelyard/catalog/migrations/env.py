"""Alembic's entry point: runs the revisions in the transaction ``migrations.upgrade`` was given."""

from alembic import context

from modelyard.catalog.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
