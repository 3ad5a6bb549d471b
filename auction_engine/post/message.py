"""From words to bytes: a letter as mail servers take it (RFC 5322)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Written:
    """A letter in words, twice: plain, and as a page without pictures from elsewhere."""

    lang: str
    brand: str
    subject: str
    text: str
    html: str

    def __repr__(self) -> str:
        return "Written(…)"  # it may hold a link that opens an account


def compose(written: Written, sender: str, recipient: str, letter: UUID) -> bytes:
    """The letter's bytes. Sent again it has the same Message-ID, so mailboxes can tell.

    Raises ValueError for a recipient that is no address.
    """
    local, _, host = sender.rpartition("@")
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(written.brand, local, host)
    message["To"] = Address(addr_spec=recipient)
    message["Subject"] = " ".join(written.subject.split())
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<{letter}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    # Base64 keeps long Vietnamese lines whole and needs no 8BITMIME.
    message.set_content(written.text, charset="utf-8", cte="base64")
    message.add_alternative(written.html, subtype="html", charset="utf-8", cte="base64")
    # Afterwards: what is there before moves into the first of the two parts.
    message["Content-Language"] = written.lang
    return message.as_bytes()
