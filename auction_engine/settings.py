"""Every setting and every limit of the program, in one place.

Settings come from keyword arguments (tests), then from the environment with the prefix `AUCTION_`
(`AUCTION_PORT=9000`, `AUCTION_LIMITS__INBOX_MAX=100`), then from the defaults below.
"""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from auction_engine.errors import SettingsError

PREFIX = "AUCTION_"


class Limits(BaseModel):
    """Upper bounds of everything that could grow, each with its reason."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # Entries waiting in a shard's inbox. At 20,000 durable bids a second this is one second of
    # waiting; more would only turn "busy" into answers that come too late to matter.
    inbox_max: int = Field(20_000, gt=0)

    # Bids a gateway has sent to the log and not answered yet. Bounds its memory and makes one
    # gateway say "busy" before it alone can fill the inbox.
    gateway_inflight_max: int = Field(2_000, gt=0)

    # Of these, bids of one bidder. A person has one or two under way; without this bound one
    # bidder with many connections could fill the room and make the others hear "busy".
    bids_waiting_per_bidder: int = Field(16, gt=0)

    # Bids of one account over all its connections: far above what a person or a page's own
    # repeats need. Each refused bid is written to disk, so this also bounds the journal's growth.
    bids_per_s: float = Field(10, gt=0)
    bids_burst: int = Field(30, gt=0)

    # The share of connections that onlookers may take: bidders who come back find a place.
    onlookers_share: float = Field(0.8, gt=0, le=1)

    # The largest message of the protocol is under 300 bytes; 4 KiB leaves room for growth and
    # keeps a hostile frame from costing anything.
    frame_max_bytes: int = Field(4_096, gt=0)

    # Bytes waiting for one client. A snapshot of 200 bids is about 25 KB; a client ten times
    # that behind does not read, and is cut so that the others stay fast.
    outbox_max_bytes: int = Field(256 * 1024, gt=0)

    # Connections of one gateway: 20,000 at about 20 KB each are 400 MB.
    connections_max: int = Field(20_000, gt=0)

    # Connections of one address: an office behind one NAT address fits, a flood does not.
    connections_per_address: int = Field(200, gt=0)

    # Plain HTTP connections of one gateway. A live client is one until its handshake, and all of
    # them come back at once after a restart; half their number covers what is under way.
    plain_connections_max: int = Field(10_000, gt=0)

    # Plain connections of one address. A browser opens six and lets them go after 15 s; an office
    # of sixty people loading a page at the same moment fits. Trusted proxies are not counted.
    plain_connections_per_address: int = Field(400, gt=0)

    # A request's line and headers. Browsers send about 1 KiB, with foreign cookies up to 8.
    head_max_bytes: int = Field(16 * 1024, gt=0)

    # Time for them: a slow phone sends them in two seconds, a half-open connection never.
    head_timeout_s: float = Field(10, gt=0)

    # Pages of one address. Each costs the loop that carries bids some milliseconds; an office
    # that opens a lot together fits into the burst, a reloading script is slowed down.
    pages_per_s: float = Field(20, gt=0)
    pages_burst: int = Field(120, gt=0)

    # Requests of one token: a program that follows a session needs a few a second. Unknown tokens
    # are counted by address in the same way.
    tokens_per_s: float = Field(20, gt=0)
    tokens_burst: int = Field(100, gt=0)

    # Messages of one connection. A person bids at most a few times a second; the burst covers a
    # page that reconnects and asks for every lot at once.
    messages_per_s: float = Field(20, gt=0)
    messages_burst: int = Field(40, gt=0)

    # Lots one connection follows: more than a session's page shows at a time.
    lots_per_connection: int = Field(64, gt=0)

    # Time for the first message; an honest page needs one round trip.
    hello_timeout_s: float = Field(5, gt=0)

    # Together they find a dead connection within 40 s, below the minute after which most
    # routers and proxies forget an idle one.
    ping_interval_s: float = Field(20, gt=0)
    ping_timeout_s: float = Field(20, gt=0)

    # A ticket travels from the page to its own WebSocket at once; 30 s covers a slow phone.
    ticket_ttl_s: int = Field(30, gt=0)

    # Time between two updates of one viewer: 20 a second is more than a person can follow.
    update_interval_ms: int = Field(50, gt=0)

    # A recorder that has not renewed its shard for this long has lost it. Long enough for a slow
    # commit, short enough that bidding goes on within seconds of a crash.
    lease_s: float = Field(5, gt=0)

    # Difference between log time and wall time beyond which the clock is in doubt. NTP keeps
    # machines within tens of milliseconds; half a second is a fault.
    clock_tolerance_ms: int = Field(500, gt=0)


class Oidc(BaseModel):
    """An OpenID provider people may sign in with, such as a state's electronic identification.

    Given as AUCTION_OIDC__ISSUER=https://… and so on; `redirect_uri` at the provider is
    PUBLIC_URL/login/oidc/back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str
    client_id: str = Field(min_length=1)
    client_secret: str = Field(min_length=1, repr=False)
    # What the button says.
    name: str = Field("VNeID", min_length=1, max_length=40)
    scopes: str = "openid profile email"
    # Under which names the provider tells of a citizen.
    claim_number: str = "national_id"
    claim_name: str = "name"
    claim_email: str = "email"
    claim_birth: str = "birthdate"
    # How ID tokens may be signed: never by "none", never by a secret that the client has as well.
    algorithms: tuple[str, ...] = ("RS256", "PS256", "ES256", "EdDSA")
    # For each of the provider's answers; a person waits for them, no bid does.
    timeout_s: float = Field(5, gt=0, le=30)

    @field_validator("issuer")
    @classmethod
    def _secure(cls, value: str) -> str:
        parts = urlsplit(value)
        own = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"{value!r} is not an issuer such as https://id.example")
        if parts.scheme != "https" and not (parts.scheme == "http" and own):
            raise ValueError("an issuer's address starts with https://")
        return value

    @field_validator("scopes")
    @classmethod
    def _with_openid(cls, value: str) -> str:
        if "openid" not in value.split():
            raise ValueError('the scopes must have "openid" among them')
        return value

    @field_validator("algorithms")
    @classmethod
    def _public_keys_only(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        known = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
        known |= {"ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
        if not value or set(value) - known:
            raise ValueError(f"ID tokens are signed by one of {', '.join(sorted(known))}")
        return value


CommaList = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """How one installation runs. Frozen: a changed setting is a new object (`model_copy`)."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        env_ignore_empty=True,
    )

    # Home of the embedded servers, their secrets and logs.
    data_dir: Path = Path(".data")

    # The keys personal data is sealed with; None: `keys.json` in the data directory, made when
    # first needed. Whoever loses it loses the data: keep a copy apart from the database's backups.
    keys_file: Path | None = None

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)

    # None: the embedded server. Otherwise PostgreSQL >= 15 and Valkey >= 8 or Redis >= 7.
    database_url: str | None = None
    redis_url: str | None = None

    # Recorder processes, one per shard, and gateway processes sharing the listening socket.
    shards: int = Field(1, ge=1, le=64)
    gateways: int = Field(1, ge=1, le=64)

    # A demonstration session with robots and three logins.
    demo: bool = False

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    # None: JSON unless a person is looking (standard error is a terminal).
    log_json: bool | None = None

    # Origins a browser may connect from besides the page's own host.
    allowed_origins: CommaList = ()

    # Addresses or networks that may read /metrics.
    metrics_allow: CommaList = ("127.0.0.0/8", "::1/128")

    # Addresses or networks of our own proxies: only they are believed when they say for whom they
    # ask (X-Forwarded-For) and how (X-Forwarded-Proto).
    trusted_proxies: CommaList = ()

    # Where letters leave: smtp://user:password@host:587 (STARTTLS where offered) or
    # smtps://user:password@host:465. None: letters wait, the demonstration shows them instead.
    smtp_url: str | None = Field(None, repr=False)
    mail_from: str = "auction@localhost"
    # The address people open, for links in letters: https://auction.example. None: the address
    # this machine listens on, good for a demonstration only.
    public_url: str | None = None

    # None: nobody signs in with an OpenID provider.
    oidc: Oidc | None = None

    # The push services notifications may be sent to; a host may begin with "*.". A browser names
    # the address, so nothing is sent to any other.
    push_services: CommaList = (
        "https://fcm.googleapis.com",
        "https://*.push.services.mozilla.com",
        "https://*.push.apple.com",
        "https://*.notify.windows.com",
    )

    # Networks of our own that webhooks may go to besides public addresses; http is enough there.
    webhook_networks: CommaList = ()

    limits: Limits = Limits()

    @field_validator(
        "allowed_origins", "metrics_allow", "trusted_proxies", "push_services", "webhook_networks",
        mode="before",
    )  # fmt: skip
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _plain_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            scheme, _, rest = origin.partition("://")
            if scheme not in ("http", "https") or not rest or "/" in rest:
                raise ValueError(f"{origin!r} is not an origin such as https://auction.example")
        return value

    @field_validator("metrics_allow", "trusted_proxies", "webhook_networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network)
        return value

    @field_validator("data_dir", "keys_file")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        # Children and a later `cd` must mean the same directory.
        return None if value is None else value.expanduser().absolute()

    @field_validator("smtp_url")
    @classmethod
    def _smtp(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
                raise ValueError(
                    "a mail server's address is smtp://… or smtps://user:pass@host:port"
                )
        return value

    @field_validator("mail_from")
    @classmethod
    def _sender(cls, value: str) -> str:
        local, at, host = value.rpartition("@")
        if not (local and at and host) or not value.isprintable() or set(value) & set(" <>,"):
            raise ValueError("it is a plain address such as auction@example.org")
        return value

    @field_validator("public_url")
    @classmethod
    def _public(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            plain = parts.scheme in ("http", "https") and parts.path in ("", "/")
            if not plain or not parts.netloc:
                raise ValueError(f"{value!r} is not an address such as https://auction.example")
        return value and value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _postgresql(cls, value: str | None) -> str | None:
        if value is None:
            return None
        scheme, separator, rest = value.partition("://")
        if separator and scheme in ("postgresql", "postgres", "postgresql+asyncpg"):
            return f"postgresql://{rest}"
        raise ValueError("a database address starts with postgresql://")

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("a log address starts with redis://, rediss:// or unix://")
        return value

    @property
    def embedded(self) -> bool:
        """True when at least one of the two servers is ours to start."""
        return self.database_url is None or self.redis_url is None

    def environment(self) -> dict[str, str]:
        """The environment that makes a child process read these same settings."""
        result: dict[str, str] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if value is None:
                continue
            if isinstance(value, (Limits, Oidc)):
                text = value.model_dump_json()
            elif isinstance(value, tuple):
                text = ",".join(value)
            else:
                text = str(value)
            result[PREFIX + name.upper()] = text
        return result


def load(**overrides: Any) -> Settings:
    """Settings from the environment, with `overrides` (None means "not given") on top.

    Raises SettingsError naming the first setting that cannot be used, and any AUCTION_ variable
    that is not a setting: a misspelt limit must not be silently ignored.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in sorted(os.environ):
        base = name.split("__", 1)[0]
        if name.startswith((f"{PREFIX}TEST_", f"{PREFIX}BENCH_")):
            continue
        if name.startswith(PREFIX) and base not in known | _NOT_SETTINGS:
            raise SettingsError(f"{name} is set in the environment but is not a setting.")
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        where = "__".join(str(part) for part in first["loc"]).upper()
        why = first["msg"].removeprefix("Value error, ").rstrip(".")
        raise SettingsError(f"{PREFIX}{where} cannot be used: {why}.") from None


# Variables with our prefix that belong to process supervision and to packaging.
_NOT_SETTINGS = frozenset({"AUCTION_SUPERVISOR_PID", "AUCTION_MIGRATIONS"})
