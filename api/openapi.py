"""The description of the API, short enough for people and good for generated clients."""

import json
from collections import Counter
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from api.errors import Problem
from api.snapshots import MEDIA_TYPES

TAGS = [
    {"name": "reports", "description": "Trigger a report, wait for it and fetch its file."},
    {"name": "stores", "description": "Stores, their timelines and figures for any window."},
    {"name": "tables", "description": "The tables of the newest release, page by page or whole."},
    {
        "name": "inputs",
        "description": "Send files of polls, hours, zones and more; list and remove them.",
    },
    {"name": "service", "description": "Health, metrics and the audit log."},
]

_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "Of `python -m api tokens create`; without any token none is needed.",
}
_BINARY = {"type": "string", "format": "binary"}
_ROWS = {"type": "array", "items": {"type": "object"}}
# The file of a report or table, in each of its formats.
FILES: dict[str, Any] = {
    kind: {"schema": {"csv": {"type": "string"}, "json": _ROWS}.get(name, _BINARY)}
    for name, kind in MEDIA_TYPES.items()
}


def describe(app: FastAPI) -> None:
    """Have the app's description say each thing once, and name each refusal to refer to it."""
    write = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = write()
            components = schema["components"]
            components["schemas"]["Problem"] = Problem.model_json_schema()
            components["responses"] = {}
            components["securitySchemes"] = {"Token": _TOKEN}
            for operations in schema["paths"].values():
                for operation in operations.values():
                    if operation["operationId"] in ("health", "ready"):
                        for status in ("401", "429"):
                            del operation["responses"][status]
                    else:
                        operation["security"] = [{"Token": []}]
                    _refer(operation["responses"], components["responses"])
            _put_options_in_the_body(schema["paths"]["/trigger_report"]["post"])
            _shorten(schema)
            for said in components["schemas"].values():
                said.pop("title", None)
            _share_parameters(schema)
        return app.openapi_schema

    app.openapi = openapi


def _refer(responses: dict[str, Any], named: dict[str, Any]) -> None:
    for status, response in responses.items():
        name = HTTPStatus(int(status)).phrase.title().replace(" ", "").replace("-", "")
        if status >= "300" and named.setdefault(name, response) == response:
            responses[status] = {"$ref": f"#/components/responses/{name}"}


def _put_options_in_the_body(operation: dict[str, Any]) -> None:
    """Have generated clients send the options in the body alone, or no body at all."""
    for parameter in operation["parameters"]:
        if parameter["in"] == "query":
            # They would send it, and so contradict what the body says.
            parameter["schema"].pop("default", None)
            parameter["deprecated"] = True
    body = operation["requestBody"]["content"]["application/json"]
    body["schema"] = body["schema"]["anyOf"][0]


def _shorten(said: Any) -> None:
    """Leave out what names say, what is said of a parameter twice, and that it may be null."""
    if isinstance(said, list):
        for each in said:
            _shorten(each)
    if not isinstance(said, dict):
        return
    for each in said.values():
        _shorten(each)
    kinds = said.get("anyOf", [])
    # Null would have to stand among the values of an enum.
    if kinds[1:] == [{"type": "null"}] and "type" in kinds[0] and "enum" not in kinds[0]:
        del said["anyOf"]
        said |= kinds[0] | {"type": [kinds[0]["type"], "null"]}
    for schema in said.get("properties", {}).values():
        schema.pop("title", None)
    if said.get("in") == "query":
        schema = said["schema"]
        for name in ("title", "description"):
            schema.pop(name, None)
        if isinstance(schema.get("type"), list):
            schema["type"] = schema["type"][0]
        elif "anyOf" in schema:
            schema |= schema.pop("anyOf")[0]


def _share_parameters(schema: dict[str, Any]) -> None:
    """Have parameters that several operations share stand in one place."""
    operations = [each for path in schema["paths"].values() for each in path.values()]
    counts = Counter(json.dumps(said) for each in operations for said in each.get("parameters", []))
    named: dict[str, str] = {}
    for text, count in counts.items():
        if count > 1:
            name = json.loads(text)["name"]
            same = sum(other.rstrip("0123456789") == name for other in named.values())
            named[text] = f"{name}{same + 1}" if same else name
    schema["components"]["parameters"] = {name: json.loads(text) for text, name in named.items()}
    for each in operations:
        if "parameters" in each:
            each["parameters"] = [
                {"$ref": f"#/components/parameters/{named[text]}"} if text in named else said
                for said in each["parameters"]
                for text in [json.dumps(said)]
            ]
