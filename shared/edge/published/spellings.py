"""Both dialects in the document: `queue` stands beside `queue_name`, in bodies and in queries."""

from typing import Any

from shared.edge.endpoint import Endpoint
from shared.wire.vocabulary import SPELLINGS

Schema = dict[str, Any]


def spell_out(schemas: dict[str, Schema]) -> None:
    """Give each other spelling of a field its own property; of a required field one must be there."""
    for schema in schemas.values():
        for name, others in schema.pop(SPELLINGS, {}).items():
            fields = schema["properties"]
            for other in others:
                fields[other] = _twin(fields[name], name)
            if name in schema.get("required", ()):
                schema["required"] = [field for field in schema["required"] if field != name]
                one_of_them = [{"required": [spelling]} for spelling in (name, *others)]
                schema.setdefault("allOf", []).append({"anyOf": one_of_them})
        if schema.get("required") == []:
            del schema["required"]


def show_query_spellings(operation: Schema, endpoint: Endpoint) -> None:
    """Give each other spelling of a query field its own parameter."""
    aliases = getattr(endpoint.query_model, "aliases", {})
    for parameter in list(operation.get("parameters", ())):
        for other in aliases.get(parameter["name"], ()) if parameter["in"] == "query" else ():
            twin = _twin(parameter["schema"], parameter["name"])
            said = {"description": twin["description"], "schema": twin}
            operation["parameters"].append({**parameter, **said, "name": other, "required": False})


def _twin(field: Schema, name: str) -> Schema:
    left_out = {"title", "default", "examples"}
    kept = {key: value for key, value in field.items() if key not in left_out}
    return {**kept, "description": f"Another name of `{name}`."}
