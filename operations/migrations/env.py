"""Run by Alembic: migrate on the connection, and in the transaction, that `operations.migrations.upgrade` opened."""

from alembic import context

from operations.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
