"""A real mail server for tests: it takes, refuses, stalls or goes away, as it is told."""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

TAKE, STALL, DROP, DROP_AFTER = "take", "stall", "drop", "drop after"


@dataclass
class MailServer:
    """What a test sees of it. `script` says what happens to the next letters: TAKE (the default),
    STALL (no answer), DROP (hang up instead of taking it), DROP_AFTER (take it, then hang up
    without the answer), or an answer such as "451 later"; `recipients` the same for RCPT TO."""

    port: int = 0
    script: list[str] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    raw: list[tuple[str, bytes]] = field(default_factory=list)
    sender: str | None = None  # the answer to MAIL FROM instead of taking it
    asked: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def letters(self) -> list[tuple[str, EmailMessage]]:
        """Letters taken: (recipient, message)."""
        policy = email.policy.default
        return [(to, email.message_from_bytes(raw, policy=policy)) for to, raw in self.raw]

    def to(self, recipient: str) -> list[EmailMessage]:
        return [message for to, message in self.letters if to == recipient]

    # aiosmtpd's handler interface

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        if self.sender:
            return self.sender
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        answer = self.recipients.pop(0) if self.recipients else TAKE
        if answer != TAKE:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.asked += 1
        answer = self.script.pop(0) if self.script else TAKE
        if answer == STALL:
            await asyncio.sleep(30)
        content = envelope.content
        assert isinstance(content, bytes)
        if answer in (TAKE, DROP_AFTER):
            self.raw += [(to, content) for to in envelope.rcpt_tos]
        if answer in (DROP, DROP_AFTER):
            assert server.transport is not None
            server.transport.close()
            return "421 gone"
        return "250 taken" if answer == TAKE else answer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def mail_server(port: int | None = None) -> Iterator[MailServer]:
    """A running server on a port of its own."""
    server = MailServer(port or free_port())
    controller = Controller(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def html_of(message: EmailMessage) -> str:
    body = message.get_body(("html",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")
