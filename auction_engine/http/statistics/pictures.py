"""The four pictures of the page, each of the answer's steps of time."""

from auction_engine.desk.statistics.computing import Answer, Group
from auction_engine.http.statistics.charts import Box, Chart, boxes, columns, in_unit, time_unit
from auction_engine.http.statistics.words import Words

_REFUNDS = (
    ("refunds_on_time", "sold"),
    ("refunds_late", "other"),
    ("refunds_overdue", "failed"),
)


def all_of(answer: Answer, words: Words) -> list[Chart]:
    """The pictures that have something to show."""
    made = (
        _outcomes(answer, words),
        _prices(answer, words),
        _delivery(answer, words),
        _refunds(answer, words),
    )
    return [chart for chart in made if chart is not None]


def _names(answer: Answer, words: Words) -> list[str]:
    return [words.step(one.key, answer.question.by, short=True) for one in answer.groups]  # type: ignore[arg-type]


def _long(one: Group, answer: Answer, words: Words) -> str:
    return words.group(answer.question.by, one.key, None)


def _outcomes(answer: Answer, words: Words) -> Chart | None:
    total = answer.total
    if not total["ended"]:
        return None
    best = max(
        (one for one in answer.groups if one.values["success"] is not None),
        key=lambda one: (one.values["success"], one.values["sold"]),
        default=None,
    )
    says = [
        words.t("says.outcomes", group=_long(one, answer, words),
                sold=words.whole(one.values["sold"]), failed=words.whole(one.values["failed"]),
                share=words.value("success", one.values["success"]))
        for one in answer.groups
    ]  # fmt: skip
    text = words.t(
        "alt.outcomes", sold=words.whole(total["sold"]), failed=words.whole(total["failed"]),
        other=words.whole(total["stopped"] + total["withdrawn"]),
        share=words.value("success", total["success"]),
    )  # fmt: skip
    if best is not None and len(answer.groups) > 1:
        text += " " + words.t(
            "alt.best",
            group=_long(best, answer, words),
            share=words.value("success", best.values["success"]),
        )
    parts = [
        [
            ("sold", float(one.values["sold"])),
            ("failed", float(one.values["failed"])),
            ("other", float(one.values["stopped"] + one.values["withdrawn"])),
        ]
        for one in answer.groups
    ]
    legend = (("sold", words.t("legend.sold")), ("failed", words.t("legend.failed")),
              ("other", words.t("legend.other")))  # fmt: skip
    marks = columns(_names(answer, words), parts, says, lambda value: words.whole(round(value)))
    return Chart("outcomes", words.t("chart.outcomes"), text, legend, marks)


def _box(one: Group, key: str, says: str, answer: Answer, words: Words) -> Box | None:
    spread = one.values[key]
    if spread is None:
        return None
    middle, around = words.value(key, spread), words.around(key, spread)
    text = words.t(says, group=_long(one, answer, words), median=middle, around=around)
    low, q1, median, q3, high = spread
    return Box(low, q1, median, q3, high, text)


def _prices(answer: Answer, words: Words) -> Chart | None:
    total = answer.total["over_start"]
    if total is None:
        return None
    found = [_box(one, "over_start", "says.prices", answer, words) for one in answer.groups]
    text = words.t(
        "alt.prices", median=words.value("over_start", total), low=words.percent(total[0]),
        high=words.percent(total[4]), around=words.around("over_start", total),
    )  # fmt: skip
    marks = boxes(_names(answer, words), found, words.percent, line=1.0)
    legend = (("box", words.t("legend.box")), ("median", words.t("legend.median")),
              ("mark", words.t("legend.start")))  # fmt: skip
    return Chart("prices", words.t("chart.prices"), text, legend, marks)


def _delivery(answer: Answer, words: Words) -> Chart | None:
    total = answer.total["to_deliver"]
    if total is None:
        return None
    found = [_box(one, "to_deliver", "says.delivery", answer, words) for one in answer.groups]
    unit, size = time_unit(found)
    text = words.t(
        "alt.delivery", median=words.value("to_deliver", total), low=words.time(total[0]),
        high=words.time(total[4]), around=words.around("to_deliver", total),
    )  # fmt: skip
    marks = boxes(_names(answer, words), [in_unit(box, size) for box in found], words.decimal)
    legend = (("box", words.t("legend.box")), ("median", words.t("legend.median")))
    title = words.t("chart.delivery", unit=words.t(f"unit.{unit}"))
    return Chart("delivery", title, text, legend, marks)


def _refunds(answer: Answer, words: Words) -> Chart | None:
    shown = [part for part in _REFUNDS if part[0] in answer.total]
    if not answer.total["refunds_due"]:
        return None
    says = [
        words.t("says.refunds", group=_long(one, answer, words),
                due=words.whole(one.values["refunds_due"]),
                on_time=words.whole(one.values["refunds_on_time"]),
                late=words.whole(one.values["refunds_late"]))
        for one in answer.groups
    ]  # fmt: skip
    total = answer.total
    text = words.t(
        "alt.refunds", due=words.whole(total["refunds_due"]),
        on_time=words.whole(total["refunds_on_time"]), late=words.whole(total["refunds_late"]),
        share=words.value("refunds_share", total["refunds_share"]),
    )  # fmt: skip
    parts = [[(look, float(one.values[key])) for key, look in shown] for one in answer.groups]
    legend = tuple((look, words.t(f"legend.{key}")) for key, look in shown)
    marks = columns(_names(answer, words), parts, says, lambda value: words.whole(round(value)))
    return Chart("refunds", words.t("chart.refunds"), text, legend, marks)
