"""QR codes as pictures to be put into a page."""

from html import escape

import segno

_QUIET = 4


def svg(text: str, title: str) -> str:
    """The code of `text`, black on its own white ground; `title` says what it is."""
    code = segno.make_qr(text, error="m")
    size = len(code.matrix) + 2 * _QUIET
    dark = "".join(
        f"M{x} {y}h1v1h-1z"
        for y, row in enumerate(code.matrix, _QUIET)
        for x, module in enumerate(row, _QUIET)
        if module
    )
    name = escape(title)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" role="img"'
        f' aria-label="{name}" shape-rendering="crispEdges"><title>{name}</title>'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path fill="#000" d="{dark}"/></svg>'
    )
