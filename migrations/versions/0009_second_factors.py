"""What people sign in with besides a password, and from which devices

Nothing here is worth anything to whoever reads the tables alone: secrets of one-time codes are
sealed, of recovery codes and devices only hashes are kept, and a passkey's private half never left
its owner.

Revision: 0009; after: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")
_TABLES = ("totp", "recovery_code", "passkey", "oidc_identity", "known_device")
_SESSION = ("how", "browser", "system", "place", "last_seen", "proved_at")


def _account(primary: bool = False) -> sa.Column:
    return sa.Column(
        "account_id",
        sa.BigInteger,
        sa.ForeignKey("account.id", ondelete="CASCADE"),
        nullable=False,
        primary_key=primary,
    )


def _at(name: str, null: bool = False, **kw: object) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null, **kw)


def upgrade() -> None:
    _sessions()
    _codes()
    _keys()
    for table in _TABLES:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO auction_app")


def _sessions() -> None:
    # Constants as defaults: the table is not rewritten, and the release before goes on inserting.
    op.add_column(
        "web_session", sa.Column("how", sa.Text, nullable=False, server_default="password")
    )
    for name in ("browser", "system", "place"):
        op.add_column("web_session", sa.Column(name, sa.Text, nullable=False, server_default=""))
    op.add_column("web_session", _at("last_seen", server_default=_NOW))
    op.add_column("web_session", _at("proved_at", server_default=_NOW))
    op.create_table(
        "known_device",
        _account(primary=True),
        sa.Column("device_hash", sa.LargeBinary, primary_key=True),
        _at("first_seen", server_default=_NOW),
        _at("last_seen", server_default=_NOW),
    )


def _codes() -> None:
    op.create_table(
        "totp",
        _account(primary=True),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        # The step of the last code that counted: no code counts twice.
        sa.Column("last_step", sa.BigInteger, nullable=False, server_default="0"),
        _at("begun_at", server_default=_NOW),
        _at("confirmed_at", null=True),
    )
    op.create_table(
        "recovery_code",
        _account(primary=True),
        sa.Column("code_hash", sa.LargeBinary, primary_key=True),
        _at("made_at", server_default=_NOW),
        _at("used_at", null=True),
    )


def _keys() -> None:
    op.create_table(
        "passkey",
        sa.Column("credential_id", sa.LargeBinary, primary_key=True),
        _account(),
        # What the authenticator knows the account by; the same for all keys of an account.
        sa.Column("handle", sa.LargeBinary, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("sign_count", sa.BigInteger, nullable=False),
        sa.Column("transports", sa.Text, nullable=False, server_default=""),
        sa.Column("name", sa.Text, nullable=False),
        _at("made_at", server_default=_NOW),
        _at("used_at", null=True),
    )
    op.create_index("passkey_of_account", "passkey", ["account_id"])
    op.create_table(
        "oidc_identity",
        sa.Column("issuer", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        _account(),
        _at("linked_at", server_default=_NOW),
        _at("used_at", null=True),
    )
    # One identity of a provider for each account, as one account for each identity.
    op.create_index("oidc_identity_once", "oidc_identity", ["account_id", "issuer"], unique=True)


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
    for name in reversed(_SESSION):
        op.drop_column("web_session", name)
