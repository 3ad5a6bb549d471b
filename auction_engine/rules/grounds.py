"""Closed lists: why a lot fails, stands still, ends, or changes, in the law's own words."""

from auction_engine.rules.commands import Role

# Law 01/2016 Art. 52(1) in its order; the last is Art. 5(2) where Art. 49 does not help.
FAILURES: dict[str, str] = {
    "NO_REGISTRANT": "a",
    "NO_BID": "b",
    "BELOW_RESERVE": "c",
    "MINUTES_REFUSED": "d",
    "WITHDRAWN": "đ",
    "WIN_REFUSED": "e",
    "SOLE_REGISTRANT": "g",
    "TOO_FEW_PARTICIPANTS": "",
}
# Law 106/2025 Art. 84(1): what the enforcement officer may ask for, before and during the bidding.
OFFICERS_GROUNDS = ("POSTPONED", "COMPLAINT_AUTHORITY", "PROSECUTION")
PAUSE_GROUNDS = ("AUCTIONEER", *OFFICERS_GROUNDS)
# TURN and SESSION_PAUSED are a session's own: another lot's turn, or the whole of it stands still.
POSTPONEMENTS = (
    "TECHNICAL_FAULT",
    "FORCE_MAJEURE",
    "TURN",
    "SESSION_PAUSED",
    *OFFICERS_GROUNDS,
)
# Why a lot that is due to open is postponed by itself.
NOT_OPENED = ("HELD", "DOSSIERS_UNDECIDED")
# Law 37/2024 Art. 1(24): who has paid a deposit may withdraw when one of these changes.
CHANGES = ("START_PRICE", "QUANTITY", "QUALITY", "TIME", "PLACE", "FORM", "METHOD")
# Law 106/2025 Art. 84(2), Decree 152/2026 Art. 65(7)-(8), Law 01/2016 Art. 47(1).
STOP_GROUNDS = (
    "ENFORCEMENT_TERMINATED",
    "SERIOUS_BREACH",
    "NOT_FIT_FOR_AUCTION",
    "WORTH_LESS_THAN_COSTS",
    "ENTRUSTED_AGENCY_STOPPED",
    "PRIORITY_PURCHASE",
    "OWNER_RECLAIMED",
    "REDEEMED",
    "CREDITOR_TOOK_IN_KIND",
    "ENOUGH_PROCEEDS",
    "COLLUSION_SUSPECTED",
)
# Law 01/2016 Art. 9(5): what a bidder must not do.
DISQUALIFICATIONS = ("FALSE_PAPERS", "COLLUSION", "DISORDER", "THREATS")
# Law 01/2016 Arts. 72-73.
ANNULMENTS = (
    "AGREEMENT",
    "COURT",
    "CONTRACT_RESCINDED",
    "COLLUSION",
    "SANCTION",
    "TECHNICAL_FAULT",
)
# Why a deposit is no longer held, and of what kind it can then be (`terms.DEPOSIT_MEANS`).
# WITHDRAWN: given back with a dossier taken back or refused; RETURNED: given back otherwise, as
# after a stop.
RELEASES: dict[str, tuple[str, ...]] = {
    "BANK_REVERSAL": ("TRANSFER",),
    "MISMATCHED": ("TRANSFER", "CASH"),
    "GUARANTEE_LAPSED": ("GUARANTEE",),
    "CARD_HOLD_LAPSED": ("CARD_HOLD",),
    "EXEMPTION_ENDED": ("EXEMPT",),
    "WITHDRAWN": ("TRANSFER", "CASH", "GUARANTEE", "CARD_HOLD", "EXEMPT"),
    "RETURNED": ("TRANSFER", "CASH", "GUARANTEE", "CARD_HOLD"),
}
# Who may place and release a hold: never the house alone when a court or the procuracy asked.
HOLD_ROLES: dict[str, tuple[Role, ...]] = {
    "COMPLAINT": ("AGENCY", "ORGANISATION", "PROCURATOR"),
    "LITIGATION": ("AGENCY", "COURT"),
    "PROSECUTION": ("AGENCY", "PROCURATOR"),
}
HOLDS = tuple(HOLD_ROLES)
