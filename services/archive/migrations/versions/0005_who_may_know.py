"""Who may know of an event: what is kept from whom, and what is as restricted as something else.

Both are read out of the records, as the rows of `event` are.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# `about` is an event's id or an alert's. Several rows of one id all hold.
_WITHHELD = """
CREATE TABLE archive.withheld (
    about uuid NOT NULL,
    roles text[] NOT NULL,
    hidden_from text[] NOT NULL,
    PRIMARY KEY (about, roles, hidden_from)
);
"""

_BELONGING = """
CREATE TABLE archive.belonging (
    event uuid NOT NULL,
    "to" uuid NOT NULL,
    PRIMARY KEY (event, "to")
);
"""


def upgrade() -> None:
    op.execute(_WITHHELD)
    op.execute(_BELONGING)


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back")
