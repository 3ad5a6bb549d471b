"""A complaint as programs are told it: of its complainant, its body, and who oversees."""

from typing import Any

from auction_engine.desk.complaints import groups
from auction_engine.desk.complaints.reading import Head, Paper, Turn, Whole
from auction_engine.http.afterwards import complaining
from auction_engine.http.afterwards.own import Own


def head(own: Own, one: Head) -> dict[str, Any]:
    """As in a list: no grounds, and not who filed it."""
    return {
        "id": one.id, "number": one.number, "lot": one.lot, "addressee": one.addressee,
        "about": one.about, "seq": one.about_seq, "known_on": one.known_on.isoformat(),
        "file_by": None if one.file_by is None else one.file_by.isoformat(), "late": one.late,
        "filed_at": own.words.iso(one.at), "state": one.state,
        "since": own.words.iso(one.since),
        "due_on": None if one.due_on is None else one.due_on.isoformat(),
    }  # fmt: skip


def _turn(own: Own, one: Turn) -> dict[str, Any]:
    return {
        "n": one.n, "at": own.words.iso(one.at), "kind": one.kind, "reason": one.reason,
        "published": one.published, "articles": one.articles, "authority": one.authority,
        "decide_by": None if one.decide_by is None else one.decide_by.isoformat(),
    }  # fmt: skip


def _paper(one: Paper) -> dict[str, Any]:
    return {
        "n": one.n, "name": one.filename, "media_type": one.media_type, "sha256": one.sha256,
        "size": one.size,
    }  # fmt: skip


async def whole(own: Own, found: Whole, papers: bool = True) -> dict[str, Any]:
    """With grounds, course and papers; who has filed it is not in it.

    The names of `papers` may name people: they are the complainant's and the body's.
    """
    group = await groups.of(own.connection, found.head.id)
    return head(own, found.head) | {
        "grounds": found.grounds,
        "remedy": found.remedy,
        "turns": [_turn(own, one) for one in found.turns],
        "papers": [_paper(one) for one in found.papers] if papers else [],
        "waits": await complaining.waits_of(own, found),
        "group": None if group is None else {**group._asdict(), "is_one": group.is_one},
    }
