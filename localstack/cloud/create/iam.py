"""Roles and what they may do."""

from localstack.cloud.create.inputs import Create, Inputs, Made
from localstack.cloud.endpoint import Endpoint


def _role(cloud: Endpoint, inputs: Inputs) -> Made:
    role = cloud.client("iam").create_role(
        RoleName=inputs.name(),
        AssumeRolePolicyDocument=inputs.take("assumeRolePolicy"),
        Tags=inputs.tags(),
        **inputs.carry("description", "maxSessionDuration", "path", "permissionsBoundary"),
    )["Role"]
    return Made(role["RoleName"], {"arn": role["Arn"], "name": role["RoleName"], "uniqueId": role["RoleId"]})


def _role_policy(cloud: Endpoint, inputs: Inputs) -> Made:
    role, name = inputs.take("role"), inputs.name()
    cloud.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=inputs.take("policy"))
    return Made(f"{role}:{name}", {"name": name})


def _policy(cloud: Endpoint, inputs: Inputs) -> Made:
    policy = cloud.client("iam").create_policy(
        PolicyName=inputs.name(),
        PolicyDocument=inputs.take("policy"),
        Tags=inputs.tags(),
        **inputs.carry("description", "path"),
    )["Policy"]
    return Made(policy["Arn"], {"arn": policy["Arn"], "name": policy["PolicyName"]})


def _attachment(cloud: Endpoint, inputs: Inputs) -> Made:
    role, policy = inputs.take("role"), inputs.take("policyArn")
    cloud.client("iam").attach_role_policy(RoleName=role, PolicyArn=policy)
    return Made(f"{role}-{policy}", {})


CREATE: dict[str, Create] = {
    "aws:iam/policy:Policy": _policy,
    "aws:iam/role:Role": _role,
    "aws:iam/rolePolicy:RolePolicy": _role_policy,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _attachment,
}
