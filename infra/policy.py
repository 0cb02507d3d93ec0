"""Policy documents, as short as they can be said; none of them allows `*`."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

Statement = dict[str, Any]
Conditions = Mapping[str, Mapping[str, pulumi.Input[str]]]


def allow(
    actions: Sequence[str],
    *resources: pulumi.Input[str],
    condition: Conditions | None = None,
    principal: Mapping[str, pulumi.Input[str]] | None = None,
) -> Statement:
    return _statement("Allow", actions, resources, condition, principal)


def deny(
    actions: Sequence[str],
    *resources: pulumi.Input[str],
    condition: Conditions | None = None,
    principal: Mapping[str, pulumi.Input[str]] | str | None = None,
) -> Statement:
    return _statement("Deny", actions, resources, condition, principal)


def trust(service: str, condition: Conditions | None = None) -> pulumi.Output[str]:
    """The document that lets a service of AWS take a role."""
    return document(_statement("Allow", ["sts:AssumeRole"], (), condition, {"Service": service}))


def document(*statements: Statement) -> pulumi.Output[str]:
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _statement(
    effect: str,
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    condition: Conditions | None,
    principal: Mapping[str, pulumi.Input[str]] | str | None,
) -> Statement:
    statement: Statement = {"Effect": effect, "Action": list(actions)}
    if resources:
        statement["Resource"] = list(resources)
    if principal is not None:
        statement["Principal"] = principal
    if condition is not None:
        statement["Condition"] = condition
    return statement
