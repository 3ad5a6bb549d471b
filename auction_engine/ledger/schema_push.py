"""The tables of push notifications: the key of the installation, and browsers that asked."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, SmallInteger, func
from sqlalchemy.orm import Mapped, mapped_column

from auction_engine.ledger.marking import sealed
from auction_engine.ledger.schema import Base


class PushKey(Base):
    """The key that says to push services whose messages these are (VAPID). One row."""

    __tablename__ = "push_key"
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    private: Mapped[bytes] = mapped_column(info=sealed("push_key.private"))


class PushSubscription(Base):
    """A signed-in browser that is to be told. `target` is its address and keys, sealed JSON."""

    __tablename__ = "push_subscription"
    mark: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    session: Mapped[bytes] = mapped_column(ForeignKey("web_session.token_hash", ondelete="CASCADE"))
    target: Mapped[bytes] = mapped_column(info=sealed("push.target:{mark}"))
    lang: Mapped[str]
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    since: Mapped[datetime] = mapped_column(server_default=func.now())
    told_at: Mapped[datetime | None]


Index("push_subscription_account", PushSubscription.account_id)
Index("push_subscription_session", PushSubscription.session)
