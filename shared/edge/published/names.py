"""The names of the models, as a reader of the API would say them: `JobAnswer` is a `Job` there."""

from typing import Any

_SUFFIX = "Answer"
_PUBLIC = {
    "AcknowledgedAnswer": "Acknowledgement",
    "AdminCreatedAnswer": "AdminCreatedOrganization",
    "AdminCreateKey": "AdminCreateApiKey",
    "AdminItemAnswer": "AdminOrganizationSummary",
    "AdminKeyAnswer": "AdminCreatedApiKey",
    "AdminListAnswer": "AdminOrganizationList",
    "BatchAnswer": "BatchResults",
    "BulkAnswer": "BulkResult",
    "BulkFailureAnswer": "RefusedBulkJob",
    "BulkItemAnswer": "MadeBulkJob",
    "ChangeKey": "ChangeApiKey",
    "ClaimAnswer": "ClaimedJobs",
    "ClaimsAnswer": "TokenClaims",
    "CreateKey": "CreateApiKey",
    "CreatedKeyAnswer": "CreatedApiKey",
    "ErrorBody": "Error",
    "EventTakenAnswer": "ReceivedEvent",
    "FireAnswer": "ScheduleFire",
    "HeartbeatAnswer": "ExtendedLease",
    "KeyAnswer": "ApiKey",
    "LoginAnswer": "Tokens",
    "NewKeyAnswer": "NewApiKey",
    "OrganizationItemAnswer": "OrganizationSummary",
    "PortalAnswer": "BillingPortal",
    "PriorityAnswer": "ChangedPriority",
    "PurgeDeadAnswer": "PurgedDeadJobs",
    "QueueSettings": "QueueSettingsChange",
    "RefreshAnswer": "AccessToken",
    "RetryDeadAnswer": "RetriedDeadJobs",
    "RunAnswer": "ScheduleRun",
    "TriggeredAnswer": "TriggeredSchedule",
    "ValidateAnswer": "TokenCheck",
}
"""Where leaving out `Answer` does not do."""
_OF_THE_FRAMEWORK = ("HTTPValidationError", "ValidationError")


class NameTakenError(ValueError):
    """Two models of the document would have one name."""


def public_name(name: str) -> str:
    return _PUBLIC.get(name) or name.removesuffix(_SUFFIX)


def give_public_names(described: dict[str, Any]) -> None:
    """Rename the models and what points to them. Raises NameTakenError when two would be one."""
    schemas = described["components"]["schemas"]
    renamed: dict[str, Any] = {}
    for name, schema in schemas.items():
        if name in _OF_THE_FRAMEWORK:
            continue
        public = public_name(name)
        if public in renamed:
            raise NameTakenError(f"{name} cannot be {public}: add a name of its own")
        renamed[public] = schema
        if schema.get("title") == name:
            schema["title"] = public
    described["components"]["schemas"] = dict(sorted(renamed.items()))
    _point_to_public_names(described)


def _point_to_public_names(node: Any) -> None:
    if isinstance(node, list):
        for item in node:
            _point_to_public_names(item)
    elif isinstance(node, dict):
        target = node.get("$ref")
        if isinstance(target, str) and target.startswith("#/components/schemas/"):
            head, _, name = target.rpartition("/")
            node["$ref"] = f"{head}/{public_name(name)}"
        for item in node.values():
            _point_to_public_names(item)
