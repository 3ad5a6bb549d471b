"""The records of a lot's sealed rounds and draws, as anybody may check them, from its journal.

`sealing_round.check_round` and `draw_record.check_draw` check them by themselves; that nothing is
missing in them, the journal's hash chain shows.
"""

from collections.abc import Iterable
from typing import Any

from auction_engine.rules import drawing, sealed
from auction_engine.rules.draw import FORMAT as DRAW_FORMAT
from auction_engine.rules.effects import apply
from auction_engine.rules.events import Turn, from_body
from auction_engine.rules.lot import LotState
from auction_engine.rules.sealing_round import FORMAT as ROUND_FORMAT

Record = dict[str, Any]


def records(entries: Iterable[Record]) -> list[Record]:
    """The record of every opened sealed round and of every draw, in the order they happened.

    `entries` are the decoded entries of one lot's journal from the first on. Raises ValueError if
    they are not; KeyError or ParamsError for entries no part of this program writes.
    """
    reader = _Reader()
    for entry in entries:
        reader.take(entry)
    return reader.records


class _Reader:
    """Follows the lot and remembers at which numbers the parts of the next records stand."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._state: LotState | None = None
        self._lot: int | None = None
        self._seq = 0
        self._listed = 0
        self._boxes: dict[int, int] = {}  # bidder: where the last box stands
        self._draw: dict[tuple[str, Any], int] = {}  # (kind, who): where the last of it stands
        self._round: Record = {}

    def take(self, entry: Record) -> None:
        if entry["seq"] != self._seq + 1 or entry["lot"] != (self._lot or entry["lot"]):
            raise ValueError(f"entry {entry['seq']} of lot {entry['lot']} does not come next")
        self._seq, self._lot = entry["seq"], entry["lot"]
        event = from_body(entry["kind"], entry)
        before, self._state = self._state, apply(self._state, event)
        if event.kind == "lot.listed":
            self._listed = self._seq
            if self._state.params.lot not in (None, self._lot):
                raise ValueError(f"boxes and seeds are bound to another lot than {self._lot}")
        elif event.kind == "bid.sealed":
            self._boxes[entry["bidder"]] = self._seq
        elif isinstance(event, Turn) and before is not None:
            self._turn(before, event, self._state)

    def _turn(self, before: LotState, turn: Turn, after: LotState) -> None:
        data = turn.data
        if turn.kind == "boxes.opened":
            self._round = self._opened(after)
            self.records.append(self._round)
        elif turn.kind == "box.read":
            self._round["bids"].append(self._bid(before, data))
        elif turn.kind in ("entropy.added", "seed.committed"):
            self._draw[turn.kind, data["by"]] = self._seq
        elif turn.kind == "draw.awaited":
            self._draw[turn.kind, None] = self._seq
        elif turn.kind == "seed.revealed":
            self._draw[turn.kind, data["holder"]] = self._seq
        elif turn.kind == "lots.drawn":
            self.records.append(self._drawn(before, turn))

    def _opened(self, state: LotState) -> Record:
        box = state.life.sealed
        assert box is not None
        return {
            "format": ROUND_FORMAT,
            "lot": self._lot,
            "round": box.round,
            "public_keys": list(sealed.public_keys(state)),
            "private_keys": list(box.keys),
            "bids": [],
        }

    def _bid(self, state: LotState, data: Record) -> Record:
        box = state.life.sealed
        assert box is not None
        bid: Record = {
            "seq": self._boxes[data["bidder"]],
            "bidder_code": state.admitted[data["bidder"]].code,
            "bid_id": data["bid_id"],
            "box": box.boxes[data["bidder"]][1],
            "amount_minor": data.get("amount_minor"),
        }
        if "fault" in data:
            # Why a readable amount is no valid bid is for the lot's rules, not for its box.
            bid["reason" if bid["amount_minor"] is None else "invalid"] = data["fault"]
        return bid

    def _drawn(self, state: LotState, turn: Turn) -> Record:
        lots, codes = state.life.lots, state.admitted
        rules = drawing.rules_of(state)
        assert lots is not None
        assert rules is not None
        published = [self._entry(self._listed, who, commitment=c) for who, c in rules.commitments]
        accounts = {known.code: bidder for bidder, known in codes.items()}
        own = [
            self._entry(self._draw["seed.committed", accounts[who]], who, commitment=c)
            for who, c in lots.commitments
        ]
        added = [
            {"seq": self._draw["entropy.added", b], "bidder": codes[b].code, "text": text}
            for b, text in lots.entropy
        ]
        return {
            "format": DRAW_FORMAT,
            "lot": self._lot,
            "round": drawing.number(state),
            "commitments": published + own,
            "entrants_seq": self._draw["draw.awaited", None],
            "entrants": sorted(codes[bidder].code for bidder in lots.entrants or ()),
            "contributions": added,
            "reveals": [
                self._entry(self._draw["seed.revealed", who], who, seed=seed)
                for who, seed in lots.seeds
            ],
            "left_out": turn.data["left_out"],
            "order": [codes[bidder].code for bidder in turn.data["order"]],
        }

    @staticmethod
    def _entry(seq: int, holder: str, **said: str) -> Record:
        return {"seq": seq, "holder": holder, **said}
