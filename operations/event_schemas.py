"""The catalogue of events as JSON Schema and as people read it: one file a type and version, kept once written.

`write` refuses to change the file of a version that is there: who has sent such an event was promised that it is taken.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from operations.event_readme import readme
from operations.events import EventEnvelope, SubmittedEvent
from warehouse.contracts import silver
from warehouse.errors import ContractBroken
from warehouse.payloads import VERSIONS
from warehouse.search_made import SearchMade

DIALECT = "https://json-schema.org/draft/2020-12/schema"
README = "README.md"
_REF = "#/$defs/{name}"
Schema = dict[str, Any]
_TYPES = {pl.String: "string", pl.Int64: "integer", pl.Float64: "number", pl.Boolean: "boolean"}


def schemas() -> dict[str, Schema]:
    """By name of the file: what a sender writes, what is kept, each payload, searches and tickets."""
    made = {
        "envelope.submitted.json": _of(SubmittedEvent[dict[str, Any]], "An event as its sender writes it"),
        "envelope.kept.json": _of(EventEnvelope[dict[str, Any]], "An event as it is kept"),
        "search/SearchMade.v1.json": _of(SearchMade, "A search, as the inbox keeps it"),
        "ticket/TicketRecord.json": _ticket(),
    }
    for name, versions in VERSIONS.items():
        for version, payload in versions.items():
            made[f"{name}.v{version}.json"] = _of(payload, f"Payload of {name}, version {version}")
    return made


def files() -> dict[str, str]:
    """By name the text of every file of the catalogue."""
    texts = {name: json.dumps(schema, indent=1, sort_keys=True) + "\n" for name, schema in schemas().items()}
    return {**texts, README: readme()}


def write(folder: Path) -> list[str]:
    """Bring the files in the folder up to the code; names of those that are new or were written again.

    Raises `ContractBroken`, with nothing written, where the schema of a version that is there would change.
    """
    wanted = files()
    known = {name: folder / name for name in wanted if (folder / name).exists()}
    differing = [name for name, file in known.items() if file.read_text(encoding="utf-8") != wanted[name]]
    schemata = {name: json.loads(known[name].read_text(encoding="utf-8")) for name in differing if is_version(name)}
    broken = [name for name, schema in schemata.items() if promise(schema) != promise(json.loads(wanted[name]))]
    if broken:
        found = ", ".join(sorted(broken))
        raise ContractBroken(
            f"{found}: the code says something else than the version that was released. Give that version its schema "
            "back, and add the next version to VERSIONS in warehouse/payloads.py, with its upcast."
        )
    changed = sorted({*differing, *(wanted.keys() - known.keys())})
    for name in changed:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(wanted[name], encoding="utf-8")
    return changed


def is_version(name: str) -> bool:
    """Whether the file is the schema of one version, which stays as it is."""
    return re.search(r"\.v\d+\.json$", name) is not None


def promise(schema: Any) -> Any:
    """The schema without the words that explain it: what may never change."""
    if isinstance(schema, dict):
        return {key: promise(value) for key, value in schema.items() if key not in ("description", "title")}
    return [promise(one) for one in schema] if isinstance(schema, list) else schema


def faults(older: Mapping[str, Any], newer: Mapping[str, Any], at: str = "$") -> list[str]:
    """Why not everything that the older schema allows means the same under the newer one; empty where it does.

    A newer version may add optional fields and allow more values. Both are whole documents, as `schemas` makes them.
    """
    before, after = _body(older), _body(newer)
    found = [f"{at}.{name} is gone" for name in before["properties"].keys() - after["properties"].keys()]
    more = set(after.get("required", ())) - set(before.get("required", ()))
    found += [f"{at}.{name} is required now" for name in more]
    for name in before["properties"].keys() & after["properties"].keys():
        old, new = _plain(before["properties"][name]), _plain(after["properties"][name])
        if "enum" in old and "enum" in new:
            lost = set(map(str, old.pop("enum"))) - set(map(str, new.pop("enum")))
            found += [f"{at}.{name} lost {', '.join(sorted(lost))}"] if lost else []
        if old != new:
            found.append(f"{at}.{name} is of another type")
    return sorted(found)


def _of(type_: Any, title: str) -> Schema:
    (schema,), components = msgspec.json.schema_components([type_], ref_template=_REF)
    return {"$schema": DIALECT, **schema, "title": title, "$defs": dict(components)}


def _ticket() -> Schema:
    """A ticket's record: more fields than these are kept as they were sent."""
    fields = {
        column.name: {"description": column.description, "type": [_json_type(column.dtype), "null"]}
        for column in silver.TICKET_FIELDS
    }
    return {
        "$schema": DIALECT,
        "title": "A ticket's record, as a file or POST /v1/tickets brings it",
        "type": "object",
        "properties": fields,
        "required": ["ticket_id", "created_at"],
        "additionalProperties": True,
    }


def _json_type(dtype: Any) -> str:
    return "array" if dtype == silver.STRINGS else _TYPES.get(dtype, "string")


def _body(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    body: Mapping[str, Any] = schema["$defs"][reference.rsplit("/", maxsplit=1)[-1]]
    return body


def _plain(field: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in field.items() if key not in ("description", "default", "title")}
