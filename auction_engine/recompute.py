"""Commands for anybody with a published record: check a sealed round or a draw; make keys."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from auction_engine.errors import AuctionError
from auction_engine.identity.sealkeys import new_key_pair
from auction_engine.rules.draw_record import check_draw
from auction_engine.rules.sealing_bytes import Fault
from auction_engine.rules.sealing_keys import fingerprint
from auction_engine.rules.sealing_round import check_round

# A record of a thousand boxes is a fifth of this.
_LARGEST_BYTES = 16 * 1024 * 1024


def draw(file: Path) -> int:
    """`draw check FILE`: recompute a published draw. The exit status: 0 right, 1 wrong.

    Raises AuctionError for a file that cannot be read as JSON.
    """
    record = _read(file)
    return _say(check_draw, record, lambda: f"The draw gives {', '.join(record['order'])}.")


def sealed(file: Path) -> int:
    """`sealed check FILE`: open all boxes of a published round. Otherwise like `draw`."""
    record = _read(file)
    return _say(
        check_round,
        record,
        lambda: (
            f"Each of the {len(record['bids'])} boxes holds what is recorded. The keys have the"
            f" fingerprint {fingerprint(record['public_keys'])}."
        ),
    )


def new_keys() -> str:
    """`keys new`: a new pair for one round, as text for the holder.

    To be run where the holder is, never on the server of the auction.
    """
    pair = new_key_pair()
    return (
        f"public key, to be published:                     {pair.public}\n"
        f"private key, secret until the round is opened:   {pair.private}\n"
    )


def _read(file: Path) -> Any:
    try:
        if file.stat().st_size > _LARGEST_BYTES:
            raise AuctionError(f"{file} is larger than any record.")
        return json.loads(file.read_bytes())
    except OSError as error:
        raise AuctionError(f"{file} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise AuctionError(f"{file} is not JSON.") from None


def _say(check: Callable[[object], Fault | None], record: Any, right: Callable[[], str]) -> int:
    fault = check(record)
    if fault is not None:
        print(f"{fault.code} at {fault.where}: {fault.text}")
        return 1
    print(right())
    return 0
