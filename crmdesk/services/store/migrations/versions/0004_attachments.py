"""Files of complaints and customers, and the keys of those that lie here."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"

adds_only = True
"""Nothing that is there is touched, so no copy is needed first."""


def upgrade() -> None:
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    for statement in script.strip().split("\n\n"):
        op.get_bind().exec_driver_sql(statement)
