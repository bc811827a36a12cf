"""The schema of the first release: tables, their indexes, and the search indexes over them."""

from alembic import op

from crmdesk.services.store.migrations.declared import declared_statements

revision = "0001"
down_revision = None


def upgrade() -> None:
    for statement in declared_statements():
        op.get_bind().exec_driver_sql(statement)
