"""Where somebody stands on the way into a room, and what comes next. Pure."""

from typing import Literal, NamedTuple

from auction_engine.desk.admission.reading import Dossier
from auction_engine.rules import deposits
from auction_engine.rules.lot import BEFORE_OPENING, LotState

Who = Literal["NOBODY", "BIDDER", "OTHER"]
# Registration as the log's clock has it; NONE where bidders are admitted without dossiers.
Window = Literal["NONE", "BEFORE", "OPEN", "OVER"]
Place = Literal["DONE", "NOW", "WAITING", "LATER", "STOPPED"]


class Step(NamedTuple):
    """One step. `text` is what to say of it, under `way.step.<code>.<text>`."""

    code: Literal["SIGN_IN", "DOSSIER", "DEPOSIT", "DECISION", "ROOM"]
    place: Place
    text: str


class Standing(NamedTuple):
    """The steps in their order, the one to do or to wait for, and what stands above them all."""

    window: Window
    steps: tuple[Step, ...]
    next: Step | None


def window(state: LotState, now_ms: int) -> Window:
    """Whether dossiers are taken now."""
    terms = state.params.terms
    if terms is None or terms.registration_open_ms is None or terms.registration_close_ms is None:
        return "NONE"
    if state.status not in ("PUBLISHED", "REGISTRATION_OPEN"):
        return "OVER"
    if now_ms < terms.registration_open_ms:
        return "BEFORE"
    return "OPEN" if now_ms < terms.registration_close_ms else "OVER"


def standing(
    state: LotState, now_ms: int, who: Who, account: int | None, dossier: Dossier | None
) -> Standing:
    """Where `account` stands; for nobody in particular everything is still to come."""
    now = window(state, now_ms)
    admitted = account in state.admitted and account not in state.life.out
    steps = [_sign_in(who)]
    if now != "NONE":
        steps.append(_dossier(dossier, now, admitted))
    if deposits.recorded(state):
        steps.append(_deposit(state, account, dossier, admitted, now))
    if now != "NONE":
        steps.append(_decision(state, account, dossier, admitted))
    steps.append(_room(state, admitted))
    ordered = _in_turn(steps)
    return Standing(now, ordered, next((s for s in ordered if s.place in ("NOW", "WAITING")), None))


def _in_turn(steps: list[Step]) -> tuple[Step, ...]:
    """Only the first that is to be done is to be done now; after one that stopped nothing is."""
    found: list[Step] = []
    busy = stopped = False
    for step in steps:
        if stopped and step.place != "DONE":
            step = step._replace(place="LATER")
        elif busy and step.place == "NOW":
            step = step._replace(place="LATER")
        busy = busy or step.place == "NOW"
        stopped = stopped or step.place == "STOPPED"
        found.append(step)
    return tuple(found)


def _sign_in(who: Who) -> Step:
    if who == "BIDDER":
        return Step("SIGN_IN", "DONE", "DONE")
    return Step("SIGN_IN", "NOW", who)


def _dossier(dossier: Dossier | None, now: Window, admitted: bool) -> Step:
    state = "NONE" if dossier is None else dossier.state
    if admitted or state in ("SENT", "ADMITTED", "REFUSED"):
        return Step("DOSSIER", "DONE", "SENT")
    if state == "WITHDRAWN":
        return Step("DOSSIER", "STOPPED", "WITHDRAWN")
    if now == "BEFORE":
        return Step("DOSSIER", "WAITING", "BEFORE")
    if now == "OVER":
        return Step("DOSSIER", "STOPPED", "OVER")
    return Step("DOSSIER", "NOW", state)


def _deposit(
    state: LotState, account: int | None, dossier: Dossier | None, admitted: bool, now: Window
) -> Step:
    if account in state.life.deposits:
        return Step("DEPOSIT", "DONE", "HELD")
    if dossier is not None and dossier.state in ("REFUSED", "WITHDRAWN"):
        return Step("DEPOSIT", "LATER", "NOT_WANTED")
    registered = admitted or (account is not None and account in state.life.registered)
    if state.status not in (*BEFORE_OPENING, "RUNNING", "PAUSED"):
        return Step("DEPOSIT", "LATER", "OVER")
    if registered:
        return Step("DEPOSIT", "NOW", "WANTED")
    # Without dossiers the organisation enters its bidders itself.
    return Step("DEPOSIT", "LATER", "ENTERED" if now == "NONE" else "AFTER")


def _decision(
    state: LotState, account: int | None, dossier: Dossier | None, admitted: bool
) -> Step:
    made = "NONE" if dossier is None else dossier.state
    if admitted:
        return Step("DECISION", "DONE", "ADMITTED")
    if made == "REFUSED":
        return Step("DECISION", "STOPPED", "REFUSED")
    if made == "RETURNED":
        return Step("DECISION", "WAITING", "RETURNED")
    if made == "ADMITTED":
        # The people have said yes; the journal waits for the money.
        held = account in state.life.deposits or not deposits.recorded(state)
        return Step("DECISION", "WAITING", "RECORDING" if held else "NO_DEPOSIT")
    if made == "SENT":
        return Step("DECISION", "WAITING", "SENT")
    return Step("DECISION", "LATER", "LATER")


def _room(state: LotState, admitted: bool) -> Step:
    if state.phase == "closed":
        return Step("ROOM", "STOPPED", "OVER")
    running = state.status in ("RUNNING", "PAUSED")
    if not admitted:
        return Step("ROOM", "LATER", "OPEN_WATCH" if running else "LATER")
    return Step("ROOM", "NOW" if running else "WAITING", "OPEN" if running else "SOON")
