"""The routes of cases, assets and service contracts."""

from typing import Any

from auction_engine.desk.cases import notices
from auction_engine.http import models
from auction_engine.http import models_cases as told
from auction_engine.http.cases import (
    api,
    assets,
    case_api,
    cases,
    contract_api,
    contracts,
    files,
    photographs,
)
from auction_engine.http.cases.forms import file_form, long_form
from auction_engine.http.cases.parts import DeskHandler, desk
from auction_engine.http.guard import Doc, Spec
from auction_engine.identity.access import Act

_SEE, _WRITE = Act.SEE_CASES, Act.WRITE_CASES
_CASES, _CASE = "/agency/cases", "/agency/cases/{case:int}"
_ASSET = "/agency/assets/{asset:int}"
_NOTICE = _CASE + "/notices/{notice:int}"
_CONTRACT = "/agency/contracts/{contract:int}"
_OFFER = "/desk/offers/{contract:int}"
_PHOTO = "/photos/{paper:int}/{width:int}"


def _get(path: str, act: Act, handler: DeskHandler) -> Spec:
    return Spec("GET", path, act, desk(handler), "page")


PAGES = [
    _get(_CASES, _SEE, cases.listed),
    _get(_CASES + "/new", _WRITE, cases.new),
    Spec("POST", _CASES, _WRITE, desk(cases.make), "page", rated=True, form=long_form),
    _get(_CASE, _SEE, cases.one),
    Spec("POST", _CASE, _WRITE, desk(cases.act), "page", rated=True, form=long_form),
    Spec("POST", _NOTICE, _WRITE, desk(cases.prove), "page", rated=True, form=file_form),
    _get(_NOTICE + "/proofs/{paper:int}", _SEE, cases.proof),
    _get(_CASE + "/assets/new", _WRITE, assets.new),
    Spec("POST", _CASE + "/assets", _WRITE, desk(assets.make), "page", rated=True, form=long_form),
    _get(_ASSET, _SEE, assets.one),
    Spec("POST", _ASSET, _WRITE, desk(assets.act), "page", rated=True, form=long_form),
    Spec("POST", _ASSET + "/files", _WRITE, desk(files.add), "page", rated=True, form=file_form),
    _get(_ASSET + "/files/{paper:int}", _SEE, files.fetch),
    Spec("POST", _ASSET + "/files/{paper:int}", _WRITE, desk(files.remove), "page", rated=True),
    _get("/lots/{lot:int}/files/{paper:int}", Act.SEE_AUCTION, files.fetch_public),
    Spec("GET", "/lots/{lot:int}" + _PHOTO, Act.SEE_AUCTION, photographs.of_lot, "plain"),
    # Many on one page: not counted as pages.
    Spec("GET", _OFFER + _PHOTO, Act.SEE_OFFERS, photographs.of_offer, "api"),
    Spec(
        "GET", "/desk/sessions/drafts/{draft:int}" + _PHOTO, Act.SEE_DRAFTS, photographs.of_draft,
        "api",
    ),
    _get("/agency/contracts", _SEE, contracts.listed),
    Spec(
        "POST", "/agency/contracts", Act.OFFER_CONTRACTS, desk(contracts.offer), "page",
        rated=True, form=long_form,
    ),
    _get(_CONTRACT, _SEE, contracts.one),
    Spec("POST", _CONTRACT, Act.OFFER_CONTRACTS, desk(contracts.withdraw), "page", rated=True),
    _get("/desk/offers", Act.SEE_OFFERS, contracts.offers),
    _get(_OFFER, Act.SEE_OFFERS, contracts.offered),
    Spec("POST", _OFFER, Act.ANSWER_OFFERS, desk(contracts.answer), "page", rated=True),
]  # fmt: skip


_PROBLEMS: dict[int, tuple[Any, str]] = {
    400: (models.Problem, "BAD_MESSAGE."),
    403: (models.Problem, "FORBIDDEN or BAD_CSRF."),
    404: (told.CaseProblem, "Nothing of one's own is there."),
    409: (told.CaseProblem, "It has moved on; nothing was recorded."),
    422: (told.CaseProblem, "Something is wrong, each with its path; nothing was recorded."),
    429: (models.Problem, "RATE_LIMITED."),
    503: (models.Problem, "UNAVAILABLE: ask again."),
}
_READ = {status: _PROBLEMS[status] for status in (403, 404, 503)}
_FILE_PROBLEMS = {
    408: (models.Problem, "TIMED_OUT."),
    413: (models.Problem, "TOO_LARGE: more than 10 MB."),
    415: (models.Problem, "UNSUPPORTED_TYPE: send a PDF, a JPEG or a PNG."),
}
_TEXT = {"type": "string", "maxLength": 300}
_API_CASE = "/api/agency/cases/{case:int}"
_API_ASSET = "/api/agency/assets/{asset:int}"


def _fields(model: type[Any]) -> tuple[frozenset[str], frozenset[str]]:
    """The names a JSON body must have, and those it may have."""
    fields = model.model_fields.items()
    needed = frozenset(name for name, one in fields if one.is_required())
    return needed, frozenset(model.model_fields) - needed


def _reads(
    path: str, act: Act, handler: DeskHandler, summary: str, model: Any, **more: Any
) -> Spec:
    doc = Doc(summary, {200: (model, "As it is now."), **_READ}, **more)
    return Spec("GET", path, act, desk(handler), doc=doc)


def _writes(
    path: str, act: Act, handler: DeskHandler, summary: str, body: type[Any], made: Any,
    status: int = 201,
) -> Spec:  # fmt: skip
    needed, free = _fields(body)
    answers = {status: (made, "Recorded."), **_PROBLEMS, **_JSON_PROBLEMS}
    return Spec(
        "POST", path, act, desk(handler), rated=True, fields=needed, optional=free,
        doc=Doc(summary, answers, body),
    )  # fmt: skip


_JSON_PROBLEMS = {
    408: (models.Problem, "TIMED_OUT."),
    413: (models.Problem, "TOO_LARGE: more than 16 KiB."),
    415: (models.Problem, "UNSUPPORTED_TYPE: send application/json."),
}
API = [
    _reads(
        "/api/agency/cases", _SEE, api.agency_cases, "The agency's cases, fifty a page.",
        told.CaseRows,
        query={
            "q": (_TEXT, "Part of a number or title."),
            "page": ({"type": "integer", "minimum": 0, "maximum": 9999}, "From 0."),
        },
    ),
    _writes(
        "/api/agency/cases", _WRITE, api.open_case, "Open a case with its parties.", told.NewCase,
        told.Made,
    ),
    _reads(
        _API_CASE, _SEE, api.agency_case, "A case, its parties, assets, notices.", told.WholeCase
    ),
    _writes(
        _API_CASE + "/parties", _WRITE, api.add_case_party, "Add a party.", told.NewParty, told.Made
    ),
    _writes(
        _API_CASE + "/notices", _WRITE, api.give_case_notice,
        "Enter a notice; the day it is valid from follows from its channel.", told.NewNotice,
        told.Made,
    ),
    _writes(
        _API_CASE + "/assets", _WRITE, api.enter_asset, "Enter an asset.", told.NewAsset, told.Made
    ),
    _reads(
        _API_ASSET, _SEE, api.agency_asset, "An asset: what it is, what it lacks, its days.",
        told.WholeAsset,
    ),
    _writes(
        _API_ASSET + "/acts", _WRITE, api.act_on_asset,
        "Describe, seize, value, disclose, keep, ready, reopen, leave, redeem, redemption_paid,"
        " release, ask_revaluation, refuse_revaluation, priority: as on the asset's page.",
        told.AssetAct, told.AssetAfter, 200,
    ),
    Spec(
        "POST", _API_ASSET + "/files", _WRITE, desk(api.add_asset_file), rated=True,
        doc=Doc(
            "Keep a photograph or document: the body is the file, the address says what it is.",
            {201: (told.FileKept, "Kept, written anew."), **_PROBLEMS, **_FILE_PROBLEMS},
            query={
                "kind": ({"type": "string", "enum": ["PHOTO", "DOCUMENT"]}, "What it is."),
                "name": (_TEXT, "What it shows."),
                "paper": (_TEXT, "Of a document: which."),
                "public": ({"type": "boolean"}, "Whether bidders see it."),
                "replaces": ({"type": "integer", "minimum": 1}, "The file it is a new version of."),
            },
        ),
    ),
    _reads(
        "/api/agency/contracts", _SEE, api.agency_contracts, "What the agency has offered.",
        told.ContractRows,
    ),
    _reads(
        "/api/agency/organisations", _SEE, contract_api.agency_organisations,
        "The organisations that assets can be offered to, by name.", told.Organisations,
    ),
    _reads(
        "/api/agency/contracts/{contract:int}", _SEE, contract_api.agency_contract,
        "One offer or contract.", told.ContractRow,
    ),
    _writes(
        "/api/agency/contracts", Act.OFFER_CONTRACTS, api.offer_assets,
        "Offer assets that are ready to an organisation.", told.NewOffer, told.Made,
    ),
    _writes(
        "/api/agency/contracts/{contract:int}/withdrawal", Act.OFFER_CONTRACTS, api.withdraw_offer,
        "Take an offer back.", told.Why, told.ContractAfter, 200,
    ),
    _reads(
        "/api/desk/offers", Act.SEE_OFFERS, api.desk_offers, "What the organisation was offered.",
        told.ContractRows,
    ),
    _reads(
        "/api/desk/offers/{contract:int}", Act.SEE_OFFERS, contract_api.desk_offer,
        "An offer with its assets as they would be sold.", told.Offer,
    ),
    _writes(
        "/api/desk/offers/{contract:int}", Act.ANSWER_OFFERS, api.answer_offer,
        "Take an offer on, which signs the contract, or decline it.", told.OfferAnswer,
        told.ContractAfter, 200,
    ),
]  # fmt: skip
_TYPES = "application/pdf, image/jpeg, image/png"
_API_NOTICE = _API_CASE + "/notices/{notice:int}/proofs"


def _sends(path: str, handler: DeskHandler, summary: str) -> Spec:
    doc = Doc(summary, {200: (_TYPES, "The file."), **_READ})
    return Spec("GET", path, _SEE, desk(handler), doc=doc)


API += [
    _writes(
        _API_CASE + "/change", _WRITE, case_api.change_case,
        "Put title, judgment or decision of a case right.", told.CaseChange, told.WholeCase, 200,
    ),
    _writes(
        _API_CASE + "/close", _WRITE, case_api.close_case,
        "Close a case in which nothing is open; else `faults` name all that is.", told.Why,
        told.WholeCase, 200,
    ),
    _writes(
        _API_CASE + "/reopen", _WRITE, case_api.reopen_case, "Open a closed case again.", told.Why,
        told.WholeCase, 200,
    ),
    Spec(
        "POST", _API_CASE + "/parties/{party:int}/leave", _WRITE, desk(case_api.leave_case),
        rated=True,
        doc=Doc("A party is one no longer.", {200: (told.WholeCase, "Recorded."), **_PROBLEMS}),
    ),
    Spec(
        "POST", _API_NOTICE, _WRITE, desk(case_api.prove_case_notice), rated=True,
        doc=Doc(
            "Add what proves a notice: the body is the file, the address says what it is.",
            {201: (told.ProofKept, "Kept, written anew."), **_PROBLEMS, **_FILE_PROBLEMS},
            query={
                "kind": ({"type": "string", "enum": list(notices.PROOFS)}, "What it is."),
                "shown_on": ({"type": "string", "format": "date"}, "Of which day it is."),
            },
            raw=api.FILES,
        ),
    ),
    _sends(
        _API_NOTICE + "/{paper:int}", case_api.case_notice_proof, "What proves a notice."
    ),
    _sends(
        _API_ASSET + "/files/{paper:int}", case_api.fetch_asset_file, "A file as it is kept."
    ),
    _writes(
        _API_ASSET + "/files/{paper:int}/removal", _WRITE, case_api.remove_asset_file,
        "Take a file away; its checksum stays.", told.Why, told.FileGone, 200,
    ),
]  # fmt: skip
