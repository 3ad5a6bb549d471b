"""Every place where something of an account is kept: the one list that export and erasure follow.

A table that points at `account` and is not listed here fails a test. What the law orders to keep is
named with its ground; everything else goes when the account is erased.
"""

from dataclasses import dataclass
from typing import Literal

Fate = Literal["ERASE", "KEEP", "SPECIAL"]

# Art. 54 of Law 01/2016/QH14 (the file of an auction), books by the law on accounting, what proves
# that a right was respected, and what a house has on record of its own acts.
Ground = Literal["AUCTION_FILE", "BOOKS", "PROOF", "RECORD"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where rows of an account are: `table.column` holds its id.

    `export`: whether the rows are the person's to have (what colleagues did at a desk is the
    house's). `through`: further tables whose rows hang on these. `left_out`: columns that are no
    data of the person (secrets, hashes) or are another's.
    """

    table: str
    column: str
    fate: Fate
    export: bool = True
    ground: Ground | None = None
    left_out: tuple[str, ...] = ()
    through: tuple[tuple[str, str, str], ...] = ()  # (table, its column, our column)


# What opens an account: gone at once with erasure, and when its owner takes it over.
CREDENTIALS = (
    "totp", "recovery_code", "passkey", "oidc_identity", "known_device", "one_use_token",
    "api_token",
)  # fmt: skip

PLACES: tuple[Place, ...] = (
    Place("person", "account_id", "SPECIAL", left_out=("identity_mark", "email_mark")),
    Place("consent", "account_id", "KEEP", ground="PROOF"),
    Place("web_session", "account_id", "ERASE", left_out=("token_hash", "csrf")),
    Place("one_use_token", "account_id", "ERASE", left_out=("token_hash", "data")),
    Place("letter", "account_id", "SPECIAL", left_out=("secrets", "address")),
    Place("reading_trace", "subject_id", "KEEP", ground="PROOF", left_out=("reader_id",)),
    Place("reading_trace", "reader_id", "KEEP", export=False, ground="PROOF"),
    Place("totp", "account_id", "ERASE", left_out=("secret", "last_step")),
    Place("recovery_code", "account_id", "ERASE", left_out=("code_hash",)),
    Place("passkey", "account_id", "ERASE", left_out=("public_key", "handle", "credential_id")),
    Place("oidc_identity", "account_id", "ERASE"),
    Place("known_device", "account_id", "ERASE", left_out=("device_hash",)),
    Place("api_token", "account_id", "ERASE", left_out=("token_hash",)),
    Place("webhook", "made_by", "KEEP", export=False, ground="RECORD"),
    Place("case_import", "account_id", "KEEP", export=False, ground="RECORD"),
    Place("case_import", "confirmed_by", "KEEP", export=False, ground="RECORD"),
    Place("session_entry", "account_id", "KEEP", export=False, ground="RECORD"),
    Place("session_draft", "made_by", "KEEP", export=False, ground="RECORD"),
    Place("session_draft", "submitted_by", "KEEP", export=False, ground="RECORD"),
    Place("session_draft", "approved_by", "KEEP", export=False, ground="RECORD"),
    Place("session_draft_entry", "account_id", "KEEP", export=False, ground="RECORD"),
    Place("session_template", "made_by", "KEEP", export=False, ground="RECORD"),
    Place("money_act", "account_id", "KEEP", export=False, ground="BOOKS"),
    Place("payout_batch", "prepared_by", "KEEP", export=False, ground="BOOKS"),
    Place("payout_batch", "released_by", "KEEP", export=False, ground="BOOKS"),
    Place("distribution", "prepared_by", "KEEP", export=False, ground="BOOKS"),
    Place("distribution", "approved_by", "KEEP", export=False, ground="BOOKS"),
    Place("push_subscription", "account_id", "ERASE", left_out=("mark", "session", "target")),
    Place(
        "saved_search",
        "account_id",
        "ERASE",
        through=(("search_letter", "search_id", "id"),),
    ),
    Place("notice_version", "account_id", "KEEP", export=False, ground="RECORD"),
    Place(
        "dossier",
        "account_id",
        "SPECIAL",
        ground="AUCTION_FILE",
        left_out=("marks", "decided_by"),
        through=(("dossier_document", "dossier_id", "id"), ("dossier_act", "dossier_id", "id")),
    ),
    Place("dossier", "decided_by", "KEEP", export=False, ground="RECORD"),
    Place("dossier_act", "account_id", "KEEP", export=False, ground="RECORD"),
    Place("practice", "account_id", "KEEP", ground="RECORD"),
    Place(
        "complaint",
        "filed_by",
        "KEEP",
        ground="AUCTION_FILE",
        through=(
            ("complaint_act", "complaint_id", "id"),
            ("complaint_document", "complaint_id", "id"),
        ),
    ),
    Place("complaint_act", "account_id", "KEEP", export=False, ground="RECORD"),
    Place(
        "complaint_member",
        "account_id",
        "KEEP",
        ground="AUCTION_FILE",
        through=(("complaint_leaving", "member_id", "id"),),
    ),
    # Readings by warrant are shown and taken away with the traces, once they may be.
    Place("warrant_reading", "subject_id", "KEEP", export=False, ground="PROOF"),
    Place("warrant_reading", "reader_id", "KEEP", export=False, ground="PROOF"),
    Place("warrant", "account_id", "KEEP", export=False, ground="RECORD"),
    Place("warrant_end", "account_id", "KEEP", export=False, ground="RECORD"),
    Place("finding", "account_id", "KEEP", export=False, ground="RECORD"),
    Place("finding_act", "account_id", "KEEP", export=False, ground="RECORD"),
    Place("signature", "account_id", "KEEP", ground="AUCTION_FILE"),
    # What officers and organisations did with cases, assets and contracts.
    Place("enforcement_case", "created_by", "KEEP", export=False, ground="RECORD"),
    Place("service_contract", "offered_by", "KEEP", export=False, ground="RECORD"),
    Place("service_contract", "taken_by", "KEEP", export=False, ground="RECORD"),
    Place("asset_entry", "account_id", "KEEP", export=False, ground="RECORD"),
    Place("case_entry", "account_id", "KEEP", export=False, ground="RECORD"),
    Place("minutes", "drawn_by", "KEEP", export=False, ground="RECORD"),
    Place("minutes_signature", "account_id", "KEEP", export=False, ground="RECORD"),
    # What staff is, may and did is the house's record; a bidder's question stays with the lot.
    Place("body_duty", "account_id", "KEEP", export=False, ground="RECORD"),
    Place("house_act", "account_id", "KEEP", export=False, ground="RECORD"),
    Place("house_act", "subject_id", "KEEP", export=False, ground="RECORD"),
    Place("house_invitation", "invited_by", "KEEP", export=False, ground="RECORD"),
    Place("house_invitation", "account_id", "KEEP", export=False, ground="RECORD"),
    Place("auctioneer_card", "account_id", "KEEP", export=False, ground="RECORD"),
    Place("auctioneer_card", "recorded_by", "KEEP", export=False, ground="RECORD"),
    Place("auctioneer_card", "ended_by", "KEEP", export=False, ground="RECORD"),
    Place("staff_relation", "account_id", "KEEP", ground="RECORD", left_out=("mark",)),
    Place("registrant_key", "account_id", "KEEP", export=False, ground="RECORD"),
    Place(
        "lot_question", "asked_by", "KEEP", ground="AUCTION_FILE", left_out=("key", "decided_by")
    ),
    Place("lot_question", "decided_by", "KEEP", export=False, ground="RECORD"),
    Place("lot_question_act", "account_id", "KEEP", export=False, ground="RECORD"),
    Place("intake_decision", "account_id", "KEEP", export=False, ground="RECORD"),
    # No foreign keys: the journal and the books name accounts by number.
    Place("journal", "bidder", "KEEP", ground="AUCTION_FILE", left_out=("hash",)),
    Place("payment_request", "payer", "KEEP", ground="BOOKS"),
    Place("payout", "payee", "KEEP", ground="BOOKS"),
)
