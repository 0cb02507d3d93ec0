"""The models of the OpenAPI document are fit to read and to generate a client from."""

import re
from typing import Any

from jsonschema import Draft202012Validator

from tests.support.routes import ENDPOINTS

SIGNED_BY_ANOTHER = {"type": "object"}  # an event of GitHub or Stripe, which describe it themselves
PLAIN = {"string", "integer", "number", "boolean"}


def operations(described: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for methods in described["paths"].values() for operation in methods.values()]


def main_schemas(described: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The schema of every JSON body and of every good JSON answer, with where it stands."""
    found = []
    for operation in operations(described):
        holders = [("body", operation.get("requestBody", {})), *operation["responses"].items()]
        for place, holder in holders:
            media = holder.get("content", {}).get("application/json")
            if media and (place == "body" or place.startswith("2")):
                found.append((f"{operation['operationId']} {place}", media["schema"]))
    return found


async def test_operation_ids_are_unique_and_snake_case(described: dict[str, Any]) -> None:
    """A generator makes one function of each, with a name that is stable and its own."""
    names = [operation["operationId"] for operation in operations(described)]

    assert len(set(names)) == len(names) == len(ENDPOINTS)
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)+", name)] == []


async def test_models_are_named_as_a_reader_would(described: dict[str, Any]) -> None:
    """`Job`, not `JobAnswer`; two models never have one name, also to a generator that ignores case."""
    names = list(described["components"]["schemas"])

    assert {"Job", "JobSummary", "Queue", "Organization", "ApiKey", "Schedule", "Workflow", "Error"} <= set(
        names
    )
    assert [name for name in names if not re.fullmatch(r"[A-Z][A-Za-z0-9]+", name)] == []
    assert [name for name in names if name.endswith(("Answer", "Body")) or "Validation" in name] == []
    assert len({name.lower() for name in names}) == len(names)
    for name, schema in described["components"]["schemas"].items():
        assert schema.get("title", name) == name


async def test_no_model_is_without_a_name(described: dict[str, Any]) -> None:
    """What a route takes and gives is a named model, a list of one, or a plain value."""
    for place, schema in main_schemas(described):
        choices = schema.get("anyOf", [schema])
        items = [choice["items"] if choice.get("type") == "array" else choice for choice in choices]
        named = all("$ref" in item or item.get("type") in PLAIN | {"null"} for item in items)
        assert named or schema == SIGNED_BY_ANOTHER, (place, schema)


async def test_every_model_has_an_example_that_it_accepts(described: dict[str, Any]) -> None:
    """A reader sees a real value of each model, and the schema of the model lets it pass."""
    faults = []
    for name, schema in described["components"]["schemas"].items():
        if "properties" not in schema:
            continue
        validator = Draft202012Validator({**schema, "components": described["components"]})
        for example in schema["examples"]:
            faults += [
                f"{name} {fault.json_path}: {fault.message}" for fault in validator.iter_errors(example)
            ]

    assert faults == []


async def test_errors_say_their_codes_and_show_themselves(described: dict[str, Any]) -> None:
    """Each error status is described once, with its codes, headers and a body of the model of errors."""
    errors = described["components"]["responses"]
    validator = Draft202012Validator(
        {**described["components"]["schemas"]["Error"], "components": described["components"]}
    )

    for name, answer in errors.items():
        example = answer["content"]["application/json"]["example"]
        assert not list(validator.iter_errors(example)), name
        assert f"`{example['code']}`" in answer["description"]
        assert ("Retry-After" in answer["headers"]) == (name in {"TooManyRequests", "ServiceUnavailable"})
    assert "LEASE_EXPIRED" in errors["Conflict"]["description"]
    assert "QUOTA_EXCEEDED" in errors["TooManyRequests"]["description"]


async def test_both_names_of_a_field_are_in_the_document(described: dict[str, Any]) -> None:
    """`queue` stands beside `queue_name` in bodies and queries; a required one may come by either name."""
    create = described["components"]["schemas"]["CreateJob"]
    either = Draft202012Validator({**create, "components": described["components"]})
    query = {parameter["name"] for parameter in described["paths"]["/api/v1/jobs"]["get"]["parameters"]}

    assert {"queue", "queue_name"} <= query
    assert either.is_valid({"queue": "emails", "payload": {}})
    assert either.is_valid({"queue_name": "emails", "payload": {}})
    assert not either.is_valid({"payload": {}})
    assert "x-spellings" not in str(described)
    for endpoint in ENDPOINTS:
        given = {
            parameter["name"]
            for parameter in described["paths"][endpoint.path][endpoint.method.lower()].get("parameters", ())
        }
        for others in getattr(endpoint.query_model, "aliases", {}).values():
            assert set(others) <= given


async def test_headers_are_declared(described: dict[str, Any]) -> None:
    """Every answer has its request id, and a list that has pages says whether more follow."""
    paged = set()
    for operation in operations(described):
        for status, answer in operation["responses"].items():
            if status.startswith("2"):
                assert {"X-Request-Id", "X-RateLimit-Remaining"} <= set(answer["headers"])
                paged |= {operation["operationId"]} if "X-Has-More" in answer["headers"] else set()

    assert {"jobs_list", "jobs_dlq_list", "jobs_history"} <= paged


async def test_groups_are_described(described: dict[str, Any]) -> None:
    """Each tag in use is explained, and there is a server to send requests to."""
    used = {tag for operation in operations(described) for tag in operation["tags"]}

    assert {tag["name"] for tag in described["tags"] if tag["description"]} == used
    assert described["servers"]


async def test_fields_are_described_or_obvious(described: dict[str, Any]) -> None:
    """A field whose name does not say it all has a sentence, in every model that has the field."""
    said: dict[str, list[tuple[str, bool]]] = {}
    for name, schema in described["components"]["schemas"].items():
        for field, inner in schema.get("properties", {}).items():
            text = inner.get("description") or any(
                choice.get("description") or "$ref" in choice for choice in inner.get("anyOf", ())
            )
            said.setdefault(field, []).append((name, bool(text) or "$ref" in inner))

    for field in ("lease_id", "retry_count", "attempts", "scheduled_at", "idempotency_key", "leased_until"):
        assert [model for model, described_there in said[field] if not described_there] == []
