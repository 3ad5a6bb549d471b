"""What a bank answers to our payments: pain.002, of every version since 001.03.

An answer says how far the bank is, for the whole file, for the order in it and for single payments.
It is no proof that money has moved: that is an entry of the statement.
"""

from typing import Literal, NamedTuple

from auction_engine.bank.errors import shown, wrong
from auction_engine.bank.xml_reading import Document, Element, parse

State = Literal["BOOKED", "ACCEPTED", "PENDING", "REJECTED"]

_FIRST_VERSION = 3

# ISO 20022 external code sets PaymentGroupStatus and PaymentTransactionStatus. PART says that some
# were taken and some not, which for one payment means nothing yet.
_STATES: dict[str, State] = {
    "ACSC": "BOOKED", "ACCC": "BOOKED",
    "ACTC": "ACCEPTED", "ACCP": "ACCEPTED", "ACSP": "ACCEPTED", "ACWC": "ACCEPTED",
    "ACWP": "ACCEPTED", "ACFC": "ACCEPTED", "ACPD": "ACCEPTED",
    "RCVD": "PENDING", "PDNG": "PENDING", "PART": "PENDING", "PATC": "PENDING",
    "PRES": "PENDING", "BLCK": "PENDING",
    "RJCT": "REJECTED", "CANC": "REJECTED",
}  # fmt: skip


class Status(NamedTuple):
    """How far something is. `code` is the bank's own; `reason` its first reason code, or empty.

    A code we do not know is PENDING: nothing follows from it, and a person sees it. `text` is what
    the bank says of it, with any further reasons, or empty.
    """

    state: State
    code: str
    reason: str = ""
    text: str = ""


class Outcome(NamedTuple):
    """What the bank says of the payment `end_to_end`; the other fields as in Status.

    BOOKED (ACSC, ACCC) is what the bank reports, not yet an entry of its statement.
    """

    end_to_end: str
    status: State
    code: str
    reason: str = ""
    text: str = ""


class Report(NamedTuple):
    """An answer. `original_id`: the `message_id` of our batch. `version`: such as `001.10`.

    `group` is the status of the whole file, `order` of its payment information, each None where the
    bank gives none. `outcomes` are those of single payments, in the file's order; often only what
    was refused.
    """

    version: str
    message_id: str
    original_id: str
    group: Status | None
    order: Status | None
    outcomes: tuple[Outcome, ...]

    def of(self, end_to_end: str) -> Outcome | None:
        """What the answer says of a payment of our batch: its own outcome, or that of all.

        None where it says nothing. Only for ids of the batch `original_id`.
        """
        for outcome in self.outcomes:
            if outcome.end_to_end == end_to_end:
                return outcome
        whole = self.order or self.group
        return None if whole is None else Outcome(end_to_end, *whole)


def read(data: bytes) -> Report:
    """The answer in `data`.

    Raises BankFileError with the place: what `xml_reading.parse` raises, XML_OLD_VERSION,
    ELEMENT_MISSING, ELEMENT_EMPTY, OTHER_ORIGINAL (an answer to no pain.001), SEVERAL_ORDERS,
    STATUS_MISSING, STATUS_CONTRADICTS.
    """
    document = parse(data, roots={"pain.002": "CstmrPmtStsRpt"})
    _check_version(document)
    body = document.body
    original = body.need("OrgnlGrpInfAndSts")
    named = original.words("OrgnlMsgNmId")
    if named is not None and not named.lower().startswith("pain.001"):
        raise wrong(
            "OTHER_ORIGINAL",
            original,
            f"this answers {shown(named)}, but only answers to pain.001 are read here; choose"
            " another file.",
        )
    group = _status(original, "GrpSts")
    order, outcomes = _order(body, group)
    if group is None and order is None and not outcomes:
        raise wrong(
            "STATUS_MISSING",
            original,
            "the answer has a status for nothing; ask the bank for it again.",
        )
    return Report(
        document.version,
        body.need_words("GrpHdr/MsgId"),
        original.need_words("OrgnlMsgId"),
        group,
        order,
        outcomes,
    )


def _check_version(document: Document) -> None:
    family, _, number = document.version.partition(".")
    if family != "001" or int(number) < _FIRST_VERSION:
        raise wrong(
            "XML_OLD_VERSION",
            document.body,
            f"this is pain.002.{document.version}; ask the bank for pain.002.001.03 or newer.",
        )


def _order(body: Element, group: Status | None) -> tuple[Status | None, tuple[Outcome, ...]]:
    """The status of our one payment information, and those of the payments in it."""
    orders = list(body.all("OrgnlPmtInfAndSts"))
    # A bank may repeat it with one part of the payments each, but our files have one.
    if len({order.words("OrgnlPmtInfId") for order in orders}) > 1:
        raise wrong(
            "SEVERAL_ORDERS",
            orders[1],
            "this answers several payment informations, but our files have one each; check that"
            " it belongs to a file of ours.",
        )
    whole: Status | None = None
    outcomes: dict[str, Outcome] = {}
    for order in orders:
        status = _status(order, "PmtInfSts")
        _check_agrees(group, status and status.state, order)
        if whole is not None and status is not None and status.state != whole.state:
            raise _contradiction(order, f"{status.code} here, {whole.code} before")
        whole = whole or status
        for element in order.all("TxInfAndSts"):
            outcome = _outcome(element, status or group)
            _check_agrees(status, outcome.status, element)
            _check_agrees(group, outcome.status, element)
            known = outcomes.setdefault(outcome.end_to_end, outcome)
            if known.status != outcome.status:
                text = f"{shown(outcome.end_to_end)} is {outcome.code} here, {known.code} before"
                raise _contradiction(element, text)
    return whole, tuple(outcomes.values())


def _outcome(element: Element, above: Status | None) -> Outcome:
    """Of one payment; a bank that refuses everything may leave the single statuses out."""
    own = _status(element, "TxSts")
    if own is None and above is not None:
        detail = _reasons(element)
        own = Status(above.state, above.code, *(detail if any(detail) else above[2:]))
    if own is None:
        raise wrong(
            "STATUS_MISSING",
            element,
            "there is no status (TxSts); ask the bank for the answer again.",
        )
    return Outcome(element.need_words("OrgnlEndToEndId"), *own)


def _status(element: Element, name: str) -> Status | None:
    code = element.words(name)
    if code is None:
        return None
    return Status(_STATES.get(code, "PENDING"), code, *_reasons(element))


def _reasons(element: Element) -> tuple[str, str]:
    """The first reason's code, and the bank's words; further reasons stand among the words."""
    codes: list[str] = []
    words: list[str] = []
    for information in element.all("StsRsnInf"):
        code = information.words("Rsn/Cd", "Rsn/Prtry")
        if code is not None:
            if codes:
                words.append(code)
            codes.append(code)
        said = (" ".join(line.text.split()) for line in information.all("AddtlInf"))
        words.extend(line for line in said if line)
    return (codes[0] if codes else ""), " ".join(words)


def _check_agrees(above: Status | None, state: State | None, element: Element) -> None:
    """No part accepted of what is refused, none refused of what is booked.

    Sent again on such an answer, it would be paid twice.
    """
    if above is None or state is None:
        return
    refused = above.state == "REJECTED" and state != "REJECTED"
    if refused or (above.state == "BOOKED" and state == "REJECTED"):
        raise _contradiction(element, f"the whole is {above.code}, a part of it is not")


def _contradiction(element: Element, text: str) -> Exception:
    return wrong(
        "STATUS_CONTRADICTS",
        element,
        f"{text}; ask the bank what is true before anything is paid again.",
    )
