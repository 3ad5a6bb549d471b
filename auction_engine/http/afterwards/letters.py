"""What somebody was told of by letter: subject and day, newest first, and no secrets."""

from typing import Any

import orjson

from auction_engine.http.afterwards.own import Own
from auction_engine.http.lettering import Lettering

_MOST = 20
_SQL = """
    SELECT kind, "values", created_at, state FROM letter
     WHERE account_id = $1 AND secrets IS NULL ORDER BY created_at DESC LIMIT $2
"""


async def of_account(own: Own) -> list[dict[str, Any]]:
    """The last letters to the person who asks; those whose texts are gone are left out."""
    rows = await own.connection.fetch(_SQL, own.account, _MOST)
    found = []
    for row in rows:
        subject = _subject(own, row["kind"], orjson.loads(row["values"]))
        if subject is not None:
            found.append({"at": row["created_at"], "subject": subject, "state": row["state"]})
    return found


def _subject(own: Own, kind: str, values: dict[str, Any]) -> str | None:
    try:
        written = Lettering(own.web.presenter, "").write(kind, own.ask.lang, None, values)
    except KeyError:
        return None
    return written.subject
