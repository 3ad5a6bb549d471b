"""Judgments and requests that come in

Who is trusted is written by whoever runs the installation, never by the program that answers the
network: it may only read `intake_sender` and `intake_key`. The register (`intake_item`), what was
received to the byte (`intake_envelope`) and what became of it (`intake_decision`) are append-only.

Revision: 0017; after: 0016
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")
# Tables of record, and the one column of each that may change: when the keys do (`keys reseal`).
_SEALED = {"intake_item": "sealed", "intake_envelope": "sealed", "intake_decision": "reason"}


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _to(name: str, target: str, null: bool = False, **kw: object) -> sa.Column:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(target), nullable=null, **kw)


def _text(name: str, null: bool = False, **kw: object) -> sa.Column:
    return sa.Column(name, sa.Text, nullable=null, **kw)


def _bytes(name: str, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.LargeBinary, nullable=null)


def _at(name: str, default: bool = True) -> sa.Column:
    return sa.Column(
        name, sa.DateTime(timezone=True), nullable=False, server_default=_NOW if default else None
    )


def upgrade() -> None:
    _trusted()
    _register()
    for table, sealed in _SEALED.items():
        _trigger(
            table, f"{table}_append_only", "DELETE OR TRUNCATE", "STATEMENT",
            "journal_is_append_only()",
        )  # fmt: skip
        _trigger(table, f"{table}_resealed", "UPDATE", "ROW", f"only_resealed('{sealed}')")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO auction_app")
        op.execute(f"GRANT UPDATE ({sealed}) ON {table} TO auction_app")
    # An item's number is asked for before the row is made: what is sealed is bound to it.
    op.execute("GRANT USAGE ON SEQUENCE intake_item_id_seq TO auction_app")
    for table in ("intake_sender", "intake_key"):
        op.execute(f"GRANT SELECT ON {table} TO auction_app")
    op.execute("GRANT SELECT, INSERT ON receipt_key TO auction_app")
    op.execute("GRANT UPDATE (private) ON receipt_key TO auction_app")


def _trigger(table: str, name: str, on: str, each: str, does: str) -> None:
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {on} ON {table} FOR EACH {each} EXECUTE FUNCTION {does}"
    )
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def _trusted() -> None:
    op.create_table(
        "intake_sender",
        _id(),
        _text("code", unique=True),
        _text("name"),
        # What it may send: JUDGMENT, REQUEST.
        sa.Column("may", postgresql.ARRAY(sa.Text), nullable=False),
        _at("added_at"),
        sa.CheckConstraint(
            "cardinality(may) > 0 AND may <@ ARRAY['JUDGMENT', 'REQUEST']",
            name="intake_sender_may",
        ),
    )
    op.create_table(
        "intake_key",
        _id(),
        _to("sender_id", "intake_sender.id"),
        # Never used again, not even by the same sender: what was signed names its key by it.
        _text("kid", unique=True),
        _text("alg"),
        sa.Column("jwk", postgresql.JSONB, nullable=False),
        _at("added_at"),
        sa.Column("retired_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("alg IN ('EdDSA', 'ES256')", name="intake_key_alg"),
    )
    op.create_table(
        "receipt_key",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        _bytes("private"),
        _at("made_at"),
    )


def _register() -> None:
    op.create_table(
        "intake_item",
        _id(),
        _to("agency_id", "body.id"),
        sa.Column("year", sa.SmallInteger, nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        _text("kind"),
        _to("sender_id", "intake_sender.id"),
        _to("key_id", "intake_key.id"),
        _text("jti"),
        # SHA-256 of what was said, however and whenever it was signed; and of the bytes received.
        _bytes("said_sha256"),
        _bytes("sha256"),
        _text("issuer"),
        _text("number"),
        sa.Column("issued_on", sa.Date, nullable=False),
        # By what another copy of the same document is found: issuer and number in one spelling.
        _text("same"),
        # The judgment it is or is about, in the same spelling: what belongs together.
        _text("about"),
        _at("received_at", default=False),
        sa.Column("answer_by", sa.Date),
        _text("receipt"),
        _bytes("sealed"),
        sa.UniqueConstraint("agency_id", "year", "n", name="intake_item_number"),
        sa.UniqueConstraint("sender_id", "jti", name="intake_item_once"),
        sa.CheckConstraint("kind IN ('JUDGMENT', 'REQUEST')", name="intake_item_kind"),
        sa.CheckConstraint("n > 0", name="intake_item_n"),
    )
    op.create_index("intake_item_of_agency", "intake_item", ["agency_id", "received_at"])
    op.create_index("intake_item_same", "intake_item", ["agency_id", "kind", "same"])
    op.create_index("intake_item_about", "intake_item", ["agency_id", "about"])
    op.create_table(
        "intake_envelope",
        sa.Column("item_id", sa.BigInteger, sa.ForeignKey("intake_item.id"), primary_key=True),
        _bytes("sealed"),
    )
    op.create_table(
        "intake_decision",
        # One for each: what has been accepted or refused stays so.
        sa.Column("item_id", sa.BigInteger, sa.ForeignKey("intake_item.id"), primary_key=True),
        _at("at"),
        _to("account_id", "account.id"),
        _text("kind"),
        _text("ground", null=True),
        _bytes("reason", null=True),
        _to("case_id", "enforcement_case.id", null=True),
        sa.CheckConstraint("kind IN ('ACCEPTED', 'REFUSED')", name="intake_decision_kind"),
        sa.CheckConstraint(
            "(kind = 'REFUSED') = (ground IS NOT NULL AND reason IS NOT NULL)",
            name="intake_decision_reason",
        ),
        sa.CheckConstraint(
            "(kind = 'ACCEPTED') = (case_id IS NOT NULL)", name="intake_decision_case"
        ),
    )
    op.create_index("intake_decision_of_case", "intake_decision", ["case_id"])


def downgrade() -> None:
    for table in (
        "intake_decision", "intake_envelope", "intake_item", "receipt_key", "intake_key",
        "intake_sender",
    ):  # fmt: skip
        op.drop_table(table)
