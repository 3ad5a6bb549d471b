"""The lines of a distribution in words, Vietnamese and English, for statements."""

from auction_engine.rules.pack_base import Text
from auction_engine.rules.pack_words import amount, code_text
from auction_engine.rules.proceeds.claims import Stage
from auction_engine.rules.proceeds.distribution import Step
from auction_engine.rules.proceeds.order import Line, Portion

# Lines whose names are not those of a pack's own values.
_LINES: dict[Line, Text] = {
    "OUTSIDER": Text(
        vi="bên nhận cầm cố, thế chấp không phải người được thi hành án",
        en="pledgee or mortgagee who is no creditor of the judgment",
    ),
    "JUDGMENT_COURT_FEE": Text(
        vi="án phí của bản án, quyết định đó", en="court fee of that judgment"
    ),
    "SECURED": Text(
        vi="bên có nghĩa vụ được bảo đảm bằng tài sản",
        en="creditor whose claim the property secures",
    ),
    "TRUSTEE": Text(
        vi="giao quản tài viên theo pháp luật phá sản",
        en="handed to the trustee under bankruptcy law",
    ),
    "SURPLUS": Text(vi="còn lại trả người phải thi hành án", en="surplus, returned to the debtor"),
}
_PORTIONS: dict[Portion, Text] = {
    "PRINCIPAL": Text(vi="tiền gốc", en="principal"),
    "LATE_INTEREST": Text(vi="lãi chậm thi hành án", en="late interest"),
}
_STAGES: dict[Stage, Text] = {
    "CUTOFF": Text(
        vi="yêu cầu đến ngày có quyết định cưỡng chế",
        en="requested by the coercive decision",
    ),
    "PAYMENT": Text(
        vi="quyết định thi hành án khác đến ngày thanh toán",
        en="other decisions up to the payment",
    ),
}


def title(step: Step) -> Text:
    """What the line is: `court fees: principal (requested by the coercive decision)`."""
    found = _LINES.get(step.line) or code_text(step.rank or step.line)
    vi, en = found.vi, found.en
    if step.portion is not None:
        part = _PORTIONS[step.portion]
        vi, en = f"{vi}: {part.vi}", f"{en}: {part.en}"
    if step.stage is not None:
        stage = _STAGES[step.stage]
        vi, en = f"{vi} ({stage.vi})", f"{en} ({stage.en})"
    return Text(vi=vi, en=en)


def division(step: Step, currency: str, minor_digits: int) -> Text | None:
    """How a short line was divided, to be done again with a pencil; None if it was paid in full.

    `300 VND × 301 VND / 400 VND = 225 VND + 1 VND (largest remainder) = 226 VND`.
    """
    if step.pot_minor >= step.owed_minor:
        return None
    due, pot, owed, whole, paid = (
        amount(minor, currency, minor_digits)
        for minor in (
            step.due_minor,
            step.pot_minor,
            step.owed_minor,
            step.paid_minor - step.extra,
            step.paid_minor,
        )
    )
    sum_ = f"{due} × {pot} / {owed} = {whole}"
    if not step.extra:
        return Text(vi=sum_, en=sum_)
    one = amount(1, currency, minor_digits)
    return Text(
        vi=f"{sum_} + {one} (số dư lớn nhất) = {paid}",
        en=f"{sum_} + {one} (largest remainder) = {paid}",
    )
