"""A request to paste: the smallest that a route accepts, made from its schemas."""

import json
from typing import Any

Schema = dict[str, Any]
_BY_TYPE = {"integer": 1, "number": 1, "boolean": True, "object": {}, "null": None, "string": "text"}


def curl_example(described: Schema, method: str, path: str, operation: Schema) -> str:
    """The command, for a shell that has SPOOLED_URL and SPOOLED_API_KEY."""
    parts = path.split("/")
    where = "/".join(f"${part[1:-1].upper()}" if part.startswith("{") else part for part in parts)
    lines = [f'curl -X {method} "$SPOOLED_URL{where}"']
    schemes = operation.get("security", [])
    if {"bearer": []} in schemes:
        lines.append('-H "Authorization: Bearer $SPOOLED_API_KEY"')
    if {"adminKey": []} in schemes:
        lines.append('-H "X-Admin-Key: $ADMIN_API_KEY"')
    if body := operation.get("requestBody"):
        schema = next(iter(body["content"].values())).get("schema", {})
        text = json.dumps(sample(described, schema), ensure_ascii=False).replace("'", "'\\''")
        lines += ['-H "Content-Type: application/json"', f"-d '{text}'"]
    return " \\\n  ".join(lines)


def sample(described: Schema, schema: Schema, *, whole: bool = False) -> Any:
    """A value that the schema describes, with the required fields alone or whole."""
    for known in ("examples", "enum"):
        if schema.get(known):
            return schema[known][0]
    if "$ref" in schema:
        target = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return sample(described, target, whole=whole)
    if "const" in schema:
        return schema["const"]
    if "default" in schema:
        return schema["default"]
    if "anyOf" in schema:
        return sample(described, schema["anyOf"][0], whole=whole)
    if schema.get("type") == "array":
        item = sample(described, schema.get("items", {}), whole=whole)
        return [item] if whole or schema.get("minItems") else []
    if "properties" in schema:
        fields = schema["properties"]
        names = fields if whole else _needed(schema)
        return {name: sample(described, fields[name], whole=whole) for name in names}
    if schema.get("format") == "date-time":
        return "2030-01-01T09:00:00Z"
    return _BY_TYPE.get(schema.get("type", "object"), {})


def _needed(schema: Schema) -> list[str]:
    """The required fields, by the first of their names."""
    either = [one["anyOf"][0]["required"][0] for one in schema.get("allOf", ()) if "anyOf" in one]
    return [*schema.get("required", ()), *either]
