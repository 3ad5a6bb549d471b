"""Oversight: warrants, findings; complaints of groups, what they hold, their second instance

What a procurator records and reads is append-only. The name of a complaint's document is sealed:
names that stood there in plain text are gone, the documents and their checksums stay.

Revision: 0021; after: 0020
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")
# Table: the columns that may change, when the keys do (`keys reseal`).
_TABLES: dict[str, tuple[str, ...]] = {
    "warrant": ("sealed",),
    "warrant_lot": (),
    "warrant_end": ("sealed",),
    "warrant_reading": (),
    "finding": ("sealed",),
    "finding_act": ("sealed",),
    "complaint_group": (),
    "complaint_member": (),
    "complaint_leaving": (),
}
_RESEALED = """
CREATE OR REPLACE FUNCTION only_resealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - {which} IS DISTINCT FROM to_jsonb(OLD) - {which} THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$
"""
_FIRST = "'FILED', 'ACCEPTED', 'REJECTED_FORMALLY', 'DECIDED_UPHELD', 'DECIDED_DENIED', 'WITHDRAWN'"
_SECOND = "'APPEALED', 'SECOND_UPHELD', 'SECOND_DENIED'"
_STANDSTILLS = (
    "kind IN ('lot.paused', 'lot.resumed', 'lot.postponed', 'incident.reported',"
    " 'incident.decided', 'lot.stopped', 'hold.placed', 'hold.released')"
)


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _to(name: str, target: str, null: bool = False, **kw: object) -> sa.Column:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(target), nullable=null, **kw)


def _text(name: str, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text, nullable=null)


def _sealed(null: bool = False) -> sa.Column:
    return sa.Column("sealed", sa.LargeBinary, nullable=null)


def _day(name: str, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.Date, nullable=null)


def _at() -> sa.Column:
    return sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=_NOW)


def _key() -> sa.Column:
    # What the form carried: the same one sent twice is one.
    return sa.Column("key", sa.Uuid, nullable=False)


def _part_of(name: str, target: str) -> sa.Column:
    return sa.Column(
        name, sa.BigInteger, sa.ForeignKey(target), primary_key=True, autoincrement=False
    )


def upgrade() -> None:
    _warrants()
    _findings()
    _groups()
    op.execute(_RESEALED.format(which="TG_ARGV"))
    for table, sealed in _TABLES.items():
        _append_only(table, sealed)
    for name in ("warrant", "finding"):
        op.execute(f"GRANT USAGE ON SEQUENCE {name}_id_seq TO auction_app")
    _complaints()
    # Pauses, incidents, stops and holds are looked at across lots; few rows of a journal are.
    op.create_index(
        "journal_standstills", "journal", ["lot_id", "seq"], postgresql_where=sa.text(_STANDSTILLS)
    )


def _warrants() -> None:
    op.create_table(
        "warrant",
        _id(),
        _key(),
        _to("account_id", "account.id"),
        _text("number"),
        _text("authority"),
        _day("issued_on"),
        _day("valid_from"),
        _day("valid_until"),
        _sealed(),
        _at(),
        sa.UniqueConstraint("account_id", "key", name="warrant_once"),
        sa.CheckConstraint(
            "issued_on <= valid_from AND valid_from <= valid_until", name="warrant_days"
        ),
    )
    op.create_table(
        "warrant_lot", _part_of("warrant_id", "warrant.id"), _part_of("lot_id", "lot.id")
    )
    op.create_table(
        "warrant_end",
        _part_of("warrant_id", "warrant.id"),
        _to("account_id", "account.id"),
        _sealed(),
        _at(),
    )
    op.create_table(
        "warrant_reading",
        _id(),
        _to("warrant_id", "warrant.id"),
        _to("lot_id", "lot.id"),
        _to("subject_id", "account.id"),
        _to("reader_id", "account.id"),
        _at(),
    )
    op.create_index("warrant_reading_of", "warrant_reading", ["subject_id", "id"])
    op.create_index("warrant_reading_by", "warrant_reading", ["warrant_id", "id"])


def _findings() -> None:
    op.create_table(
        "finding",
        _id(),
        _key(),
        _to("account_id", "account.id"),
        _to("body_id", "body.id"),
        _to("session_id", "auction_session.id", null=True),
        _to("lot_id", "lot.id", null=True),
        sa.Column("seq", sa.Integer),
        _text("kind"),
        _text("articles"),
        _sealed(),
        _at(),
        sa.UniqueConstraint("account_id", "key", name="finding_once"),
        sa.CheckConstraint("kind IN ('PROTEST', 'PETITION', 'REQUEST')", name="finding_kind"),
        sa.CheckConstraint("seq IS NULL OR lot_id IS NOT NULL", name="finding_entry_of_a_lot"),
    )
    op.create_index("finding_of_body", "finding", ["body_id", "id"])
    op.create_table(
        "finding_act",
        _part_of("finding_id", "finding.id"),
        sa.Column("n", sa.SmallInteger, primary_key=True, autoincrement=False),
        _at(),
        _to("account_id", "account.id", null=True),  # null: the program, when the day has passed
        _text("kind"),
        _sealed(null=True),
        _day("answer_by", null=True),
        sa.CheckConstraint(
            "kind IN ('SENT', 'OVERDUE', 'ANSWERED', 'RETURNED', 'SETTLED', 'WITHDRAWN')",
            name="finding_act_kind",
        ),
        sa.CheckConstraint("(kind = 'SENT') = (n = 1)", name="finding_act_begins"),
        sa.CheckConstraint(
            "(kind IN ('SENT', 'RETURNED')) = (answer_by IS NOT NULL)", name="finding_act_day"
        ),
        sa.CheckConstraint(
            "(kind = 'OVERDUE') = (account_id IS NULL)", name="finding_act_of_somebody"
        ),
    )


def _groups() -> None:
    op.create_table(
        "complaint_group",
        _part_of("complaint_id", "complaint.id"),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        _at(),
        sa.UniqueConstraint("token_hash", name="complaint_group_link"),
    )
    op.create_table(
        "complaint_member",
        _id(),
        _to("complaint_id", "complaint_group.complaint_id"),
        _to("account_id", "account.id"),
        sa.Column("representative", sa.Boolean, nullable=False),
        _at(),
        sa.UniqueConstraint("complaint_id", "account_id", name="complaint_member_once"),
    )
    op.create_index("complaint_member_of", "complaint_member", ["account_id"])
    op.create_table("complaint_leaving", _part_of("member_id", "complaint_member.id"), _at())


def _append_only(table: str, sealed: tuple[str, ...]) -> None:
    refused = "DELETE OR TRUNCATE" if sealed else "UPDATE OR DELETE OR TRUNCATE"
    _trigger(table, f"{table}_append_only", refused, "STATEMENT", "journal_is_append_only()")
    op.execute(f"GRANT SELECT, INSERT ON {table} TO auction_app")
    if sealed:
        _may_reseal(table, sealed)


def _may_reseal(table: str, sealed: tuple[str, ...]) -> None:
    names = ", ".join(f"'{name}'" for name in sealed)
    _trigger(table, f"{table}_resealed", "UPDATE", "ROW", f"only_resealed({names})")
    op.execute(f"GRANT UPDATE ({', '.join(sealed)}) ON {table} TO auction_app")


def _trigger(table: str, name: str, on: str, each: str, does: str) -> None:
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {on} ON {table} FOR EACH {each} EXECUTE FUNCTION {does}"
    )
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def _complaints() -> None:
    # What is held while it is open, and from which state on: {"PAYOUT": "ACCEPTED", ...}.
    op.add_column(
        "complaint",
        sa.Column("holds", postgresql.JSONB, nullable=False, server_default=sa.text("'{}'::jsonb")),
    )
    op.add_column("complaint_act", _text("articles", null=True))
    op.add_column("complaint_act", _text("authority", null=True))
    _states(f"{_FIRST}, {_SECOND}", "kind LIKE 'DECIDED%' OR kind LIKE 'SECOND%'")
    op.drop_column("complaint_document", "filename")
    op.add_column("complaint_document", sa.Column("name", sa.LargeBinary))
    op.execute("DROP TRIGGER complaint_document_resealed ON complaint_document")
    _may_reseal("complaint_document", ("sealed", "name"))


def _states(kinds: str, published: str) -> None:
    op.drop_constraint("complaint_act_kind", "complaint_act")
    op.create_check_constraint("complaint_act_kind", "complaint_act", f"kind IN ({kinds})")
    op.drop_constraint("complaint_act_published", "complaint_act")
    op.create_check_constraint(
        "complaint_act_published", "complaint_act", f"({published}) = (published IS NOT NULL)"
    )


def downgrade() -> None:
    op.drop_index("journal_standstills", "journal")
    op.execute("DROP TRIGGER complaint_document_resealed ON complaint_document")
    op.drop_column("complaint_document", "name")
    op.add_column(
        "complaint_document",
        sa.Column("filename", sa.Text, nullable=False, server_default="document"),
    )
    op.alter_column("complaint_document", "filename", server_default=None)
    op.execute(_RESEALED.format(which="TG_ARGV[0]"))
    _may_reseal("complaint_document", ("sealed",))
    _states(_FIRST, "kind LIKE 'DECIDED%'")
    op.drop_column("complaint_act", "authority")
    op.drop_column("complaint_act", "articles")
    op.drop_column("complaint", "holds")
    for table in reversed(_TABLES):
        op.drop_table(table)
