"""What comes again after it was erased is stored as erased, by an act of the service's own."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# To add an act blanks nothing that is there: for that the role would need to update `record`.
_RIGHTS = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'archive_writer') THEN
        GRANT INSERT ON archive.erasure_act, archive.erasure TO archive_writer;
    END IF;
END $$;
"""


def upgrade() -> None:
    op.execute(_RIGHTS)


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back")
