"""The routes of people's accounts."""

from auction_engine.http import models
from auction_engine.http import models_people as told
from auction_engine.http.guard import Doc, Spec
from auction_engine.http.people import keeping, mailbox, profile, recovering, registering
from auction_engine.identity.access import Act

_ASK, _SEE, _CHANGE, _ERASE = (
    Act.REGISTER, Act.SEE_OWN_ACCOUNT, Act.CHANGE_OWN_ACCOUNT, Act.ERASE_OWN_ACCOUNT,
)  # fmt: skip
_DATA = keeping.PAGE

PAGES = [
    Spec("GET", "/register", _ASK, registering.show, "page"),
    Spec("POST", "/register", _ASK, registering.submit, "page"),
    Spec("GET", "/terms", _ASK, registering.terms, "page"),
    Spec("GET", "/confirm/{token}", _ASK, registering.show_confirm, "page"),
    Spec("POST", "/confirm/{token}", _ASK, registering.confirm, "page"),
    Spec("GET", "/confirm/email/{token}", _ASK, registering.show_confirm, "page"),
    Spec("POST", "/confirm/email/{token}", _ASK, registering.confirm_email, "page"),
    Spec("GET", "/recover", _ASK, recovering.show, "page"),
    Spec("POST", "/recover", _ASK, recovering.submit, "page"),
    Spec("GET", "/recover/{token}", _ASK, recovering.show_new, "page"),
    Spec("POST", "/recover/{token}", _ASK, recovering.submit_new, "page"),
    Spec("GET", profile.PAGE, _SEE, profile.show, "page"),
    Spec("GET", "/account/edit", _CHANGE, profile.edit, "page"),
    Spec("POST", "/account/edit", _CHANGE, profile.submit, "page", rated=True),
    Spec("GET", "/account/email", _CHANGE, profile.show_email, "page", fresh=True),
    Spec("POST", "/account/email", _CHANGE, profile.submit_email, "page", rated=True, fresh=True),
    Spec("GET", _DATA, _SEE, keeping.show, "page"),
    Spec("GET", f"{_DATA}/export", _SEE, keeping.take, "page", fresh=True),
    Spec("GET", f"{_DATA}/erase", _ERASE, keeping.show_erase, "page", fresh=True),
    Spec("POST", f"{_DATA}/erase", _ERASE, keeping.erase, "page", rated=True, fresh=True),
    Spec("GET", "/demo/mail", Act.SEE_FILES, mailbox.show, "page"),
]

_WRONG = {400: (models.Problem, "BAD_MESSAGE or BAD_FIELDS, which names the field.")}
_STALE = {410: (models.Problem, "STALE_LINK: unknown, used or too old.")}
_LIMITED = {429: (models.Problem, "RATE_LIMITED.")}
_PROVE = {403: (models.Problem, "FORBIDDEN, or PROVE_FIRST: the last proof is too old.")}
_NO_PERSON = {404: (models.Problem, "NOT_FOUND: the account has no personal data.")}
_LETTER = {202: (told.LetterSent, "Whoever has the address has a letter.")}


def _open(path: str, handler: object, fields: set[str], doc: Doc, **more: object) -> Spec:
    """A request of somebody who need not be signed in."""
    return Spec(
        "POST", path, _ASK, handler, csrf=False, fields=frozenset(fields), doc=doc,  # type: ignore[arg-type]
        **more,  # type: ignore[arg-type]
    )  # fmt: skip


API = [
    _open(
        "/api/register",
        registering.api_register,
        {"kind", "name", "email", "identity", "password", "terms"},
        Doc(
            "Ask for an account. The answer is the same whether there is one already or not.",
            _LETTER | _WRONG | _LIMITED,
            told.Registration,
        ),
        optional=frozenset({"phone"}),
    ),
    _open(
        "/api/confirm",
        registering.api_confirm,
        {"token", "password"},
        Doc(
            "Confirm an address, with the password chosen before: the account is made.",
            {
                200: (told.AddressConfirmed, "The account can be signed in to."),
                401: (models.Problem, "WRONG_PASSWORD: somebody else may have asked."),
            }
            | _STALE
            | _LIMITED,
            told.Confirmation,
        ),
    ),
    _open(
        "/api/recover",
        recovering.api_recover,
        {"email"},
        Doc(
            "Ask for a letter that sets a new password.",
            _LETTER | _WRONG | _LIMITED,
            told.EmailAddress,
        ),
    ),
    _open(
        "/api/recover/password",
        recovering.api_password,
        {"token", "password"},
        Doc(
            "Set a new password by the link in a letter; every session ends.",
            {200: (told.PasswordSet, "Set.")} | _WRONG | _STALE | _LIMITED,
            told.NewPassword,
        ),
    ),
    Spec(
        "GET",
        "/api/account",
        _SEE,
        profile.api_account,
        doc=Doc("The own account and personal data.", {200: (told.OwnAccount, "All of it.")}),
    ),
    Spec(
        "POST",
        "/api/account",
        _CHANGE,
        profile.api_change_account,
        fields=frozenset(),
        optional=frozenset(told.AccountChange.model_fields),
        rated=True,
        doc=Doc(
            "Change own data; name, number and address have ways of their own.",
            {200: (told.AccountChanged, "Changed.")} | _WRONG | _NO_PERSON | _LIMITED,
            told.AccountChange,
        ),
    ),
    Spec(
        "POST",
        "/api/account/email",
        _CHANGE,
        profile.api_change_email,
        fields=frozenset({"email"}),
        rated=True,
        fresh=True,
        doc=Doc(
            "Ask for another address; it counts once confirmed by the letter sent there.",
            _LETTER | _WRONG | _PROVE | _NO_PERSON | _LIMITED,
            told.EmailAddress,
        ),
    ),
    Spec(
        "GET",
        "/api/account/export",
        _SEE,
        keeping.api_export_account,
        fresh=True,
        doc=Doc(
            "Everything kept about the owner; the files handed in come with the page's archive.",
            {200: (told.AccountExport, "All of it.")} | _PROVE | _LIMITED,
        ),
    ),
    Spec(
        "POST",
        "/api/account/erasure",
        _ERASE,
        keeping.api_erase_account,
        fields=frozenset({"sure"}),
        rated=True,
        fresh=True,
        doc=Doc(
            "Erase the account: what the law orders to keep stays sealed, the rest goes now.",
            {
                200: (told.AccountErased, "Erased."),
                409: (models.Problem, "NOT_YET: an auction or a payment is under way."),
            }
            | _WRONG
            | _PROVE
            | _LIMITED,
            told.Erasure,
        ),
    ),
]
