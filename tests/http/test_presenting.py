"""Texts, amounts, times and pages as a person meets them."""

from __future__ import annotations

import copy
import inspect
import json
import re
import string
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from auction_engine.desk import session_record
from auction_engine.http import presenting, presenting_amounts, presenting_life
from auction_engine.http.presenting import AmountError, Presenter, parse_amount
from auction_engine.live import course
from auction_engine.rules import grounds as grounds_of
from auction_engine.rules.events import Reason
from auction_engine.rules.lot import BEFORE_OPENING, Status

ROOT = Path(__file__).resolve().parents[2]
LANGS = presenting.LANGUAGES
TEXTS = {lang: presenting.load_texts(ROOT / "web", lang) for lang in LANGS}
REASONS = get_args(Reason)
ERRORS = (
    "BAD_MESSAGE",
    "BAD_AMOUNT_NOT_INTEGER",
    "BAD_AMOUNT_NOT_POSITIVE",
    "BAD_AMOUNT_TOO_LARGE",
    "BAD_BID_ID",
    "BAD_BOX_FORM",
    "BAD_BOX_POINT",
    "BID_ID_REUSED",
    "UNKNOWN_LOT",
    "NOT_A_BIDDER",
    "RATE_LIMITED",
    "TOO_MANY_LOTS",
    "AMOUNT_EMPTY",
    "AMOUNT_UNCLEAR",
)
NOW = 1_795_317_302_431  # 22 November 2026, 10:15:02.431 in Vietnam
AMOUNTS = st.integers(1, presenting_amounts.LIMIT - 1)
NBSP = "\N{NO-BREAK SPACE}"
ASSETS = yaml.safe_load((ROOT / "auction_engine" / "demo" / "assets.yaml").read_text("utf-8"))[
    "assets"
]


def placeholders(text: str | dict[str, str]) -> set[str]:
    forms = text.values() if isinstance(text, dict) else [text]
    return {name for form in forms for _, name, _, _ in string.Formatter().parse(form) if name}


def test_both_languages_say_the_same_things() -> None:
    assert TEXTS["vi"].keys() == TEXTS["en"].keys()
    for key, text in TEXTS["vi"].items():
        assert placeholders(text) == placeholders(TEXTS["en"][key]), key
        assert text
        assert TEXTS["en"][key]


def test_every_text_a_template_or_script_asks_for_exists() -> None:
    asked: set[str] = set()
    for file in (ROOT / "web" / "templates").rglob("*.html"):
        asked |= set(re.findall(r'\bt\("([\w.]+)"[,)]', file.read_text("utf-8")))
    for file in (ROOT / "web" / "ts").glob("*.ts"):
        found = re.findall(r'\bt\("([\w.]+)"[,)]', file.read_text("utf-8"))
        asked |= {f"live.{key}" for key in found}
    assert len(asked) > 100
    assert asked - TEXTS["vi"].keys() == set()


@pytest.mark.parametrize("lang", LANGS)
def test_every_reason_and_error_has_its_words(lang: str) -> None:
    for reason in REASONS:
        assert f"live.refused.{reason}" in TEXTS[lang]
        assert f"rules.reason.{reason}" in TEXTS[lang]
    for code in ERRORS:
        assert f"live.error.{code}" in TEXTS[lang]


@pytest.mark.parametrize("lang", LANGS)
def test_every_turn_status_ground_and_failure_has_its_words(lang: str) -> None:
    texts = TEXTS[lang]
    for kind in course._PUBLIC:
        kinds = [kind]
        if kind == "incident.decided":
            kinds = [f"{kind}.CONTINUE", f"{kind}.ANNUL"]
        assert [k for k in kinds if f"live.turn.{k}" not in texts] == []
    # Before the opening only a postponement is told, and a pause is told by its ground.
    untold = {"DRAFT", "CONTRACTED", "PUBLISHED", "READY", "RUNNING", "BIDDING_CLOSED"}
    untold |= {"REGISTRATION_OPEN", "REGISTRATION_CLOSED"}
    for status in {*get_args(Status), "INCIDENT"} - untold:
        assert f"live.course.{status}" in texts
        own, rules = f"live.course.{status}.text", f"rules.status.{status}"
        assert own in texts or rules in texts or status == "INCIDENT"
    grounds = {"INCIDENT", *grounds_of.PAUSE_GROUNDS, *grounds_of.STOP_GROUNDS}
    grounds |= {*grounds_of.DISQUALIFICATIONS, *grounds_of.ANNULMENTS}
    grounds |= {*grounds_of.POSTPONEMENTS, *grounds_of.NOT_OPENED}
    assert [g for g in sorted(grounds) if f"live.ground.{g}" not in texts] == []
    assert [f for f in grounds_of.FAILURES if f"rules.failure.{f}" not in texts] == []
    assert [c for c in grounds_of.CHANGES if f"live.change.{c}" not in texts] == []


@pytest.mark.parametrize("lang", LANGS)
def test_everything_that_is_asked_of_a_session_has_its_words(lang: str) -> None:
    kinds = {*get_args(session_record.Kind), "announce"}
    assert [k for k in sorted(kinds) if f"oversight.asked.{k}" not in TEXTS[lang]] == []


def test_what_the_script_names_by_parts_has_its_words_and_shapes() -> None:
    texts, script = TEXTS["vi"], ROOT / "web" / "ts"
    marks = (ROOT / "web" / "templates" / "marks.svg.html").read_text("utf-8")
    source = (script / "standing.ts").read_text("utf-8").partition("export function closeReason")[0]
    python = inspect.getsource(presenting_life.standing_of) + inspect.getsource(
        presenting_life._standing_open
    )
    told = re.findall(r'(?:return|\?|:) "([a-z_]+)"', source)
    assert set(re.findall(r'(?:return|else) "([a-z_]+)"', python)) <= set(told)
    assert len(told) > 25
    for kind in told:
        assert f"live.standing.{kind}" in texts
        assert f"live.standing.{kind}.text" in texts or kind == "out"
        assert f'mark-{kind}"' in marks or f'"{kind}"' in marks
    union = (script / "bidform.ts").read_text("utf-8").partition("export type Blocked =")[2]
    for why in re.findall(r'"([a-z_]+)"', union.partition("| null")[0]):
        assert f"live.bid.{why}" in texts
    keys = re.findall(r'"((?:clock|fall|own|act|ask)\.[a-z_.]+)"', "".join(
        file.read_text("utf-8") for file in script.glob("*.ts")))  # fmt: skip
    assert [key for key in keys if f"live.{key}" not in texts] == []


@pytest.mark.parametrize(
    ("state", "you", "name"),
    [
        ("open", {}, None),
        ("open", {"deposit": ("HELD", 5, 5)}, "held"),
        ("open", {"deposit": ("HELD", 0, 0)}, "exempt"),
        ("scheduled", {"deposit": ("MISSING", 0, 5)}, "missing"),
        ("open", {"deposit": ("MISSING", 0, 5), "admitted": False}, "needed"),
        ("open", {"deposit": ("MISSING", 0, 5), "out": "WITHDREW"}, None),
        ("closed", {"deposit": ("MISSING", 0, 5)}, None),
    ],
)
def test_a_deposit_is_told_beside_the_form_as_the_script_tells_it(
    state: str, you: dict[str, Any], name: str | None
) -> None:
    told = {"admitted": True, **you}
    if "deposit" in you:
        names = ("state", "amount_minor", "needed_minor")
        told["deposit"] = dict(zip(names, you["deposit"], strict=True))
    assert presenting_life.deposit_of({"state": {"phase": state}, "you": told}) == name
    assert presenting_life.deposit_of({"state": {"phase": state}, "you": None}) is None
    source = (ROOT / "web" / "ts" / "deposit.ts").read_text("utf-8")
    if name is not None:
        assert f'"{name}"' in source
        for lang in ("vi", "en"):
            assert f"live.deposit.{name}" in TEXTS[lang]


@pytest.mark.parametrize(
    ("you", "kind"),
    [
        ({"deposit": {"state": "MISSING"}}, "no_deposit"),
        ({"deposit": {"state": "MISSING"}, "leading": True, "maximum_minor": 9}, "leading"),
        ({"deposit": {"state": "MISSING"}, "admitted": False}, "not_admitted"),
        ({"deposit": {"state": "HELD"}, "admitted": False}, "awaiting_admission"),
        ({"deposit": {"state": "HELD"}}, "no_bid"),
    ],
)
def test_where_one_stands_without_a_deposit(you: dict[str, Any], kind: str) -> None:
    own = {"code": "B-1", "admitted": True, "leading": False, "best_minor": None, **you}
    snapshot = {"state": {"phase": "open", "life": {"method": "ASCENDING"}}, "you": own}
    assert presenting_life.standing_of(snapshot, None, bidder=True) == kind


def test_money_is_written_the_local_way() -> None:
    money = presenting_amounts.money
    assert money(4_300_000_000, "VND", 0, "vi") == f"4.300.000.000{NBSP}₫"
    assert money(4_300_000_000, "VND", 0, "en") == f"VND{NBSP}4,300,000,000"
    assert money(123_456_705, "EUR", 2, "vi") == f"1.234.567,05{NBSP}€"
    assert money(123_456_705, "EUR", 2, "en") == f"EUR{NBSP}1,234,567.05"
    assert money(999, "VND", 0, "vi") == f"999{NBSP}₫"


WORDS = json.loads((ROOT / "web" / "ts" / "tests" / "words.json").read_text("utf-8"))


@pytest.mark.parametrize(("value", "vi", "en"), WORDS)
def test_amounts_in_words(value: int, vi: str, en: str) -> None:
    assert presenting_amounts.whole_words(value, "vi") == vi
    assert presenting_amounts.whole_words(value, "en") == en


def test_words_name_the_currency_and_its_parts() -> None:
    words = presenting_amounts.words
    assert words(4_300_000_000, "VND", 0, "vi") == "bốn tỷ ba trăm triệu đồng"
    in_english = words(4_300_000_000, "VND", 0, "en")
    assert in_english == "four billion three hundred million Vietnamese dong"
    assert words(1250, "EUR", 2, "en") == "twelve euros and 50/100"
    assert words(1200, "EUR", 2, "en") == "twelve euros"


@pytest.mark.parametrize(
    "typed",
    [
        "4.300.000.000",
        "4,300,000,000",
        "4 300 000 000",
        "4300000000",
        f"4{NBSP}300{NBSP}000{NBSP}000",
        " 4.300.000.000 ₫ ",
        "VND 4,300,000,000",
        "4.300.000.000 đồng",
        "4300000000đ",
    ],
)
def test_grouped_amounts_are_read(typed: str) -> None:
    assert parse_amount(typed) == 4_300_000_000


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "AMOUNT_EMPTY"),
        ("   ", "AMOUNT_EMPTY"),
        ("₫", "AMOUNT_EMPTY"),
        ("4,3 tỷ", "AMOUNT_UNCLEAR"),
        ("4.3", "AMOUNT_UNCLEAR"),
        ("4.300.00", "AMOUNT_UNCLEAR"),
        ("4.300,000", "AMOUNT_UNCLEAR"),
        ("4,300.00", "AMOUNT_UNCLEAR"),
        ("43.00.000", "AMOUNT_UNCLEAR"),
        ("4300.000", "AMOUNT_UNCLEAR"),
        ("4e9", "AMOUNT_UNCLEAR"),
        ("-5", "AMOUNT_UNCLEAR"),
        ("+5", "AMOUNT_UNCLEAR"),
        ("0x10", "AMOUNT_UNCLEAR"),
        ("NaN", "AMOUNT_UNCLEAR"),
        ("4..300", "AMOUNT_UNCLEAR"),
        ("4.300.", "AMOUNT_UNCLEAR"),
        (".300", "AMOUNT_UNCLEAR"),
        ("007", "AMOUNT_UNCLEAR"),
        ("٤٣٠", "AMOUNT_UNCLEAR"),
        ("１００", "AMOUNT_UNCLEAR"),
        ("1_000", "AMOUNT_UNCLEAR"),
        ("4 300.000", "AMOUNT_UNCLEAR"),
        ("1\n000", "AMOUNT_UNCLEAR"),
        ("0", "BAD_AMOUNT_NOT_POSITIVE"),
        ("9.007.199.254.740.992", "BAD_AMOUNT_TOO_LARGE"),
        ("9" * 400, "BAD_AMOUNT_TOO_LARGE"),
    ],
)
def test_what_is_not_certain_is_refused(typed: str, code: str) -> None:
    with pytest.raises(AmountError) as caught:
        parse_amount(typed)
    assert caught.value.code == code


def test_decimals_need_all_their_digits() -> None:
    assert parse_amount("1.234,50", 2) == 123_450
    assert parse_amount("1,234.50", 2) == 123_450
    assert parse_amount("1234", 2) == 123_400
    assert parse_amount("1.234", 2) == 123_400
    for typed in ("1,5", "1.234.567.50", "1.234.50"):
        with pytest.raises(AmountError):
            parse_amount(typed, 2)
    with pytest.raises(AmountError):
        parse_amount("1.234", 3)


@settings(deadline=None)
@given(AMOUNTS, st.sampled_from([0, 2]), st.sampled_from(LANGS))
def test_what_is_shown_can_be_typed_back(minor: int, digits: int, lang: str) -> None:
    assert parse_amount(presenting_amounts.number(minor, digits, lang), digits) == minor


def read(typed: str) -> int | str:
    try:
        return parse_amount(typed)
    except AmountError as error:
        return error.code


@settings(deadline=None)
@given(st.text(max_size=30) | st.text("0123456789., ₫", max_size=30))
def test_no_text_breaks_the_reading(typed: str) -> None:
    result = read(typed)
    if isinstance(result, str):
        assert f"live.error.{result}" in TEXTS["vi"]
    else:
        assert 0 < result < presenting_amounts.LIMIT


@settings(deadline=None)
@given(AMOUNTS)
def test_different_amounts_have_different_words(value: int) -> None:
    for lang in LANGS:
        assert presenting_amounts.whole_words(value, lang) != presenting_amounts.whole_words(
            value + 1, lang
        )


def test_times_are_those_of_vietnam() -> None:
    assert presenting.local_time(NOW, "vi", with_ms=True) == "10:15:02,431"
    assert presenting.local_time(NOW, "en", with_ms=True) == "10:15:02.431"
    assert presenting.when(NOW, "vi") == "10:15:02, ngày 22/11/2026 (giờ Việt Nam, UTC+7)"
    assert presenting.when(NOW, "en") == "10:15:02, 22 November 2026 (Vietnam time, UTC+7)"
    assert presenting.iso(NOW) == "2026-11-22T03:15:02.431Z"


def test_language_is_asked_then_remembered_then_vietnamese() -> None:
    assert presenting.choose_language("en", "vi") == "en"
    assert presenting.choose_language(None, "en") == "en"
    assert presenting.choose_language("fr", None) == "vi"


def test_missing_assets_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "locales").symlink_to(ROOT / "web" / "locales")
    with pytest.raises(presenting.AssetsMissing, match="npm run build"):
        Presenter(tmp_path)


# Pages. A small manifest stands in for the build, so that these need no Node.


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Presenter:
    web = tmp_path_factory.mktemp("web")
    for part in ("locales", "templates"):
        (web / part).symlink_to(ROOT / "web" / part)
    names = ["app.css", "noscript.css", "app.vi.js", "app.en.js", "theme.js"]
    faces = ("be-vietnam-pro-latin", "be-vietnam-pro-vietnamese", "figures")
    names += [f"fonts/{face}-{weight}.woff2" for face in faces for weight in (400, 600)]
    names += [f"illustrations/{f.name}" for f in (ROOT / "web" / "illustrations").glob("*.svg")]
    for kind, ending in (("styles", "css"), ("ts", "js")):
        names += [f"{f.stem}.{ending}" for f in (ROOT / "web" / kind / "pages").iterdir()]
    (web / "dist").mkdir()
    (web / "dist" / "manifest.json").write_text(json.dumps({name: f"x/{name}" for name in names}))
    return Presenter(web)


SESSION = {"id": "s1", "title": {"vi": "Phiên thử", "en": "Trial session"}}
VIEWER = {"login": "b", "name": "<script>alert(1)</script>", "role": "bidder"}


def lot(index: int = 0) -> dict[str, Any]:
    return {**copy.deepcopy(ASSETS[index]), "id": f"lot-{index}", "session": SESSION}


def state(**changes: Any) -> dict[str, Any]:
    return {
        "phase": "open",
        "price_minor": 3_900_000_000,
        "leader": "B-042",
        "n": 1,
        "minimum_minor": 3_950_000_000,
        "start_ms": NOW - 60_000,
        "end_ms": NOW + 600_000,
        "extensions": 0,
        "extended_by": None,
        "present": 3,
        "robots": ["B-042"],
        **changes,
    }


def snapshot(you: bool = True, **changes: Any) -> dict[str, Any]:
    bid = {"n": 1, "seq": 2, "at_ms": NOW - 5000, "code": "B-042", "amount_minor": 3_900_000_000}
    mine = {
        "code": "B-007",
        "admitted": True,
        "leading": False,
        "best_minor": None,
        "refused": [
            {
                "seq": 3,
                "at_ms": NOW - 4000,
                "amount_minor": 5,
                "reason": "BELOW_MIN_INCREMENT",
                "minimum_minor": 3_950_000_000,
            }
        ],
    }
    return {
        "t": "snapshot",
        "lot": "lot-0",
        "epoch": 1,
        "seq": 3,
        "state": state(**changes),
        "bids": [bid],
        "you": mine if you else None,
    }


def room(page: Presenter, lang: str = "vi", **changes: Any) -> str:
    context = {
        "lot": lot(),
        "snapshot": snapshot(),
        "bid_id": "f" * 32,
        "demo": True,
        "viewer": VIEWER,
        "csrf": "tok",
        "path": "/lots/lot-0",
        **changes,
    }
    return page.render("room.html", lang=lang, now_ms=NOW, **context)


OUTCOMES: list[dict[str, Any] | None] = [
    None,
    {
        "t": "recorded",
        "lot": "lot-0",
        "bid_id": "1",
        "n": 2,
        "seq": 4,
        "at_ms": NOW,
        "amount_minor": 3_950_000_000,
        "repeat": False,
    },
    {
        "t": "refused",
        "lot": "lot-0",
        "bid_id": "1",
        "reason": "BELOW_MIN_INCREMENT",
        "minimum_minor": 3_950_000_000,
        "amount_minor": 5,
        "seq": 4,
        "at_ms": NOW,
        "repeat": False,
    },
    {
        "t": "refused",
        "lot": "lot-0",
        "bid_id": "1",
        "reason": "UNREADABLE",
        "minimum_minor": None,
        "amount_minor": None,
        "seq": 4,
        "at_ms": NOW,
        "repeat": False,
    },
    {"t": "busy", "lot": "lot-0", "bid_id": "same-again", "retry_ms": 500},
    {"t": "error", "code": "AMOUNT_UNCLEAR", "text": ""},
    {"t": "error", "code": "NEWER_THAN_THIS_PAGE", "text": ""},
    {
        "t": "refused",
        "lot": "lot-0",
        "bid_id": "1",
        "reason": "NEWER_THAN_THIS_PAGE",
        "minimum_minor": 1,
        "amount_minor": 5,
        "seq": 4,
        "at_ms": NOW,
        "repeat": False,
    },
]


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_room_without_script_says_what_happened(
    page: Presenter, lang: str, outcome: dict[str, Any] | None
) -> None:
    html = room(page, lang, outcome=outcome)
    assert 'action="/lots/lot-0/bids"' in html
    assert 'name="amount"' in html
    assert ("data-outcome" in html) is (outcome is not None)
    if outcome and outcome["t"] == "recorded":
        assert "10:15:02" in html
    if outcome and outcome["t"] == "busy":
        assert 'value="same-again"' in html


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"phase": "scheduled", "price_minor": None, "leader": None, "n": 0},
        {"phase": "closed", "minimum_minor": None},
        {"extensions": 2, "extended_by": 1},
        {"phase": "closed", "minimum_minor": None, "price_minor": None, "leader": None, "n": 0},
    ],
)
@pytest.mark.parametrize("viewer", [None, VIEWER, {**VIEWER, "role": "officer"}])
def test_the_room_in_every_phase(
    page: Presenter, lang: str, changes: dict[str, Any], viewer: dict[str, str] | None
) -> None:
    you = viewer is not None and viewer["role"] == "bidder"
    html = room(page, lang, viewer=viewer, snapshot=snapshot(you, **changes))
    assert ("data-bid" in html) is (you and changes.get("phase") != "closed")


@pytest.mark.parametrize("lang", LANGS)
def test_the_other_pages(page: Presenter, lang: str) -> None:
    common: dict[str, Any] = {"lang": lang, "now_ms": NOW, "csrf": "tok", "path": "/"}
    indexes = range(len(ASSETS))
    rows = [{"lot": lot(i), "state": state(), "refused": 2, "viewers": 4} for i in indexes]
    roles = ("bidder", "organisation", "officer")
    logins = [{"role": role, "login": role, "password": "p"} for role in roles]
    session = page.render("session.html", session=SESSION, lots=rows, demo_logins=logins, **common)
    for asset in ASSETS:
        assert asset["title"][lang] in session
    assert page.render("session.html", session=None, lots=[], **common)
    desk = page.render("desk.html", session=SESSION, rows=rows, **common)
    assert desk.count("data-lot=") == len(ASSETS)
    agency = page.render("agency.html", agency=ASSETS[0]["agency"], rows=rows, **common)
    assert ASSETS[0]["agency"][lang] in agency
    bids = snapshot()["bids"]
    assert "?before=7" in page.render("record.html", lot=lot(), bids=bids, older=7, **common)
    assert page.render("record.html", lot=lot(), bids=[], **common)
    for failed in (None, "wrong", "throttled"):
        assert page.render("login.html", next="/desk", failed=failed, provider=None, **common)
    for status in (400, 401, 403, 404, 405, 413, 418, 429, 500, 502, 503):
        assert str(status) in page.render_error(status, **common)


def test_nothing_on_a_page_needs_more_than_the_policy_allows(page: Presenter) -> None:
    html = room(page)
    assert "<script>alert" not in html
    assert not re.search(r"\sstyle=|\son\w+=|javascript:|<style", html)
    for script in re.findall(r"<script[^>]*>", html):
        assert "src=" in script or 'type="application/json"' in script


def test_the_script_gets_what_it_needs_and_cannot_be_broken_out_of(page: Presenter) -> None:
    evil = lot()
    evil["title"] = {"vi": "</script><script>x</script>", "en": "x"}
    html = room(page, lot=evil)
    block = re.search(r'<script type="application/json" id="boot">(.*?)</script>', html, re.DOTALL)
    assert block
    boot = json.loads(block[1])
    assert boot["lots"][0]["title"] == "</script><script>x</script>"
    assert boot["snapshot"]["state"]["minimum_minor"] == 3_950_000_000
    assert boot["csrf"] == "tok"
    assert boot["bidder"] is True


@pytest.mark.parametrize("asset", ASSETS, ids=[a["image"] for a in ASSETS])
def test_demonstration_assets_are_whole(asset: dict[str, Any]) -> None:
    assert (ROOT / "web" / "illustrations" / f"{asset['image']}.svg").is_file()
    share = asset["deposit_minor"] / asset["starting_price_minor"]
    assert 0.1 <= share <= 0.2
    assert 0 < asset["increment_minor"] < asset["starting_price_minor"] / 20
    pairs = [asset[key] for key in ("title", "place", "summary", "agency", "organisation")]
    for row in asset["facts"] + asset["disclosure"]:
        pairs += [row["label"], row["value"]]
    for paper in asset["documents"]:
        pairs += [paper["title"], paper["note"]]
    for pair in pairs:
        assert set(pair) == {"vi", "en"}
        assert all(pair.values())


# The life of a lot, and falling prices.


def life(status: str, **changes: Any) -> dict[str, Any]:
    return {
        "status": status,
        "method": "ASCENDING",
        "automatic": False,
        "ground": None,
        "since_ms": None,
        "due_ms": None,
        "round": 0,
        "stage": 0,
        "stages": 1,
        "winner": None,
        "award_minor": None,
        "failure": None,
        **changes,
    }


PRICES = [3_900_000_000, 3_800_000_000, 3_700_000_000]
FALLING = {
    "step": 0,
    "from_ms": NOW - 60_000,
    "interval_ms": 45_000,
    "prices_minor": PRICES,
    "draw": False,
    "late_ms": None,
}
FALL = {
    "step": 1,
    "price_minor": PRICES[1],
    "until_ms": NOW + 30_000,
    "coming": [{"price_minor": PRICES[2], "at_ms": NOW + 30_000}],
}
NOBODY = {"price_minor": None, "leader": None, "n": 0, "minimum_minor": None}


def falling(
    page: Presenter, lang: str = "en", you: dict[str, Any] | None = None, **more: Any
) -> str:
    """The room of a lot whose price falls; `more` changes the state, the context or the life."""
    given = dict(more)
    snap = snapshot(True, **{**NOBODY, "end_ms": NOW + 75_000, **given.pop("state", {})})
    snap["state"]["life"] = life("RUNNING", method="DESCENDING", falling=FALLING) | given.pop(
        "life", {}
    )
    snap["bids"] = given.pop("bids", [])
    snap["turns"] = given.pop("turns", [])
    snap["you"] = snap["you"] | {"refused": []} | (you or {})
    rules = {"falls": True, "rises": False, "floor_minor": PRICES[-1], "steps": 3}
    context = {
        "snapshot": snap,
        "fall": FALL,
        "lot": lot() | {"rules": rules | {"interval_ms": 45_000}},
        **given,
    }
    return room(page, lang, **context)


@pytest.mark.parametrize("lang", LANGS)
def test_a_falling_price_is_drawn_as_it_stands(page: Presenter, lang: str) -> None:
    html = falling(page, lang)
    assert presenting_amounts.money(PRICES[1], "VND", 0, lang) in html
    assert 'name="step" value="1"' in html
    assert f'name="amount" value="{PRICES[1]}"' in html
    assert "data-bid" not in html
    assert ("price 2 of 3" if lang == "en" else "mức 2 trên 3") in html
    assert "standing--ready" in html
    # Without script the page comes back when the price has fallen, but not before.
    far = falling(page, lang, fall=FALL | {"until_ms": NOW + 6_400})
    assert 'content="7; url=' in far


@pytest.mark.parametrize("lang", LANGS)
def test_what_the_price_does_is_said_at_every_turn(page: Presenter, lang: str) -> None:
    english = lang == "en"
    still = FALL | {"until_ms": None, "coming": []}
    before = falling(page, lang, state={"phase": "scheduled", "end_ms": None}, fall=FALL)
    assert ("First price" if english else "Giá đầu tiên") in before
    assert "standing--scheduled_fall" in before
    assert 'aria-disabled="true"' in before
    since = {"status": "PAUSED", "ground": "AUCTIONEER", "since_ms": NOW - 5_000}
    paused = falling(page, lang, state={"phase": "paused"}, life=since, fall=still)
    assert ("Paused since 10:14:57" if english else "Tạm dừng từ 10:14:57") in paused
    why = "The auctioneer has paused the session." if english else "Đấu giá viên tạm dừng phiên."
    assert why in paused
    assert 'aria-disabled="true"' in paused
    turn = {"seq": 9, "at_ms": NOW, "kind": "descent.resumed", "status": "RUNNING"}
    resumed = falling(page, lang, turns=[turn], life={"falling": FALLING | {"step": 1}})
    money = presenting_amounts.money(PRICES[1], "VND", 0, lang)
    assert (f"goes on from {money}" if english else f"Giá đi tiếp từ {money}") in resumed
    nobody = life("FAILED", failure="NO_BID")
    failed = falling(page, lang, state={"phase": "closed"}, life=nobody, fall=still)
    why = "nobody bid or accepted a price" if english else "Đấu giá không thành vì"
    assert why in failed
    assert "data-accept " not in failed


@pytest.mark.parametrize(("after_ms", "kind"), [(37, "late"), (0, "late_tie")])
def test_both_see_the_two_recorded_times(page: Presenter, after_ms: int, kind: str) -> None:
    taken = {"phase": "closed", "price_minor": PRICES[1], "leader": "B-042", "n": 1}
    bid = {"n": 1, "seq": 5, "at_ms": NOW, "code": "B-042", "amount_minor": PRICES[1]}
    late_ms = NOW + after_ms
    told = life("LEADER_DETERMINED", falling=FALLING | {"late_ms": late_ms}, method="DESCENDING")
    refused = {
        "seq": 6,
        "at_ms": late_ms,
        "amount_minor": PRICES[1],
        "reason": "TOO_LATE",
        "minimum_minor": None,
    }
    outcome = {"t": "refused", "lot": 1, "bid_id": "1", "repeat": False, **refused}
    common: dict[str, Any] = {"state": taken, "life": told, "bids": [bid]}
    loser = falling(page, you={"refused": [refused]}, outcome=outcome, **common)
    assert f"standing--{kind}" in loser
    assert "10:15:02.431" in loser
    assert ("10:15:02.468" in loser) is (after_ms == 37)
    assert ("37 ms later" if after_ms else "same millisecond, after it in line") in loser
    won = {"code": "B-042", "leading": True, "best_minor": PRICES[1]}
    winner = falling(page, you=won, **common)
    assert "standing--first" in winner
    assert ("37 ms later" if after_ms else "in the same millisecond") in winner


def test_an_acceptance_to_be_sent_again_says_what_it_said(page: Presenter) -> None:
    busy = {"t": "busy", "lot": 1, "bid_id": "same-again", "retry_ms": 500}
    kept: dict[str, Any] = {"outcome": busy, "typed": str(PRICES[0]), "typed_step": 0}
    html = falling(page, **kept)
    assert 'value="same-again"' in html
    assert 'name="step" value="0"' in html
    assert "Accept VND\N{NO-BREAK SPACE}3,900,000,000" in html
    # What is no amount is not given back as one.
    for wrong in ("9" * 5_000, "<b>", "-1", ""):
        assert 'name="step" value="1"' in falling(page, **{**kept, "typed": wrong})


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("you", [True, False])
def test_the_room_in_every_status(page: Presenter, lang: str, you: bool) -> None:
    phases = {"RUNNING": "open", "PAUSED": "paused"} | dict.fromkeys(BEFORE_OPENING, "scheduled")
    for status in get_args(Status):
        snap = snapshot(you, phase=phases.get(status, "closed"))
        snap["state"]["life"] = life(
            status, ground="AUCTIONEER", since_ms=NOW, due_ms=NOW + 1_000, winner="B-042",
            award_minor=3_900_000_000, failure="WIN_REFUSED",
        )  # fmt: skip
        html = room(page, lang, snapshot=snap)
        shown = "data-course hidden" not in html
        told = f"live.course.{status}" in TEXTS[lang]
        assert shown is told, status
        if shown:
            title = re.search(r'course_title">([^<]+)<', html)
            assert title is not None
            assert "{" not in title[1]


@pytest.mark.parametrize("lang", LANGS)
def test_turns_voids_and_automatic_bids_stand_in_the_record(page: Presenter, lang: str) -> None:
    snap = snapshot()
    snap["bids"] = [
        {"n": 2, "seq": 7, "at_ms": NOW, "code": "B-042", "amount_minor": 7, "automatic": True},
        {"n": 1, "seq": 2, "at_ms": NOW, "code": "B-007", "amount_minor": 5, "void": True},
    ]
    snap["turns"] = [
        {
            "seq": 9,
            "at_ms": NOW,
            "kind": "bidder.disqualified",
            "status": "RUNNING",
            "bidder": "B-007",
            "ground": "COLLUSION",
            "reason": "<two dossiers>",
        },
        {
            "seq": 4,
            "at_ms": NOW,
            "kind": "lot.changed",
            "status": "PUBLISHED",
            "what": "PLACE",
        },
        {"seq": 3, "at_ms": NOW, "kind": "not.yet.known", "status": "PUBLISHED"},
    ]
    snap["you"]["out"] = "DISQUALIFIED"
    html = room(page, lang, snapshot=snap)
    places = [html.index(part) for part in ("&lt;two dossiers&gt;", ">7<", "<s>5</s>")]
    assert places == sorted(places)
    said = ("B-007 was disqualified", "automatic<", "void<") if lang == "en" else (
        "B-007 bị truất quyền", "tự động<", "vô hiệu<")  # fmt: skip
    assert [part for part in said if part not in html] == []
    assert ("the place" if lang == "en" else "địa điểm") in html
    assert "standing--out" in html
    assert "data-bid" not in html


def test_what_a_confirmation_and_a_choice_say(page: Presenter) -> None:
    asked = {
        "t": "refused",
        "lot": 1,
        "bid_id": "1",
        "reason": "CONFIRMATION_NEEDED",
        "minimum_minor": 3_950_000_000,
        "amount_minor": 42_000_000_000,
        "seq": 4,
        "at_ms": NOW,
        "repeat": False,
    }
    unusual = asked | {"unusual": "10.8", "base_minor": 3_900_000_000}
    html = room(page, "vi", outcome=unusual, typed="42000000000")
    assert 'name="confirmed" value="42000000000"' in html
    assert "bốn mươi hai tỷ đồng" in html
    assert "gấp 10,8 lần" in html
    between = asked | {"reason": "NOT_ON_STEP", "nearest": [3_950_000_000, 4_000_000_000]}
    html = room(page, "en", outcome=between)
    assert html.count('name="choose"') == 2
    assert 'form="bid-form"' in html
    assert 'id="bid-form"' in html


def test_the_texts_of_the_rules_are_the_pages_own_where_both_have_them(tmp_path: Path) -> None:
    (tmp_path / "locales").mkdir()
    (tmp_path / "locales" / "rules.vi.json").write_text('{"live.a": "rules", "live.b": "rules"}')
    (tmp_path / "locales" / "vi.json").write_text('{"live.b": "page"}')
    assert presenting.load_texts(tmp_path, "vi") == {"live.a": "rules", "live.b": "page"}
