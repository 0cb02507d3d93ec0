"""Who may do what, by the policies as they stand in the cloud."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote

from moto.iam.access_control import IAMPolicy, PermissionResult

from localstack.cloud.endpoint import Endpoint

INVOKE = "lambda:InvokeFunction"


class Rights:
    """Asks the cloud for the policies of roles and functions, each once."""

    def __init__(self, cloud: Endpoint) -> None:
        self._cloud = cloud
        self._documents = cache(self._read_documents)

    def role_allows(
        self, role_arn: str, action: str, resource: str, context: dict[str, str] | None = None
    ) -> bool:
        """Whether the role's own and attached policies allow the action, and none denies it."""
        results = {
            IAMPolicy(document).is_action_permitted(action, resource, incoming_condition_values=context)
            for document in self._documents(role_name(role_arn))
        }
        return PermissionResult.PERMITTED in results and PermissionResult.DENIED not in results

    def may_assume(self, service: str, role_arn: str, context: Mapping[str, str]) -> bool:
        """Whether the role's trust policy lets the service act as the role."""
        role = self._cloud.client("iam").get_role(RoleName=role_name(role_arn))["Role"]
        document = role["AssumeRolePolicyDocument"]
        trust = json.loads(unquote(document)) if isinstance(document, str) else document
        return _allowed(_statements(trust), service, "sts:AssumeRole", "", context)

    def may_invoke(self, service: str, arn: str, context: Mapping[str, str]) -> bool:
        """Whether the function's own policy lets the service invoke it."""
        client = self._cloud.client("lambda")
        try:
            policy = json.loads(client.get_policy(FunctionName=arn)["Policy"])
        except client.exceptions.ResourceNotFoundException:
            return False
        return _allowed(_statements(policy), service, INVOKE, arn, context)

    def _read_documents(self, name: str) -> list[str]:
        client = self._cloud.client("iam")
        own = [
            client.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            for policy in client.list_role_policies(RoleName=name)["PolicyNames"]
        ]
        attached = [
            self._attached_document(policy["PolicyArn"])
            for policy in client.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        ]
        return [json.dumps(document) for document in own + attached]

    def _attached_document(self, arn: str) -> Any:
        client = self._cloud.client("iam")
        version = client.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        return client.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def role_name(arn: str) -> str:
    """A role's name, the last part of its ARN."""
    return arn.rpartition("/")[2]


def _statements(policy: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(_listed(policy["Statement"]))


def _allowed(
    statements: Iterable[Mapping[str, Any]],
    service: str,
    action: str,
    resource: str,
    context: Mapping[str, str],
) -> bool:
    effects = {
        statement["Effect"]
        for statement in statements
        if _is_principal(statement["Principal"], service)
        and any(like(pattern, action) for pattern in _listed(statement["Action"]))
        and any(like(pattern, resource) for pattern in _listed(statement.get("Resource", "*")))
        and _holds(statement.get("Condition", {}), context)
    }
    return effects == {"Allow"}


def _is_principal(principal: Any, service: str) -> bool:
    return principal == "*" or (
        isinstance(principal, Mapping) and service in _listed(principal.get("Service", []))
    )


def _holds(condition: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    values = {key.lower(): value for key, value in context.items()}
    for operator, expected in condition.items():
        if operator not in {"ArnEquals", "ArnLike", "StringEquals", "StringLike"}:
            return False
        for key, patterns in expected.items():
            value = values.get(key.lower(), "")
            exact = operator == "StringEquals"
            if not any(value == text if exact else like(text, value) for text in _listed(patterns)):
                return False
    return True


def like(pattern: str, text: str) -> bool:
    """Whether a pattern of AWS, with `*` and `?`, matches."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text) is not None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
