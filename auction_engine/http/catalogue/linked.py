"""What search engines are told of a lot: schema.org, as a block of data in the page."""

from datetime import UTC, datetime
from typing import Any

_AVAILABLE = {"sold": "SoldOut", "failed": "Discontinued", "stopped": "Discontinued"}


def day_of(ms: int) -> str:
    """A moment as ISO 8601 in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")


def listed(base: str, lang: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A list of lots: an ItemList."""
    return {
        "@context": "https://schema.org",
        "@type": "ItemList",
        "numberOfItems": len(rows),
        "itemListElement": [
            {
                "@type": "ListItem",
                "position": n,
                "url": f"{base}/lots/{row['lot_id']}",
                "name": row["card"]["title"][lang],
            }
            for n, row in enumerate(rows, 1)
        ],
    }


def lot(base: str, lang: str, lot: dict[str, Any]) -> dict[str, Any]:
    """One lot (`lists.lot_of`): the event of its sale and what is offered."""
    address = f"{base}/lots/{lot['id']}"
    whole = lot["price_minor"] / 10 ** lot["minor_digits"]
    found: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "SaleEvent",
        "name": lot["title"][lang],
        "url": address,
        "inLanguage": lang,
        "startDate": day_of(lot["start_ms"]),
        "eventAttendanceMode": "https://schema.org/OnlineEventAttendanceMode",
        "location": {"@type": "VirtualLocation", "url": address},
        "offers": {
            "@type": "Offer",
            "url": address,
            "price": f"{whole:.{lot['minor_digits']}f}",
            "priceCurrency": lot["currency"],
            "validFrom": day_of(lot["start_ms"]),
            "availability": "https://schema.org/" + _AVAILABLE.get(lot["state"], "InStock"),
            "itemOffered": {"@type": "Product", "name": lot["title"][lang]},
        },
    }
    if lot["end_ms"] is not None:
        found["endDate"] = day_of(lot["end_ms"])
    if lot["photos"]:
        found["image"] = [f"{address}/photos/{one['file']}/1280" for one in lot["photos"]]
    if lot["organisation"]:
        found["organizer"] = {"@type": "Organization", "name": lot["organisation"][lang]}
    return found
