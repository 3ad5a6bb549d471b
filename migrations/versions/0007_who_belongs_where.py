"""Which organisation or agency people, sessions and books belong to

Until now a house was known by its texts alone. Its staff sees and moves what is its own, so it
needs a row of its own. What is there already is filled from the texts; of several houses nobody can
say whose an old account is, so that account belongs to none and sees nothing of any.

Revision: 0007; after: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ROLES = "'bidder', 'organisation', 'officer'"


def upgrade() -> None:
    _bodies()
    _accounts()
    _sales()
    _books()
    op.execute("GRANT SELECT, INSERT ON body TO auction_app")
    op.execute("GRANT UPDATE (body_id) ON account TO auction_app")


def _bodies() -> None:
    op.create_table(
        "body",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", postgresql.JSONB, nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("now()"),
        ),
        sa.CheckConstraint("kind IN ('ORGANISATION', 'AGENCY')", name="body_kind"),
        sa.CheckConstraint("(name ->> 'vi') IS NOT NULL", name="body_has_a_name"),
    )
    op.create_index("body_one", "body", ["kind", sa.text("(name ->> 'vi')")], unique=True)
    # For those who know a house by its name: sessions described by texts, and books.
    op.execute("""
        CREATE FUNCTION body_of(wanted text, called jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE found bigint;
        BEGIN
            LOOP
                SELECT id INTO found FROM body
                 WHERE kind = wanted AND name ->> 'vi' = called ->> 'vi';
                EXIT WHEN found IS NOT NULL;
                -- Waits for another who makes the same; then it is found.
                INSERT INTO body (kind, name) VALUES (wanted, called)
                    ON CONFLICT DO NOTHING RETURNING id INTO found;
                EXIT WHEN found IS NOT NULL;
            END LOOP;
            RETURN found;
        END $$
    """)


def _to_body(table: str, column: str) -> None:
    op.add_column(table, sa.Column(column, sa.BigInteger))
    op.create_foreign_key(f"{table}_{column}_fkey", table, "body", [column], ["id"])


def _accounts() -> None:
    _to_body("account", "body_id")
    op.drop_constraint("account_role", "account")
    op.create_check_constraint("account_role", "account", f"role IN ({_ROLES}, 'procurator')")
    op.create_check_constraint(
        "account_of_a_body", "account", "body_id IS NULL OR role IN ('organisation', 'officer')"
    )


def _sales() -> None:
    for column, kind in (("organisation", "ORGANISATION"), ("agency", "AGENCY")):
        _to_body("auction_session", f"{column}_id")
        op.execute(
            f"UPDATE auction_session SET {column}_id = body_of('{kind}',"  # noqa: S608
            f" {column} || jsonb_build_object('vi', coalesce({column} ->> 'vi', '')))"
        )
        op.alter_column("auction_session", f"{column}_id", nullable=False)
        op.create_index(f"auction_session_{column}", "auction_session", [f"{column}_id", "id"])
    # Null is the session's agency. It stays so for lots that are there already, whatever their
    # texts say: their money is in the book of the session's agency.
    _to_body("lot", "agency_id")
    op.create_index(
        "lot_agency", "lot", ["agency_id"], postgresql_where=sa.text("agency_id IS NOT NULL")
    )


def _books() -> None:
    _to_body("book", "body_id")
    # The table takes no changes; a column it never had is none, and nobody else can get at it now.
    op.execute("ALTER TABLE book DISABLE TRIGGER book_append_only")
    op.execute("UPDATE book SET body_id = body_of(kind, name)")
    op.execute("ALTER TABLE book ENABLE ALWAYS TRIGGER book_append_only")
    op.alter_column("book", "body_id", nullable=False)
    op.create_index("book_of_body", "book", ["body_id"])
    for role, kind in (("organisation", "ORGANISATION"), ("officer", "AGENCY")):
        # Only where there is no choice.
        op.execute(
            f"UPDATE account SET body_id = (SELECT min(id) FROM body"  # noqa: S608
            f" WHERE kind = '{kind}')"
            f" WHERE role = '{role}' AND (SELECT count(*) FROM body WHERE kind = '{kind}') = 1"
        )


def downgrade() -> None:
    op.drop_column("book", "body_id")
    op.drop_column("lot", "agency_id")
    op.drop_column("auction_session", "organisation_id")
    op.drop_column("auction_session", "agency_id")
    op.drop_constraint("account_of_a_body", "account")
    op.drop_constraint("account_role", "account")
    # The account stays for what it did; nobody signs in to it any more.
    op.execute("UPDATE account SET role = 'bidder', password_hash = NULL WHERE role = 'procurator'")
    op.create_check_constraint("account_role", "account", f"role IN ({_ROLES})")
    op.drop_column("account", "body_id")
    op.execute("DROP FUNCTION body_of(text, jsonb)")
    op.drop_table("body")
