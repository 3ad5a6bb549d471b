"""The routes of signing in, of second factors and of devices."""

from auction_engine.http import (
    models,
    signin_devices,
    signin_oidc,
    signin_passkeys,
    signin_second,
    signin_security,
)
from auction_engine.http import models_signin as told
from auction_engine.http.guard import Doc, Spec
from auction_engine.identity.access import Act

_SECURITY = signin_security.PAGE
_DEVICES = signin_devices.PAGE
_SEE, _CHANGE = Act.SEE_OWN_SECURITY, Act.CHANGE_OWN_SECURITY


def _change(path: str, handler: object, method: str = "POST") -> Spec:
    """A page that changes how its owner signs in: only after a fresh proof."""
    return Spec(
        method, path, _CHANGE, handler, "page", rated=method == "POST", fresh=True,  # type: ignore[arg-type]
        back=None if method == "GET" else _SECURITY,
    )  # fmt: skip


PAGES = [
    Spec("GET", "/login/second", Act.SIGN_IN, signin_second.show, "page"),
    Spec("POST", "/login/second", Act.SIGN_IN, signin_second.answer, "page"),
    Spec("GET", "/login/again", _SEE, signin_second.show_again, "page"),
    Spec("POST", "/login/again", _SEE, signin_second.prove_by_password, "page"),
    Spec("GET", "/login/oidc", Act.SIGN_IN, signin_oidc.depart, "page"),
    Spec("GET", signin_oidc.BACK_PATH, Act.SIGN_IN, signin_oidc.arrive, "page"),
    Spec("GET", "/logout/done", Act.SIGN_OUT, signin_oidc.signed_out, "page"),
    Spec("GET", _SECURITY, _SEE, signin_security.show, "page"),
    _change(f"{_SECURITY}/totp/new", signin_security.begin_totp),
    _change(f"{_SECURITY}/totp", signin_security.show_totp, "GET"),
    _change(f"{_SECURITY}/totp", signin_security.confirm_totp),
    _change(f"{_SECURITY}/totp/remove", signin_security.remove_totp),
    _change(f"{_SECURITY}/codes", signin_security.renew_codes),
    _change(f"{_SECURITY}/passkeys/remove", signin_security.remove_passkey),
    _change(f"{_SECURITY}/password", signin_security.show_password, "GET"),
    _change(f"{_SECURITY}/password", signin_security.change_password),
    _change(f"{_SECURITY}/oidc", signin_oidc.depart_to_link),
    _change(f"{_SECURITY}/oidc/remove", signin_security.unlink),
    Spec("GET", _DEVICES, _SEE, signin_devices.show, "page"),
    # No proof is asked for: who finds a stranger there must be quick.
    Spec("POST", f"{_DEVICES}/end", _CHANGE, signin_devices.end_one, "page", rated=True),
    Spec("POST", f"{_DEVICES}/others", _CHANGE, signin_devices.end_others, "page", rated=True),
]

_NONE_HERE = (models.Problem, "NO_PASSKEYS_HERE: no domain or no https, or the account has none.")
_LIMITED = {429: (models.Problem, "RATE_LIMITED.")}

API = [
    Spec(
        "POST",
        "/api/login/passkey/options",
        Act.SIGN_IN,
        signin_passkeys.options,
        fields=frozenset({"purpose"}),
        doc=Doc(
            "What to ask an authenticator for.",
            {
                200: (told.Options, "For navigator.credentials.get()."),
                401: (models.Problem, "SIGN_IN_NEEDED: no first step was taken, or too long ago."),
                409: _NONE_HERE,
                **_LIMITED,
            },
            told.PasskeyAsked,
        ),
    ),
    Spec(
        "POST",
        "/api/login/passkey",
        Act.SIGN_IN,
        signin_passkeys.use,
        fields=frozenset({"purpose", "credential"}),
        optional=frozenset({"next"}),
        doc=Doc(
            "Sign in with a passkey, or prove oneself again; sets the cookie `session`.",
            {
                200: (told.WayOn, "Done."),
                401: (models.Problem, "WRONG_PASSKEY or SIGN_IN_NEEDED."),
                409: _NONE_HERE,
            },
            told.PasskeyUsed,
        ),
    ),
    Spec(
        "POST",
        "/api/account/passkeys/options",
        _CHANGE,
        signin_passkeys.options_to_make,
        rated=True,
        fresh=True,
        fields=frozenset(),
        doc=Doc(
            "What to ask an authenticator for, to make a passkey. Asks for a fresh proof.",
            {
                200: (told.Options, "For navigator.credentials.create()."),
                409: (models.Problem, "NO_PASSKEYS_HERE or TOO_MANY_PASSKEYS."),
                **_LIMITED,
            },
        ),
    ),
    Spec(
        "POST",
        "/api/account/passkeys",
        _CHANGE,
        signin_passkeys.make,
        rated=True,
        fresh=True,
        fields=frozenset({"name", "credential"}),
        doc=Doc(
            "Keep the passkey that was just made. Asks for a fresh proof.",
            {
                200: (told.PasskeyKept, "It is kept."),
                409: (models.Problem, "NO_PASSKEYS_HERE or WRONG_PASSKEY."),
                **_LIMITED,
            },
            told.PasskeyMade,
        ),
    ),
]
