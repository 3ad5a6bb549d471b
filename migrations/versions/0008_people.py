"""People: their addresses and sealed personal data, letters, traces of reading

Whoever can read the tables alone learns nobody's name, address or number: what is personal is
sealed with keys that are in a file and never here (`identity/vault.py`). What was agreed to and who
read another's data is append-only.

Revision: 0008; after: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")
_STATES = "state IN ('UNCONFIRMED', 'ACTIVE', 'CLOSED', 'ERASED')"
_APPEND_ONLY = ("consent", "reading_trace")
_CHANGING = ("person", "registration", "one_use_token", "letter")


def _sealed(name: str, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.LargeBinary, nullable=null)


def _account(name: str, null: bool = False, **kw: object) -> sa.Column:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey("account.id"), nullable=null, **kw)


def _text(name: str, null: bool = False, **kw: object) -> sa.Column:
    return sa.Column(name, sa.Text, nullable=null, **kw)


def _at(name: str, null: bool = False, **kw: object) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null, **kw)


def upgrade() -> None:
    op.add_column("account", _text("state", server_default="ACTIVE"))
    op.add_column("account", _at("state_at", server_default=_NOW))
    op.create_check_constraint("account_state", "account", _STATES)
    _people()
    _tokens()
    _letters()
    _records()
    for table in _APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO auction_app")
    for table in _CHANGING:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO auction_app")
    op.execute("GRANT SELECT, INSERT ON vault_check TO auction_app")
    op.execute("GRANT UPDATE (login, state, state_at) ON account TO auction_app")


def _people() -> None:
    op.create_table(
        "person",
        sa.Column("account_id", sa.BigInteger, sa.ForeignKey("account.id"), primary_key=True),
        _text("kind"),
        # Keyed hashes: one account for each identity and each address, found without opening any.
        sa.Column("identity_mark", sa.LargeBinary, unique=True),
        sa.Column("email_mark", sa.LargeBinary, unique=True),
        _sealed("email", null=True),
        _sealed("data", null=True),
        _text("lang", server_default="vi"),
        _at("email_confirmed_at", null=True),
        _at("identity_proved_at", null=True),
        sa.Column("keep_until", sa.Date),
        _at("changed_at", server_default=_NOW),
        sa.CheckConstraint("kind IN ('PERSON', 'COMPANY')", name="person_kind"),
        sa.CheckConstraint("lang IN ('vi', 'en')", name="person_lang"),
        sa.CheckConstraint("(email IS NULL) = (email_mark IS NULL)", name="person_email_whole"),
    )
    # The one row says which keys everything here was sealed with.
    op.create_table(
        "vault_check",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("id = 1", name="vault_check_one"),
    )


def _tokens() -> None:
    op.create_table(
        "registration",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("token_hash", sa.LargeBinary, nullable=False, unique=True),
        _sealed("data"),
        _at("created_at", server_default=_NOW),
        _at("expires_at"),
    )
    op.create_index("registration_expiry", "registration", ["expires_at"])
    op.create_table(
        "one_use_token",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        _account("account_id"),
        _text("purpose"),
        _sealed("data", null=True),
        _at("created_at", server_default=_NOW),
        _at("expires_at"),
        sa.CheckConstraint("purpose IN ('RECOVER', 'EMAIL')", name="one_use_token_purpose"),
    )
    op.create_index("one_use_token_of_account", "one_use_token", ["account_id", "purpose"])


def _letters() -> None:
    op.create_table(
        "letter",
        sa.Column("id", sa.Uuid, primary_key=True),
        _account("account_id", null=True),
        # Instead of the account's address: of somebody who has no account yet, or had this one.
        _sealed("address", null=True),
        _text("kind"),
        sa.Column("key", sa.Text, unique=True),
        _text("lang", null=True),
        sa.Column("values", postgresql.JSONB, nullable=False),
        _sealed("secrets", null=True),
        _at("created_at", server_default=_NOW),
        _text("state", server_default="QUEUED"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        _at("next_at", server_default=_NOW),
        _at("sent_at", null=True),
        _text("error", null=True),
        sa.CheckConstraint(
            "state IN ('QUEUED', 'SENT', 'KEPT', 'DEAD', 'NO_ADDRESS')", name="letter_state"
        ),
        sa.CheckConstraint(
            "account_id IS NOT NULL OR address IS NOT NULL OR state <> 'QUEUED'",
            name="letter_addressed",
        ),
        sa.CheckConstraint("(state = 'SENT') = (sent_at IS NOT NULL)", name="letter_sent_at"),
    )
    op.create_index(
        "letter_due", "letter", ["next_at"], postgresql_where=sa.text("state = 'QUEUED'")
    )
    op.create_index("letter_of_account", "letter", ["account_id", "created_at"])
    op.create_index("letter_age", "letter", ["created_at"])


def _records() -> None:
    op.create_table(
        "consent",
        sa.Column("account_id", sa.BigInteger, sa.ForeignKey("account.id"), primary_key=True),
        sa.Column("document", sa.Text, primary_key=True),
        sa.Column("version", sa.Text, primary_key=True),
        _at("at", server_default=_NOW),
    )
    op.create_table(
        "reading_trace",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        _at("at", server_default=_NOW),
        _account("reader_id", null=True),  # null: the program by itself
        _account("subject_id"),
        _text("what"),
        _text("why"),
    )
    op.create_index("reading_trace_of_subject", "reading_trace", ["subject_id", "id"])
    op.create_index("reading_trace_of_reader", "reading_trace", ["reader_id", "id"])


def downgrade() -> None:
    for table in (
        "reading_trace", "consent", "letter", "one_use_token", "registration", "vault_check",
        "person",
    ):  # fmt: skip
        op.drop_table(table)
    op.execute("REVOKE UPDATE (login, state, state_at) ON account FROM auction_app")
    op.drop_column("account", "state_at")
    op.drop_column("account", "state")
