"""What FastAPI leaves out of the OpenAPI document. Made at the first reading, never for a request."""

from collections.abc import Mapping
from typing import Any

from shared.edge.answer import JSON
from shared.edge.endpoint import Endpoint
from shared.edge.published.names import give_public_names
from shared.edge.published.responses import complete_answers
from shared.edge.published.spellings import show_query_spellings, spell_out
from shared.edge.published.terms import explain_fields, give_examples


def complete(described: dict[str, Any], endpoints: Mapping[str, Endpoint]) -> None:
    """Finish the document in place; `endpoints` by operation id."""
    errors: dict[str, Any] = {}
    for methods in described["paths"].values():
        for operation in methods.values():
            endpoint = endpoints[operation["operationId"]]
            complete_answers(operation, endpoint, errors)
            show_query_spellings(operation, endpoint)
            _show_body(operation, endpoint)
    described["components"]["responses"] = dict(sorted(errors.items()))
    schemas = described["components"]["schemas"]
    spell_out(schemas)
    explain_fields(schemas)
    give_public_names(described)
    give_examples(described)


def _show_body(operation: dict[str, Any], endpoint: Endpoint) -> None:
    """A signed body is the sender's own. An empty one is `{}`: with no required fields it may be left out."""
    model = endpoint.body_model
    if any(name.endswith("Signature") for name in endpoint.proof):
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": {"type": "object"}}}}
    elif model and not any(field.is_required() for field in model.model_fields.values()):
        operation["requestBody"].pop("required", None)
