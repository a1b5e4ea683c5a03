"""A version's files may have a path of their own, so roles are longer."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Widen the roles of files."""
    with op.batch_alter_table("version_file") as table:
        table.alter_column(
            "role", existing_type=sa.String(32), type_=sa.String(128), existing_nullable=False
        )
