"""Restricted complaints have no line in the time line, which is everybody's; an index finds them instead.

Another finds what was handed over and is not taken yet.
"""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"

adds_only = True
"""No table changes, and what is deleted is made of the complaints, so no copy is needed first."""


def upgrade() -> None:
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    for statement in script.strip().split("\n\n"):
        op.get_bind().exec_driver_sql(statement)
