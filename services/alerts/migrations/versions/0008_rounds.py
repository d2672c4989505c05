"""When a site was visited last and is to be visited next, without reading all its visits."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# `json`, not `jsonb`: a body may hold U+0000 in another field.
_CHANGES = """
ALTER TABLE alerts.visit ADD COLUMN visited_at timestamptz;
UPDATE alerts.visit
SET visited_at = (convert_from(body, 'UTF8')::json ->> 'visited_at')::timestamptz
WHERE state IN ('done', 'recovered');
CREATE INDEX visit_site_due ON alerts.visit (site, due_at);
CREATE INDEX visit_site_visited ON alerts.visit (site, visited_at) WHERE visited_at IS NOT NULL;
"""


def upgrade() -> None:
    """Adds the column and fills it."""
    op.execute(_CHANGES)


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back")
