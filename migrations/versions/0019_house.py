"""Duties within a house, auctioneers' cards, relations, keys to sealed lists, questions

Staff there is already has every duty of its role, as before. Who gave or took what, who opened a
list and what became of a question is append-only.

Revision: 0019; after: 0018
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")
_DUTIES = "('HEAD', 'AUCTIONEER', 'RECORDER', 'REGISTRAR', 'ACCOUNTANT', 'OFFICER')"
_KEPT = ("house_act", "registrant_key", "lot_question_act")
_CHANGED = ("house_invitation", "auctioneer_card", "staff_relation", "lot_question")
_ALL = (
    "body_duty", "house_act", "house_invitation", "auctioneer_card", "staff_relation",
    "registrant_key", "lot_question", "lot_question_act",
)  # fmt: skip
_EXISTING = """
INSERT INTO body_duty (account_id, duty)
SELECT a.id, d.duty FROM account a
  JOIN (VALUES ('organisation', 'HEAD'), ('organisation', 'AUCTIONEER'),
               ('organisation', 'RECORDER'), ('organisation', 'REGISTRAR'),
               ('organisation', 'ACCOUNTANT'), ('officer', 'HEAD'), ('officer', 'OFFICER'),
               ('officer', 'ACCOUNTANT')) AS d (role, duty) ON d.role = a.role
"""


def upgrade() -> None:
    _duties()
    _relations()
    _keys()
    _questions()
    op.execute(_EXISTING)
    op.execute("GRANT SELECT, INSERT, DELETE ON body_duty TO auction_app")
    for table in _CHANGED:
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO auction_app")
    for table in _KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO auction_app")


def downgrade() -> None:
    for table in reversed(_ALL):
        op.drop_table(table)


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _to(name: str, target: str, null: bool = False, **kw: object) -> sa.Column:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(target), nullable=null, **kw)


def _at(name: str = "at", now: bool = True) -> sa.Column:
    more = {"server_default": _NOW} if now else {}
    return sa.Column(name, sa.DateTime(timezone=True), nullable=not now, **more)


def _text(name: str, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text, nullable=null)


def _duties() -> None:
    op.create_table(
        "body_duty",
        _to("account_id", "account.id", primary_key=True),
        sa.Column("duty", sa.Text, primary_key=True),
        _at(),
        sa.CheckConstraint(f"duty IN {_DUTIES}", name="body_duty_known"),
    )
    op.create_table(
        "house_act",
        _id(),
        _to("body_id", "body.id"),
        _to("account_id", "account.id"),
        _to("subject_id", "account.id", null=True),
        _text("kind"),
        _text("reason", null=True),
        sa.Column("body", postgresql.JSONB, nullable=False),
        _at(),
    )
    op.create_index("house_act_of_body", "house_act", ["body_id", "id"])
    op.create_table(
        "house_invitation",
        sa.Column("id", sa.Uuid, primary_key=True),
        _to("body_id", "body.id"),
        sa.Column("token_hash", sa.LargeBinary, nullable=False, unique=True),
        # Name and address of who is invited, sealed; gone once taken or called off.
        sa.Column("data", sa.LargeBinary, nullable=True),
        sa.Column("duties", postgresql.ARRAY(sa.Text), nullable=False),
        _to("invited_by", "account.id"),
        _at(),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        _text("state"),
        _to("account_id", "account.id", null=True),
        sa.CheckConstraint(
            "state IN ('OPEN', 'TAKEN', 'CALLED_OFF')", name="house_invitation_state"
        ),
    )
    op.create_index("house_invitation_of_body", "house_invitation", ["body_id"])
    op.create_table(
        "auctioneer_card",
        _id(),
        _to("account_id", "account.id"),
        _text("number"),
        sa.Column("valid_until", sa.Date, nullable=False),
        _to("recorded_by", "account.id"),
        _at(),
        _at("ended_at", now=False),
        _to("ended_by", "account.id", null=True),
    )
    op.create_index(
        "auctioneer_card_one_in_force", "auctioneer_card", ["account_id"], unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )  # fmt: skip


def _relations() -> None:
    op.create_table(
        "staff_relation",
        # Drawn by the form: the same one sent twice is one.
        sa.Column("id", sa.Uuid, primary_key=True),
        _to("account_id", "account.id"),
        _text("kind"),
        # Who it is, and what was noted; of a party to a lot only the note.
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        # Keyed hash of the identity number, as dossiers have them.
        sa.Column("mark", sa.LargeBinary, nullable=True),
        _to("lot_id", "lot.id", null=True),
        _at(),
        _at("ended_at", now=False),
        sa.CheckConstraint(
            "kind IN ('SELF', 'SPOUSE', 'PARENT', 'CHILD', 'SIBLING', 'OTHER', 'PARTY')",
            name="staff_relation_kind",
        ),
        sa.CheckConstraint(
            "(kind = 'PARTY') = (lot_id IS NOT NULL) AND (kind = 'PARTY') = (mark IS NULL)",
            name="staff_relation_names_somebody",
        ),
    )
    op.create_index("staff_relation_of_account", "staff_relation", ["account_id"])
    op.create_index("staff_relation_by_mark", "staff_relation", ["mark"])


def _keys() -> None:
    op.create_table(
        "registrant_key",
        _id(),
        _to("lot_id", "lot.id"),
        _to("account_id", "account.id"),
        _text("reason"),
        _at(),
        # The first key that this second one opens with; each first key is used once.
        _to("with_key", "registrant_key.id", null=True, unique=True),
    )
    op.create_index("registrant_key_of_lot", "registrant_key", ["lot_id", "id"])


def _questions() -> None:
    op.create_table(
        "lot_question",
        _id(),
        sa.Column("key", sa.Uuid, nullable=False),
        _to("lot_id", "lot.id"),
        _to("asked_by", "account.id"),
        _text("lang"),
        # As it was asked: it may name people.
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        _text("state"),
        # As it is published, by language.
        sa.Column("question", postgresql.JSONB, nullable=True),
        sa.Column("answer", postgresql.JSONB, nullable=True),
        _text("reason", null=True),
        sa.Column("version", sa.Integer, nullable=False),
        _to("decided_by", "account.id", null=True),
        _at("decided_at", now=False),
        _at(),
        sa.UniqueConstraint("asked_by", "key", name="lot_question_once"),
        sa.CheckConstraint("state IN ('OPEN', 'ANSWERED', 'DECLINED')", name="lot_question_state"),
        sa.CheckConstraint(
            "(state = 'ANSWERED') = (answer IS NOT NULL AND question IS NOT NULL)",
            name="lot_question_answered",
        ),
    )
    op.create_index("lot_question_of_lot", "lot_question", ["lot_id", "id"])
    op.create_table(
        "lot_question_act",
        _to("question_id", "lot_question.id", primary_key=True),
        sa.Column("n", sa.SmallInteger, primary_key=True, autoincrement=False),
        _at(),
        _to("account_id", "account.id"),
        _text("kind"),
        sa.Column("body", postgresql.JSONB, nullable=False),
    )
