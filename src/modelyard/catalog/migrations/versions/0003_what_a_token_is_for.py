"""A token has a user, grants, ranges of addresses, and a successor when it is rotated."""

import json
import re

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SERVICE = re.compile(r"([A-Za-z_][A-Za-z0-9_$]{0,254}\.){0,2}[A-Za-z_][A-Za-z0-9_$]{0,254}")


def upgrade() -> None:
    """Add the columns; what was a caller's service is its grant."""
    with op.batch_alter_table("token") as table:
        table.add_column(sa.Column("user_name", sa.Text))
        table.add_column(sa.Column("grants", sa.Text))
        table.add_column(sa.Column("networks", sa.Text))
        table.add_column(sa.Column("replaced_by", sa.String(8)))
    tx = op.get_bind()
    for token_id, service in tx.execute(sa.text("SELECT id, service FROM token")).all():
        # A name that is none was never callable; a caller without a grant may call nothing.
        is_name = service is not None and _SERVICE.fullmatch(service)
        grants = json.dumps([f"service {service}"] if is_name else [])
        change = "UPDATE token SET user_name = name, grants = :grants, networks = '[]'"
        tx.execute(sa.text(f"{change} WHERE id = :id"), {"grants": grants, "id": token_id})
    with op.batch_alter_table("token") as table:
        table.alter_column("user_name", existing_type=sa.Text, nullable=False)
        table.alter_column("grants", existing_type=sa.Text, nullable=False)
        table.alter_column("networks", existing_type=sa.Text, nullable=False)
        table.drop_column("service")
    op.create_index("ix_token_replaced_by", "token", ["replaced_by"])
