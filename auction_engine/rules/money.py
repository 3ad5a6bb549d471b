"""Amounts: whole numbers of a currency's minor unit (the đồng, the cent), nothing else."""

# Sorted-set scores and JavaScript numbers are doubles: above this they stop being exact.
MAX_AMOUNT_MINOR = 2**53 - 1


class AmountError(ValueError):
    """An amount that is not money. `code` is stable and part of the protocol."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def check_amount_minor(value: object) -> int:
    """Return `value` if it is a valid amount in minor units, 1 to 2^53 - 1.

    Takes what a JSON decoder gives. Booleans, floats (and so NaN, infinities, exponents and
    decimal points), strings and null are refused even when they look like a whole number:
    a client that is unsure of its types must not be guessed at.

    Raises AmountError: BAD_AMOUNT_NOT_INTEGER, BAD_AMOUNT_NOT_POSITIVE, BAD_AMOUNT_TOO_LARGE.
    """
    if type(value) is not int:
        raise AmountError(
            "BAD_AMOUNT_NOT_INTEGER",
            "The amount must be a whole number of the minor unit, "
            "without quotes, decimal point or exponent.",
        )
    if value <= 0:
        raise AmountError("BAD_AMOUNT_NOT_POSITIVE", "The amount must be greater than zero.")
    if value > MAX_AMOUNT_MINOR:
        raise AmountError("BAD_AMOUNT_TOO_LARGE", "The amount must be below 2^53 minor units.")
    return value
