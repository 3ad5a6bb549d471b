"""What a buyer must know before bidding, answer by answer: "unknown" is no answer.

Every question has a closed list of answers and asks for details where the answer alone says too
little. From the answers come the lines of the lot's page, in both languages.
"""

from typing import Any, NamedTuple

from auction_engine.desk.cases.checks import Reader

# Those who looked and found nothing say so; those who have not looked cannot answer.
_NOTHING_SAID = frozenset(
    "unknown n/a na không rõ chưa rõ không biết chưa biết chưa xác định ? - ...".split(" ")
) | {"không rõ", "chưa rõ", "không biết", "chưa biết", "chưa xác định", "not known"}


class Answer(NamedTuple):
    """One answer that can be given. `details`: it must say more in words."""

    code: str
    vi: str
    en: str
    details: bool


class Question(NamedTuple):
    """A question, for movables, immovables or both."""

    code: str
    vi: str
    en: str
    answers: tuple[Answer, ...]
    movable: bool = True
    immovable: bool = True


_NONE_FOUND = Answer("NONE", "Đã kiểm tra, không có", "Checked: there are none", False)
QUESTIONS: tuple[Question, ...] = (
    Question(
        "occupancy",
        "Đang sử dụng",
        "Occupancy",
        (
            Answer("EMPTY", "Không có người ở, sử dụng", "Nobody lives in it or uses it", False),
            Answer("DEBTOR", "Người phải thi hành án đang ở, sử dụng", "The debtor is in it", True),
            Answer("TENANT", "Có người thuê", "There is a tenant", True),
            Answer("OTHERS", "Người khác đang ở, sử dụng", "Others are in it", True),
        ),
        movable=False,
    ),
    Question(
        "possession",
        "Nơi giữ tài sản",
        "Where it is kept",
        (
            Answer("AGENCY", "Cơ quan thi hành án giữ", "The agency holds it", False),
            Answer("WAREHOUSE", "Kho bãi được thuê giữ", "A hired warehouse holds it", True),
            Answer("DEBTOR", "Người phải thi hành án giữ", "The debtor holds it", True),
            Answer("OTHERS", "Người khác giữ", "Somebody else holds it", True),
        ),
        immovable=False,
    ),
    Question(
        "encumbrances",
        "Nghĩa vụ kèm theo",
        "Encumbrances",
        (
            _NONE_FOUND,
            Answer("ENDS", "Có, và chấm dứt khi bán", "There are some; the sale ends them", True),
            Answer("STAYS", "Có, và theo tài sản", "There are some; they stay with it", True),
        ),
    ),
    Question(
        "disputes",
        "Tranh chấp",
        "Disputes",
        (
            _NONE_FOUND,
            Answer("PENDING", "Đang có tranh chấp", "A dispute is pending", True),
        ),
    ),
    Question(
        "defects",
        "Khiếm khuyết",
        "Defects",
        (
            Answer("NONE", "Đã xem xét, không thấy", "Examined: none found", False),
            Answer("SOME", "Có", "There are some", True),
        ),
    ),
    Question(
        "papers",
        "Giấy tờ",
        "Papers",
        (
            Answer("ORIGINAL", "Có bản chính", "The original is present", True),
            Answer("COPY", "Chỉ có bản sao", "Only a copy is present", True),
            Answer("NONE", "Không có giấy tờ", "There are no papers", True),
        ),
    ),
    Question(
        "costs",
        "Người mua chịu",
        "Buyer also pays",
        (
            Answer("LEGAL", "Thuế, phí theo quy định", "Taxes and fees as the law sets", False),
            Answer("MORE", "Thuế, phí theo quy định, và", "Taxes and fees, and besides", True),
        ),
    ),
)
BY_CODE = {question.code: question for question in QUESTIONS}


def asked(movable: bool) -> tuple[Question, ...]:
    """The questions for a movable, or for an immovable."""
    return tuple(one for one in QUESTIONS if (one.movable if movable else one.immovable))


def read(reader: Reader, movable: bool) -> dict[str, Any]:
    """The answers: {question: {"answer", "details": {"vi", "en"}}}; faults stay with the reader."""
    found = {}
    for question in asked(movable):
        part = reader.part(question.code)
        answers = {one.code: one for one in question.answers}
        code = part.one_of("answer", tuple(answers))
        details = part.words("details", needed=bool(code) and answers[code].details, most=1_000)
        for lang, said in details.items():
            if says_nothing(said):
                part.fault(
                    f"details.{lang}", "UNKNOWN_IS_NO_ANSWER", "Find out, and say what was found."
                )
        found[question.code] = {"answer": code, "details": details}
    return found


def says_nothing(said: str) -> bool:
    """Whether a text only says that nobody knows."""
    return said.strip(" .!").casefold() in _NOTHING_SAID


def missing(body: dict[str, Any] | None, movable: bool) -> list[str]:
    """The questions without an answer."""
    said = body or {}
    return [one.code for one in asked(movable) if not said.get(one.code, {}).get("answer")]


def lines(body: dict[str, Any], movable: bool) -> list[dict[str, Any]]:
    """The answers as the lot's page shows them: label and value in both languages."""
    shown = []
    for question in asked(movable):
        said = body.get(question.code)
        if not said:
            continue
        answer = next(one for one in question.answers if one.code == said["answer"])
        value = {}
        for lang, sentence in (("vi", answer.vi), ("en", answer.en)):
            details = (said.get("details") or {}).get(lang, "")
            value[lang] = f"{sentence}: {details}" if details else sentence
        shown.append({"label": {"vi": question.vi, "en": question.en}, "value": value})
    return shown
