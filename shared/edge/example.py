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


def sample(described: Schema, schema: Schema) -> Any:
    """A value that the schema describes, with the required fields alone."""
    if "$ref" in schema:
        return sample(described, described["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for known in ("examples", "enum"):
        if schema.get(known):
            return schema[known][0]
    if "default" in schema:
        return schema["default"]
    if "anyOf" in schema:
        return sample(described, schema["anyOf"][0])
    if schema.get("type") == "array":
        return [sample(described, schema.get("items", {}))] if schema.get("minItems") else []
    if "properties" in schema:
        fields = schema["properties"]
        return {name: sample(described, fields[name]) for name in schema.get("required", [])}
    if schema.get("format") == "date-time":
        return "2030-01-01T09:00:00Z"
    return _BY_TYPE.get(schema.get("type", "object"), {})
