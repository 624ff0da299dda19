"""The description of the API is short; see test_service.py for clients generated from it."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient


@pytest.fixture
def described(client: TestClient) -> dict[str, Any]:
    return client.get("/openapi.json").json()


def test_problem_is_there_once(described: dict[str, Any]):
    text = json.dumps(described)
    assert text.count('"Problem": {') == 1
    assert len(text) < 200_000


def test_operations_have_short_names_and_tags(described: dict[str, Any]):
    operations = [found for path in described["paths"].values() for found in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    assert max(names, key=len) == "read_hours_against_behaviour"
    known = {tag["name"] for tag in described["tags"]}
    assert {tag for operation in operations for tag in operation["tags"]} == known


def test_token_is_a_scheme_with_a_name(described: dict[str, Any]):
    assert list(described["components"]["securitySchemes"]) == ["Token"]
    assert described["paths"]["/stores"]["get"]["security"] == [{"Token": []}]


def test_state_of_a_report_is_one_of_three(described: dict[str, Any]):
    content = described["paths"]["/get_report"]["get"]["responses"]["200"]["content"]
    kinds = [kind["$ref"] for kind in content["application/json"]["schema"]["oneOf"]]
    assert kinds == [f"#/components/schemas/{kind}" for kind in ("Running", "Complete", "Failed")]
