"""One conversation with the mail server: what it came to for each letter."""

import asyncio
import ipaddress
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTP

_PORT = {"smtp": 587, "smtps": 465}
# A server may take long over the body (RFC 5321 §4.5.3.2 says ten minutes); one that has said
# nothing for this long is left, and the letter tried again.
_PATIENCE_S = 60.0
_AWAY = (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPTimeoutError, OSError, TimeoutError)


class Outcome(Enum):
    """What became of a letter handed to the server."""

    TAKEN = "taken"  # the server answers for it now
    LATER = "later"  # this letter is refused for now
    NEVER = "never"  # this letter is refused for good
    AWAY = "away"  # the server is: no letter would fare better


class Answer(NamedTuple):
    """`why` names the step and the server's code, never its words: they may quote the address."""

    outcome: Outcome
    why: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """Where letters are handed over."""

    host: str
    port: int
    tls: bool
    user: str | None
    password: str | None

    def __repr__(self) -> str:
        return f"Server({self.host}:{self.port})"

    @classmethod
    def of(cls, url: str) -> "Server":
        """The server of a checked `smtp_url` (`Settings`)."""
        parts = urlsplit(url)
        user = None if parts.username is None else unquote(parts.username)
        password = None if parts.password is None else unquote(parts.password)
        port = parts.port or _PORT[parts.scheme]
        return cls(parts.hostname or "", port, parts.scheme == "smtps", user, password)


class Conversation:
    """Hands letters over one connection, opened at the first and again after it was lost."""

    def __init__(self, server: Server, patience_s: float = _PATIENCE_S) -> None:
        self._server = server
        self._patience_s = patience_s
        self._smtp: SMTP | None = None

    async def hand(self, sender: str, recipient: str, message: bytes) -> Answer:
        """Hand one letter over; never raises for what a server can do."""
        why = await self.greet()
        smtp = self._smtp
        if why is not None or smtp is None:
            return Answer(Outcome.AWAY, f"connect {why}")
        try:
            await smtp.sendmail(sender, [recipient], message)
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _refused("recipient", error.recipients[0].code)
        except aiosmtplib.SMTPSenderRefused as error:
            # Our own address is refused: no letter's fault, and cured by a setting.
            return Answer(Outcome.AWAY, f"sender {error.code}")
        except aiosmtplib.SMTPResponseException as error:
            return _refused("letter", error.code)
        except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, OSError) as error:
            # Perhaps taken, perhaps not: it is handed over again, with the same Message-ID.
            await self.end()
            return Answer(Outcome.LATER, f"lost {type(error).__name__}")
        except ValueError:
            return Answer(Outcome.NEVER, "address")
        return Answer(Outcome.TAKEN)

    async def greet(self) -> str | None:
        """Connect, if that is not done; None if the server lets us in, else why it does not."""
        try:
            await self._connect()
        except aiosmtplib.SMTPResponseException as error:
            await self.end()
            return str(error.code)
        except (*_AWAY, aiosmtplib.SMTPException, ValueError) as error:
            await self.end()
            return type(error).__name__
        return None

    async def end(self) -> None:
        """Say good-bye, where somebody is still listening."""
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        try:
            async with asyncio.timeout(2):
                await smtp.quit()
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            pass
        finally:
            smtp.close()

    async def _connect(self) -> None:
        if self._smtp is not None and self._smtp.is_connected:
            return
        server = self._server
        smtp = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.tls,
            # A password leaves this machine only inside TLS; else TLS is taken where offered.
            start_tls=True if self._must_encrypt() else False if server.tls else None,
            timeout=self._patience_s,
        )
        await smtp.connect()
        self._smtp = smtp

    def _must_encrypt(self) -> bool:
        server = self._server
        return not server.tls and server.user is not None and not _is_here(server.host)


def _refused(step: str, code: int) -> Answer:
    """A refusal of one letter: 5xx is for good (RFC 5321 §4.2.1), but 421 ends the conversation."""
    if code == 421:
        return Answer(Outcome.AWAY, f"{step} {code}")
    return Answer(Outcome.NEVER if code >= 500 else Outcome.LATER, f"{step} {code}")


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
