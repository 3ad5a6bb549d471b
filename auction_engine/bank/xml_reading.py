"""Reading the XML of banks: a small tree of elements that know their line and their path.

The parser is defusedxml over expat, told to refuse every document type declaration: no entity is
ever declared, so none can grow or reach out. Banks' files have none.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from auction_engine.bank import values
from auction_engine.bank.errors import BankFileError, shown, wrong

# No ISO 20022 message nests deeper than about twenty elements.
MAX_DEPTH = 64
# Twenty megabytes of real statements hold some 500,000; more would only fill memory.
MAX_ELEMENTS = 1_000_000
_CHUNK = 65_536
_NO_ATTRIBUTES: Mapping[str, str] = {}
_ISO = "urn:iso:std:iso:20022:tech:xsd:"
_NAMESPACE = re.compile(
    re.escape(_ISO) + r"([a-z]{4}\.[0-9]{3})\.([0-9]{3}\.[0-9]{2})", re.ASCII
).fullmatch

__all__ = ["BankFileError", "Document", "Element", "parse"]


class Element:
    """One element: its name within the message's namespace, its line, its text and children.

    Elements of other namespaces keep the full `{namespace}name`, so nobody takes them for ours.
    """

    __slots__ = ("attributes", "children", "line", "name", "parent", "text")

    def __init__(
        self, name: str, attributes: Mapping[str, str], line: int, parent: "Element | None"
    ) -> None:
        self.name = name
        self.attributes = attributes or _NO_ATTRIBUTES
        self.line = line
        self.parent = parent
        self.text = ""
        self.children: list[Element] = []

    @property
    def path(self) -> str:
        """Such as `Document/BkToCstmrStmt/Stmt/Ntry[3]/Amt`; numbers only among several."""
        if self.parent is None:
            return self.name
        alike = [child for child in self.parent.children if child.name == self.name]
        number = f"[{alike.index(self) + 1}]" if len(alike) > 1 else ""
        return f"{self.parent.path}/{self.name}{number}"

    def __str__(self) -> str:
        """Line and path: the place of an error in it."""
        return f"line {self.line}, {self.path}"

    def all(self, path: str) -> Iterator["Element"]:
        """Every element at `path` below this one (`Ntry`, `NtryDtls/TxDtls`), in order."""
        first, _, rest = path.partition("/")
        for child in self.children:
            if child.name == first:
                if rest:
                    yield from child.all(rest)
                else:
                    yield child

    def get(self, *paths: str) -> "Element | None":
        """The first element at the first of `paths` that is there."""
        for path in paths:
            for found in self.all(path):
                return found
        return None

    def need(self, *paths: str) -> "Element":
        """As `get`, but it must be there. Raises BankFileError: ELEMENT_MISSING."""
        found = self.get(*paths)
        if found is None:
            raise wrong(
                "ELEMENT_MISSING",
                self,
                f"the element {' or '.join(paths)} is missing; ask the bank for the file again.",
            )
        return found

    def words(self, *paths: str) -> str | None:
        """The text at the first of `paths` that is there and has some, white space made single."""
        for path in paths:
            for found in self.all(path):
                if text := " ".join(found.text.split()):
                    return text
        return None

    def need_words(self, *paths: str) -> str:
        """As `words`, but some must be there. Raises BankFileError: ELEMENT_MISSING, _EMPTY."""
        text = self.words(*paths)
        if text is None:
            found = self.need(*paths)
            raise wrong(
                "ELEMENT_EMPTY",
                found,
                "the element is empty; ask the bank for the file again.",
            )
        return text

    def minor(self, digits: int, *, negative: bool = False) -> int:
        """This element's amount in minor units. Raises as `values.minor`."""
        return values.minor(self.text, digits, self, negative=negative)

    def currency(self) -> str:
        """The attribute `Ccy` of an amount. Raises BankFileError: CURRENCY_MISSING."""
        currency = self.attributes.get("Ccy", "").strip()
        if not currency:
            raise wrong(
                "CURRENCY_MISSING",
                self,
                "the amount has no currency (Ccy); ask the bank for the file again.",
            )
        return currency

    def day(self) -> date:
        """The day of `Dt` or `DtTm` in this element, or of its own text. Raises: BAD_DATE."""
        inner = self.get("Dt", "DtTm") or self
        return values.iso_day(inner.text, inner)


class Document(NamedTuple):
    """A message: its kind (`camt.053`), its version (`001.08`) and the element that holds it."""

    kind: str
    version: str
    body: Element


def parse(data: bytes, *, roots: Mapping[str, str]) -> Document:
    """The message in `data`, which must be one of `roots`: kind → the element inside `Document`.

    For example `{"pain.002": "CstmrPmtStsRpt"}`; every version of that kind is taken. Raises
    BankFileError: XML_FORBIDDEN (a document type or entity), XML_BROKEN, XML_TOO_DEEP,
    XML_TOO_LARGE, XML_NOT_A_MESSAGE (no ISO 20022 document), XML_OTHER_MESSAGE (another kind).
    """
    root, namespace = _tree(data)
    found = _NAMESPACE(namespace)
    if root.name != "Document" or found is None:
        raise wrong(
            "XML_NOT_A_MESSAGE",
            root,
            f"the file's root is {shown(root.name)} in the namespace {shown(namespace, 80)}, not "
            f"an ISO 20022 document; ask the bank for {' or '.join(roots)}.",
        )
    kind, version = found[1], found[2]
    if kind not in roots:
        raise wrong(
            "XML_OTHER_MESSAGE",
            root,
            f"the file is {kind}.{version}, but {' or '.join(roots)} is read here; choose another "
            f"file.",
        )
    return Document(kind, version, root.need(roots[kind]))


def _tree(data: bytes) -> tuple[Element, str]:
    builder = _Builder()
    parser = DefusedXMLParser(target=builder, forbid_dtd=True)
    builder.expat = parser.parser
    try:
        for start in range(0, len(data), _CHUNK):
            parser.feed(data[start : start + _CHUNK])
        parser.close()
    except DefusedXmlException:
        raise wrong(
            "XML_FORBIDDEN",
            f"line {builder.line()}",
            "the file declares a document type or an entity, which no bank's file does; it may be "
            "an attack: do not open it, and ask the bank for the file again.",
        ) from None
    except (ParseError, ValueError, LookupError) as error:
        # ValueError and LookupError: an encoding that is declared and cannot be read
        raise wrong(
            "XML_BROKEN",
            f"line {builder.line()}",
            f"the XML cannot be read ({str(error)[:80]}); it may be cut off or edited: fetch the "
            f"file from the bank again.",
        ) from None
    if builder.root is None:
        raise wrong("XML_BROKEN", "line 1", "there is no element; fetch the file again.")
    return builder.root, builder.namespace


class _Builder:
    """What the parser calls; it builds the tree and keeps the limits."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self.namespace = ""
        self.expat: object = None
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._count = 0

    def line(self) -> int:
        """The line the parser is at."""
        return int(getattr(self.expat, "CurrentLineNumber", 1))

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, brace, name = tag[1:].partition("}") if tag[:1] == "{" else ("", "}", tag)
        if not self._open:
            self.namespace = namespace
        parent = self._open[-1] if self._open else None
        element = Element(
            name if brace and namespace == self.namespace else tag, attributes, self.line(), parent
        )
        self._count += 1
        self._within_limits(element)
        if parent is None:
            self.root = element
        else:
            parent.children.append(element)
        self._open.append(element)
        self._texts.append([])

    def data(self, text: str) -> None:
        self._texts[-1].append(text)

    def end(self, tag: str) -> None:
        self._open.pop().text = "".join(self._texts.pop())

    def close(self) -> None:
        """Nothing is left to do."""

    def _within_limits(self, element: Element) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise wrong(
                "XML_TOO_DEEP",
                f"line {element.line}",
                f"elements are nested deeper than {MAX_DEPTH}, as in no bank's file; ask the bank "
                f"for the file again.",
            )
        if self._count > MAX_ELEMENTS:
            raise wrong(
                "XML_TOO_LARGE",
                f"line {element.line}",
                f"there are more than {MAX_ELEMENTS:,} elements; ask the bank for shorter periods.",
            )
