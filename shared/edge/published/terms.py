"""Meanings for fields that say none, and a whole example for every model."""

from typing import Any

from shared.edge.published.example import sample
from shared.edge.published.glossary import EXAMPLES, IDS, TERMS

Schema = dict[str, Any]
_ANY_JSON = "#/components/schemas/JsonValue"


def explain_fields(schemas: dict[str, Schema]) -> None:
    """Take meaning and example from the glossary where the model has none."""
    for model, schema in schemas.items():
        for name, field in schema.get("properties", {}).items():
            if name not in TERMS or field.get("$ref", _ANY_JSON) != _ANY_JSON:
                continue
            meaning, example = TERMS[name]
            if name == "id":
                example = next((value for word, value in IDS.items() if word in model), example)
            if meaning and not field.get("description"):
                field["description"] = meaning
            if _fits(field, example):
                field.setdefault("examples", [example])


def give_examples(described: Schema) -> None:
    """Make an example of each model that has none: a request with what it must have, an answer whole."""
    schemas = described["components"]["schemas"]
    bodies = {
        media["schema"].get("$ref", "").rpartition("/")[2]
        for methods in described["paths"].values()
        for operation in methods.values()
        for media in operation.get("requestBody", {}).get("content", {}).values()
    }
    made = {
        name: sample(described, schema, whole=name not in bodies)
        for name, schema in schemas.items()
        if "properties" in schema and "examples" not in schema
    }
    for name, example in made.items():
        schemas[name]["examples"] = [example | EXAMPLES.get(name, {})]


def _fits(field: Schema, example: Any) -> bool:
    """Whether a field of that name is of the example's kind in this model."""
    choices = [field, *field.get("anyOf", ())]
    if any("enum" in choice and example not in choice["enum"] for choice in choices):
        return False
    if any(choice.get("const", example) != example for choice in choices):
        return False
    if isinstance(example, list) and any(choice.get("minItems", 0) > len(example) for choice in choices):
        return False
    kinds = {choice["type"] for choice in choices if "type" in choice}
    if example is None:
        return "null" in kinds
    if any("type" not in choice and choice.get("$ref", _ANY_JSON) == _ANY_JSON for choice in choices[-2:]):
        return True
    names = {bool: {"boolean"}, int: {"integer", "number"}, float: {"number"}, str: {"string"}}
    return bool(kinds & names.get(type(example), {"array" if isinstance(example, list) else "object"}))
