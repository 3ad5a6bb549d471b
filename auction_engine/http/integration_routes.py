"""The routes for other systems: tokens, webhooks, imports."""

from functools import partial

from starlette.responses import Response

from auction_engine.http import models
from auction_engine.http import models_integration as told
from auction_engine.http.guard import Doc, Handler, Spec
from auction_engine.http.integration import imports, tokens, webhooks
from auction_engine.http.web import Ask, Web
from auction_engine.identity.access import Act


def _named(name: str, handler: Handler) -> Handler:
    """`handler` under a name that openapi.json has once."""

    async def named(web: Web, ask: Ask) -> Response:
        return await handler(web, ask)

    named.__name__ = name
    return named


_TOKENS = tokens.PAGE
_SEE, _MAKE = Act.SEE_TOKENS, Act.MAKE_TOKENS
_LIMITED = {429: (models.Problem, "RATE_LIMITED.")}

PAGES = [
    Spec("GET", _TOKENS, _SEE, tokens.page, "page"),
    Spec(
        "POST", _TOKENS, _MAKE, tokens.make_by_form, "page", rated=True, form=tokens.form,
        fresh=True, back=_TOKENS,
    ),
    # No proof is asked for: who fears for a token must be quick.
    Spec(
        "POST", f"{_TOKENS}/{{key:int}}/revoke", _MAKE, tokens.revoke_by_form, "page", rated=True
    ),
]  # fmt: skip

API = [
    Spec(
        "GET",
        "/api/tokens",
        _SEE,
        _named("list_tokens", tokens.api_list),
        doc=Doc("The own tokens for other systems.", {200: (told.Tokens, "The tokens.")}),
    ),
    Spec(
        "POST",
        "/api/tokens",
        _MAKE,
        _named("make_token", tokens.api_make),
        rated=True,
        fresh=True,
        fields=frozenset({"name", "acts", "days"}),
        optional=frozenset({"proved"}),
        doc=Doc(
            "Make a token. Asks for a fresh proof; no token makes tokens.",
            {
                201: (told.TokenMade, "The token, told this once."),
                400: (models.Problem, "BAD_NAME, NO_ACTS, UNKNOWN_ACT, BAD_DAYS or BAD_MESSAGE."),
                409: (models.Problem, "TOO_MANY: twenty are the most."),
                **_LIMITED,
            },
            told.NewToken,
        ),
    ),
    Spec(
        "POST",
        "/api/tokens/{key:int}/revoke",
        _MAKE,
        _named("revoke_token", tokens.api_revoke),
        rated=True,
        doc=Doc(
            "Revoke a token; from the next request on it opens nothing.",
            {200: (told.TokenRevoked, "It is revoked."), **_LIMITED},
        ),
    ),
]

_WRONG = {400: (models.Problem, "BAD_MESSAGE."), **_LIMITED}
_ONE = "/{webhook:int}"


def _pages(base: str, see: Act, manage: Act) -> list[Spec]:
    """The pages of one kind of house."""
    post = partial(Spec, "POST", act=manage, kind="page", rated=True)
    one = f"{base}{_ONE}"
    return [
        Spec("GET", base, see, webhooks.page, "page"),
        post(
            base, handler=webhooks.make_by_form, form=webhooks.form, fresh=True, back=base,
        ),
        Spec("GET", one, see, webhooks.show, "page"),
        post(f"{one}/secret", handler=webhooks.rotate_by_form, fresh=True, back=base),
        post(f"{one}/state", handler=webhooks.state_by_form),
        post(f"{one}/replay", handler=webhooks.replay_by_form),
        post(f"{one}/test", handler=webhooks.try_by_form),
    ]  # fmt: skip


def _api(side: str, base: str, see: Act, manage: Act) -> list[Spec]:
    """The same as API."""
    post = partial(Spec, "POST", act=manage, rated=True)
    one = f"{base}{_ONE}"
    return [
        Spec(
            "GET", base, see, _named(f"list_webhooks_{side}", webhooks.api_list),
            doc=Doc("Where the own house has events sent.", {200: (told.Webhooks, "All.")}),
        ),
        post(
            base, handler=_named(f"make_webhook_{side}", webhooks.api_make), fresh=True,
            fields=frozenset({"name", "url", "types"}),
            doc=Doc(
                "Have events sent to an address. Asks for a fresh proof.",
                {
                    201: (told.WebhookMade, "Made; the secret is told this once."),
                    400: (
                        models.Problem,
                        "BAD_NAME, NO_TYPES, UNKNOWN_TYPE, BAD_URL, NOT_HTTPS or NOT_PUBLIC.",
                    ),
                    409: (
                        models.Problem,
                        "TOO_MANY: ten are the most. NO_HOUSE: you work for none.",
                    ),
                    **_LIMITED,
                },
                told.NewWebhook,
            ),
        ),
        post(
            f"{one}/secret", handler=_named(f"rotate_webhook_{side}", webhooks.api_rotate),
            fresh=True,
            doc=Doc(
                "A new secret; messages carry both signatures for a day. Asks for a fresh proof.",
                {200: (told.Secret, "The secret, told this once."), **_LIMITED},
            ),
        ),
        post(
            f"{one}/state", handler=_named(f"set_webhook_state_{side}", webhooks.api_state),
            fields=frozenset({"state"}),
            doc=Doc(
                "Pause it, go on, or remove it.",
                {200: (told.WebhookState, "Done."), **_WRONG},
                told.NewState,
            ),
        ),
        post(
            f"{one}/replay", handler=_named(f"replay_webhook_{side}", webhooks.api_replay),
            fields=frozenset({"from_ms"}),
            doc=Doc(
                "Send everything from a moment on again. Events are kept for thirty days.",
                {200: (told.Queued, "They are in the queue."), **_WRONG},
                told.ReplayFrom,
            ),
        ),
        post(
            f"{one}/test", handler=_named(f"test_webhook_{side}", webhooks.api_test),
            doc=Doc(
                "Send one message of type webhook.test.",
                {200: (told.Queued, "It is in the queue."), **_LIMITED},
            ),
        ),
        Spec(
            "GET", f"{one}/deliveries", see,
            _named(f"list_deliveries_{side}", webhooks.api_deliveries),
            doc=Doc("Its last hundred deliveries.", {200: (told.Deliveries, "Newest first.")}),
        ),
    ]  # fmt: skip


PAGES += _pages("/desk/webhooks", Act.SEE_WEBHOOKS, Act.MANAGE_WEBHOOKS)
PAGES += _pages("/agency/webhooks", Act.SEE_AGENCY_WEBHOOKS, Act.MANAGE_AGENCY_WEBHOOKS)
API += _api("desk", "/api/desk/webhooks", Act.SEE_WEBHOOKS, Act.MANAGE_WEBHOOKS)
API += _api("agency", "/api/agency/webhooks", Act.SEE_AGENCY_WEBHOOKS, Act.MANAGE_AGENCY_WEBHOOKS)

_IMPORT = Act.IMPORT_CASES
_IMPORTS = imports.PAGE
_UPLOAD = f"{_IMPORTS}/{{upload:int}}"
_FORMAT = {"format": ({"type": "string", "enum": ["csv", "json"]}, "json if none is named.")}
_KEY = {"key": ({"type": "string", "format": "uuid"}, "The same key sent twice is one import.")}

PAGES += [
    Spec("GET", _IMPORTS, _IMPORT, imports.page, "page"),
    Spec(
        "POST", _IMPORTS, _IMPORT, imports.take_by_form, "page", rated=True, form=imports.form
    ),
    Spec("GET", _UPLOAD, _IMPORT, imports.show, "page"),
    Spec("POST", f"{_UPLOAD}/confirm", _IMPORT, imports.confirm_by_form, "page", rated=True),
    Spec("POST", f"{_UPLOAD}/drop", _IMPORT, imports.give_up_by_form, "page", rated=True),
    Spec("GET", "/agency/export", _IMPORT, imports.export, "page"),
]  # fmt: skip
API += [
    Spec(
        "GET", f"/api{_IMPORTS}", _IMPORT, _named("list_imports", imports.api_list),
        doc=Doc("The agency's last imports.", {200: (told.Imports, "Newest first.")}),
    ),
    Spec(
        "POST", f"/api{_IMPORTS}", _IMPORT, _named("take_import", imports.api_take), rated=True,
        doc=Doc(
            "Hand in a file of cases (JSON, or CSV as text/csv). It is looked at, not written yet.",
            {
                202: (told.ImportTaken, "Taken; ask for its state."),
                400: (models.Problem, "BAD_MESSAGE."),
                408: (models.Problem, "TIMED_OUT: the body did not arrive."),
                409: (models.Problem, "NO_HOUSE: you work for none."),
                413: (models.Problem, "TOO_LARGE: more than 24 MiB."),
                415: (models.Problem, "UNSUPPORTED_TYPE."),
                **_LIMITED,
            },
            told.CaseFile,
            query=_KEY,
        ),
    ),
    Spec(
        "GET", f"/api{_UPLOAD}", _IMPORT, _named("show_import", imports.api_show),
        doc=Doc("An import, with every fault.", {200: (told.Import, "As it stands.")}),
    ),
    Spec(
        "POST", f"/api{_UPLOAD}/confirm", _IMPORT, _named("confirm_import", imports.api_confirm),
        rated=True,
        doc=Doc(
            "Write a file in which nothing is wrong: all of it or nothing.",
            {
                202: (told.Import, "It is being written, or has been."),
                409: (models.Problem, "NOT_READY_YET."),
                **_LIMITED,
            },
        ),
    ),
    Spec(
        "POST", f"/api{_UPLOAD}/drop", _IMPORT, _named("drop_import", imports.api_give_up),
        rated=True,
        doc=Doc(
            "Throw a file away that was not written.",
            {200: (told.ImportDropped, "Whether it is gone."), **_LIMITED},
        ),
    ),
    Spec(
        "GET", "/api/agency/export", _IMPORT, _named("export_cases", imports.export),
        doc=Doc(
            "All cases with their assets, as a file that can be imported.",
            {
                200: ("application/json, text/csv", "The file, in the form asked for."),
                400: (models.Problem, "BAD_MESSAGE."),
            },
            query=_FORMAT,
        ),
    ),
]  # fmt: skip
