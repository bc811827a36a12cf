"""The description of all methods: as JSON Schema, and the page ``docs/api.md`` made from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from crmdesk.services.rpc.method import Method

DIALECT = "https://json-schema.org/draft/2020-12/schema"
VERSION = 1
INLINE = 100
"""Characters a type may have to stand in a table as it is."""

HEAD = """# The interface for scripts

`crmdesk rpc` speaks JSON-RPC 2.0, one object per line, on standard input and output. This page is made from
the answer of `rpc.describe` (`crmdesk rpc --describe markdown > docs/api.md`); that answer holds the JSON
Schema (draft 2020-12) of every method's parameters and result.

- Times are UTC, ISO 8601; ids are strings; `version` is an integer that counts up with each change.
- Money is `{"amount": "150.00", "currency": "CNY"}`: two decimals at most, in the site's currency.
- Parameters are given by name. Writes take an optional `request_id`: the same one again answers the same and
  changes nothing; the answer is kept in the same transaction as the change.
- Lists take `filter`, `order`, `limit` (at most 500) and `after`, and answer `items`, `next` and `complete`.
  Filter keys are field names; a list of values means any of them; `_from` and `_to` are included.
- An update with `base_version` merges with what others changed meanwhile; the same field changed to something
  else is a conflict.
- After `subscribe`, notifications without id arrive: `changed` (kinds, ids, initiator), `popped` (the
  result of `call.pop`) and `synced` (how this desk and the server stand, as `sync.status`, without place).

| error | code | data |
|---|---|---|
| invalid | -32602 | `kind`, `fields` |
| conflict | -32001 | `kind`, `fields`, `current` |
| denied | -32002 | `kind` |
| not_found | -32004 | `kind` |
| environment (disk, lock, keyring, network) | -32010 | `kind` |
| bug | -32603 | `kind` |
| no JSON, no request, no such method | -32700, -32600, -32601 | `kind` |
"""


def description(methods: Mapping[str, Method], *, test: bool) -> dict[str, Any]:
    """Return the schemas of all methods; those of test profiles only when *test*."""
    told = {
        method.name: {
            "summary": method.summary,
            "writes": method.writes,
            "test_only": method.test_only,
            "params": method.params.schema,
            "result": method.result.schema,
        }
        for method in methods.values()
        if test or not method.test_only
    }
    return {"$schema": DIALECT, "version": VERSION, "methods": told}


def markdown(told: Mapping[str, Any]) -> str:
    """Return the page for people made from a description."""
    parts = [HEAD]
    for name, method in told["methods"].items():
        marks = " Writes." if method["writes"] else ""
        marks += " In test profiles only." if method["test_only"] else ""
        parts.append(f"## {name}\n\n{method['summary']}{marks}\n")
        if method["params"]["properties"]:
            parts.append(_table("parameter", method["params"]) + "\n")
        parts.append(_result(method["result"]) + "\n")
    parts.append("# Records\n")
    parts += [f"## {title}\n\n{_table('field', schema)}\n" for title, schema in sorted(_titled(told).items())]
    return "\n".join(parts)


def _titled(schema: Any) -> dict[str, Any]:
    """Return every record with a title inside of *schema*, by title."""
    found: dict[str, Any] = {}
    if isinstance(schema, Mapping):
        if isinstance(schema.get("title"), str) and "properties" in schema:
            found[schema["title"]] = schema
        for part in schema.values():
            found |= _titled(part)
    elif isinstance(schema, list):
        for part in schema:
            found |= _titled(part)
    return found


def _table(first: str, schema: Mapping[str, Any]) -> str:
    rows = list(_rows(schema))
    return f"| {first} | type | |\n|---|---|---|\n" + "\n".join(rows) if rows else ""


def _result(schema: Mapping[str, Any]) -> str:
    if schema.get("title"):
        return f"Result: {_link(schema['title'])}."
    if "next" in schema.get("properties", {}) and "items" in schema["properties"]:
        return f"Result: a part of a list of {_type(schema['properties']['items']['items'])}."
    return "Result:\n\n" + _table("field", schema)


def _link(title: str) -> str:
    return f"[{title}](#{title.lower()})"


def _rows(schema: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield a table row per field; objects inside of lists follow their list, indented by their path."""
    required = set(schema.get("required", ()))
    for name, field in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        must = "" if name not in required or prefix else "**"
        notes = field.get("description", "")
        if "default" in field:
            notes = f"{notes}; default {json.dumps(field['default'])}".lstrip("; ")
        yield f"| {must}`{path}`{must} | {_type(field)} | {_cell(notes)} |"
        inner = field.get("items", field)
        if name != "filter" and inner.get("properties") and not inner.get("title"):
            yield from _rows(inner, f"{path}[]." if inner is not field else f"{path}.")


def _type(schema: Mapping[str, Any]) -> str:
    if schema.get("title"):
        return _link(schema["title"])
    if "enum" in schema:
        words = ", ".join(json.dumps(value) for value in schema["enum"])
        return _cell(words if len(words) <= INLINE else words[:INLINE].rsplit(",", 1)[0] + ", …")
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    kinds = schema.get("type", "anything")
    named = kinds if isinstance(kinds, list) else [kinds]
    if "array" in named:
        return f"list of {_type(schema['items'])}"
    words = " or ".join(named)
    if "format" in schema:
        words = words.replace("string", str(schema["format"]))
    limits = [str(schema[name]) for name in ("minimum", "maximum") if name in schema]
    return words + (f" ({' to '.join(limits)})" if len(limits) > 1 else "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
