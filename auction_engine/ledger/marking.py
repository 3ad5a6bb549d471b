"""How a column says that it is sealed."""


def sealed(context: str) -> dict[str, str]:
    """Mark a column as sealed. `context` may name columns of the row: "person.data:{account_id}"
    (numbers in decimal, bytes in hexadecimal digits)."""
    return {"sealed": context}
