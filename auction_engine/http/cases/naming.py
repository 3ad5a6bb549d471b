"""What the field of a fault is called on its page, so that a list of faults can name each."""

import re
from typing import Any

from auction_engine.desk.cases import disclosing
from auction_engine.http.money_words import Words

_DISCLOSED = re.compile(r"disclosure\.(\w+)\.(answer|details)(?:\.(vi|en))?")
_FACT = re.compile(r"facts\.(\d+)\.(label|value)\.(vi|en)")
_DESCRIBED = {
    "kind": "asset.kind", "movable": "asset.movable", "reference": "asset.reference",
    "title": "asset.name", "place": "asset.place", "province": "asset.province",
    "quantity": "asset.quantity", "summary": "asset.summary", "facts": "asset.facts",
}  # fmt: skip
_FILED = {
    "kind": "file_kind", "name": "file_name", "paper": "file_paper", "replaces": "file_replaces",
}  # fmt: skip
# By form: the act of a page, or the page whose only form it is. What stands nowhere is `_COMMON`.
_NAMES: dict[str, dict[str, str]] = {
    "new.html": {"number": "number", "title": "what"},
    "asset_new.html": _DESCRIBED,
    "describe": _DESCRIBED,
    "asset.html": _FILED,
    "case.html": {"kind": "proof_kind"},
    "contracts.html": {"number": "contract_number", "assets": "offer_which", "note": "fee_note"},
    "party": {"kind": "party_kind", "rank": "rank", "asset_id": "of_asset"},
    "notice": {"kind": "notice_kind", "party_id": "to_whom", "asset_id": "about_asset"},
    "seize": {"number": "seizure_number", "place": "seizure_place"},
    "keep": {"how": "custody_how", "place": "custody_place"},
    "ask_revaluation": {"party_id": "who_asks"},
    "change": {"title": "what"},
    "close": {"reason": "close_reason"},
    "priority": {"on": "right_on"},
    "redeem": {"reason": "redeem_reason"},
    "redemption_paid": {"paid_on": "paid_on", "reason": "redeem_reason"},
    "release": {"reason": "release_reason"},
}
_COMMON = {
    "opened_on": "opened_on", "judgment.number": "judgment_number",
    "judgment.court": "judgment_court", "judgment.on": "judgment_on",
    "decision.number": "decision_number", "decision.on": "decision_on", "name": "name",
    "contact.address": "address", "contact.phone": "phone", "contact.email": "email",
    "claim_minor": "claim", "requested_on": "requested_on", "subject": "subject",
    "channel": "channel", "given_on": "given_on", "second_on": "second_on",
    "received_on": "received_on", "shown_on": "shown_on", "file": "file", "reason": "reason",
    "seized_on": "seized_on", "found": "seizure_found", "people": "seizure_people",
    "keeper": "custody_keeper", "since": "custody_since", "condition": "custody_condition",
    "amount_minor": "valuation_amount", "basis": "valuation_basis", "valuer": "valuer",
    "document": "valuation_document", "valued_on": "valued_on", "expires_on": "valuation_expires",
    "asked_on": "asked_on", "organisation_id": "organisation", "base_minor": "fee_base",
    "over_start_bp": "fee_over", "cap_minor": "fee_cap",
}  # fmt: skip


def name_of(words: Words, form: str, path: str) -> str:
    """What the field at `path` of `form` is called; "" where its fault's sentence says enough."""
    if found := _DISCLOSED.fullmatch(path):
        return _disclosed(words, *found.groups())
    if found := _FACT.fullmatch(path):
        return words.t(f"cases.asset.fact_{found[2]}_{found[3]}", n=int(found[1]) + 1)
    plain, _, lang = path.rpartition(".")
    spoken = plain if lang in ("vi", "en") else path
    key = _NAMES.get(form, {}).get(spoken) or _COMMON.get(spoken)
    if key is None:
        return ""
    name = words.t(f"cases.{key}")
    return words.t(f"cases.in_language.{lang}", what=name) if spoken == plain else name


def _disclosed(words: Words, code: Any, part: Any, lang: Any) -> str:
    question = disclosing.BY_CODE.get(code)
    if question is None:
        return ""
    asked = question.vi if words.lang == "vi" else question.en
    if part == "answer":
        return asked
    details = words.t("cases.details")
    if lang:
        details = words.t(f"cases.in_language.{lang}", what=details)
    return f"{asked}, {details[:1].lower()}{details[1:]}"
