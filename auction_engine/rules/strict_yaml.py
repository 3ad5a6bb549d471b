"""YAML as a legal text is read: one meaning only.

A key given twice is an error, not a choice. Only true and false are booleans (`on` and `NO` are
words), only decimal digits make whole numbers (`17:00` is text).
"""

import re
from collections.abc import Hashable
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node


class YamlError(ValueError):
    """Text that is not YAML, or says one thing twice. `line` counts from 1, 0 when unknown."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(f"line {line}: {text}" if line else text)
        self.line = line
        self.text = text


class _OnceLoader(yaml.SafeLoader):
    """PyYAML's safe loader keeps the last of two equal keys; this one refuses the second."""

    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        if self.check_event(yaml.AliasEvent):
            line = self.peek_event().start_mark.line + 1  # type: ignore[no-untyped-call]
            raise YamlError(line, "aliases are not used here")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: dict[Hashable, int] = {}
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if not isinstance(key, Hashable):
                raise YamlError(line, "a key must be a single word")
            if key in seen:
                raise YamlError(line, f"`{key}` is given twice, first in line {seen[key]}")
            seen[key] = line
        return super().construct_mapping(node, deep=deep)


_INT, _BOOL = "tag:yaml.org,2002:int", "tag:yaml.org,2002:bool"
for _first, _kept in yaml.SafeLoader.yaml_implicit_resolvers.items():
    _OnceLoader.yaml_implicit_resolvers[_first] = [
        (tag, pattern) for tag, pattern in _kept if tag not in (_INT, _BOOL)
    ]
_OnceLoader.add_implicit_resolver(_BOOL, re.compile(r"^(?:true|false)$"), list("tf"))
_OnceLoader.add_implicit_resolver(
    _INT, re.compile(r"^[-+]?(?:0|[1-9][0-9_]*)$"), list("-+0123456789")
)


def load(text: str) -> Any:
    """The value of one YAML document: dicts, lists, strings, numbers, dates, booleans, None.

    Raises YamlError with the line: broken syntax, a key given twice, aliases, tags of any kind.
    """
    try:
        return _OnceLoader(text).get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 0 if mark is None else mark.line + 1
        raise YamlError(line, error.problem or "is not YAML") from None
    except YamlError:
        raise
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise YamlError(0, f"is not YAML: {error}") from None
