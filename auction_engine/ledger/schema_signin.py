"""The tables of signing in: codes, passkeys, identities of a provider, known devices."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from auction_engine.ledger.marking import sealed
from auction_engine.ledger.schema import Base


class Totp(Base):
    """The secret of an account's one-time codes; of no effect until a first code has confirmed it.

    `last_step` is the time step of the last code that counted (RFC 6238 §5.2: each counts once).
    """

    __tablename__ = "totp"
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True
    )
    secret: Mapped[bytes] = mapped_column(info=sealed("totp.secret:{account_id}"))
    last_step: Mapped[int] = mapped_column(server_default="0")
    begun_at: Mapped[datetime] = mapped_column(server_default=func.now())
    confirmed_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """One of the codes that stand in for a lost second factor, each good once."""

    __tablename__ = "recovery_code"
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True
    )
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime | None]


class Passkey(Base):
    """The public half of a WebAuthn credential.

    `sign_count` is what its authenticator counted last; `handle` is what authenticators know the
    account by, the same for all its keys and told to nobody else.
    """

    __tablename__ = "passkey"
    credential_id: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    handle: Mapped[bytes]
    public_key: Mapped[bytes]
    sign_count: Mapped[int]
    transports: Mapped[str] = mapped_column(server_default="")
    name: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime | None]
    __table_args__ = (Index("passkey_of_account", "account_id"),)


class OidcIdentity(Base):
    """Whom an OpenID provider knows as `subject`, and which account that is here."""

    __tablename__ = "oidc_identity"
    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    linked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime | None]
    __table_args__ = (Index("oidc_identity_once", "account_id", "issuer", unique=True),)


class KnownDevice(Base):
    """A browser that has signed in to an account before, known by a hash of its cookie."""

    __tablename__ = "known_device"
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True
    )
    device_hash: Mapped[bytes] = mapped_column(primary_key=True)
    first_seen: Mapped[datetime] = mapped_column(server_default=func.now())
    last_seen: Mapped[datetime] = mapped_column(server_default=func.now())
