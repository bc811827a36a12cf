"""What the server has of each customer, and whose record was opened here."""

from alembic import op

revision = "0002"
down_revision = "0001"

adds_only = True
"""Nothing that is there is touched, so no copy is needed first."""

TABLES = (
    """CREATE TABLE contact_total (
\tcustomer_id BLOB NOT NULL,
\tcontact_count INTEGER NOT NULL,
\tlast_contact BIGINT NOT NULL,
\tCONSTRAINT pk_contact_total PRIMARY KEY (customer_id)
)
 WITHOUT ROWID""",
    """CREATE TABLE viewed (
\tat BIGINT NOT NULL,
\tcustomer_id BLOB NOT NULL,
\twhy TEXT NOT NULL,
\tCONSTRAINT pk_viewed PRIMARY KEY (at, customer_id)
)
 WITHOUT ROWID""",
)


def upgrade() -> None:
    for statement in TABLES:
        op.get_bind().exec_driver_sql(statement)
