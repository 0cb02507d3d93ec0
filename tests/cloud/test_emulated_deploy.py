"""Deployments of small programs: outputs, refusals that name the resource, steps that run, and all again."""

import gc

import pulumi
import pulumi_aws as aws
import pytest

from localstack.cloud.create.not_emulated import NOT_EMULATED
from localstack.cloud.deploy import deploy
from localstack.cloud.endpoint import Endpoint
from localstack.cloud.errors import DeployError
from localstack.lambdas.model import Invocation
from tests.support.emulated import migrated


async def test_program_runs_again_in_the_same_process(cloud: Endpoint) -> None:
    """Each run has its own resources and outputs, secrets among them; garbage is collected after it."""

    def program() -> None:
        topic = aws.sns.Topic("topic", name=f"topic-{pulumi.get_stack()}")
        pulumi.export("topic", topic.arn)
        pulumi.export("password", pulumi.Output.secret("open"))

    for stack in ("first", "second"):
        made = await deploy(program, cloud, stack=stack, invoke=migrated)

        assert made.outputs == {
            "topic": f"arn:aws:sns:us-east-1:123456789012:topic-{stack}",
            "password": "open",
        }
        assert [found.type for found in made.resources] == ["aws:sns/topic:Topic"]
        assert gc.isenabled()


async def test_unknown_type_is_named(cloud: Endpoint) -> None:
    """A type that nobody creates is an error, not a hole in the stack."""
    with pytest.raises(DeployError, match="nothing in localstack/cloud/create makes a aws:sqs/queue:Queue"):
        await deploy(lambda: _declare(aws.sqs.Queue("queue")), cloud, stack="unknown", invoke=migrated)


async def test_property_that_is_not_carried_over_is_named(cloud: Endpoint) -> None:
    """A property that the emulated cloud is not given is an error: what runs is to be what was declared."""

    def program() -> None:
        aws.sns.Topic("topic", fifo_topic=True)

    with pytest.raises(DeployError, match="aws:sns/topic:Topic 'topic': declares fifoTopic"):
        await deploy(program, cloud, stack="lost", invoke=migrated)


async def test_refusal_of_the_cloud_is_told_with_its_resource(cloud: Endpoint) -> None:
    """What the cloud refuses is told in the cloud's words, for the resource that asked."""

    def program() -> None:
        policy = aws.iam.RolePolicy(
            "right", role="nobody", policy='{"Version": "2012-10-17", "Statement": []}'
        )
        pulumi.export("right", policy.id)

    with pytest.raises(DeployError, match=r"aws:iam/rolePolicy:RolePolicy 'right': .*nobody"):
        await deploy(program, cloud, stack="refused", invoke=migrated)


async def test_error_of_the_program_is_its_own(cloud: Endpoint) -> None:
    """An error in the program itself, also in what it computes from outputs, comes through as it is."""

    def program() -> None:
        topic = aws.sns.Topic("topic")
        pulumi.export("figure", topic.arn.apply(int))

    with pytest.raises(ValueError, match="invalid literal for int"):
        await deploy(program, cloud, stack="wrong", invoke=migrated)


async def test_step_is_invoked_with_its_input(cloud: Endpoint) -> None:
    """The function that a deployment runs is invoked, and its answer is an output."""
    calls: list[tuple[str, bytes]] = []

    async def invoke(name: str, payload: bytes) -> Invocation:
        calls.append((name, payload))
        return Invocation(b'{"version": 7}')

    def program() -> None:
        step = aws.lambda_.Invocation("step", function_name="migrate", input='{"to": 7}')
        pulumi.export("answer", step.result)

    made = await deploy(program, cloud, stack="step", invoke=invoke)

    assert (calls, made.outputs["answer"]) == ([("migrate", b'{"to": 7}')], '{"version": 7}')


async def test_step_that_fails_ends_the_deployment(cloud: Endpoint) -> None:
    """What depends on the step is not created, and the function's own error is told."""

    async def invoke(name: str, payload: bytes) -> Invocation:  # noqa: ARG001
        return Invocation(b'{"errorMessage": "no such table"}', failed=True)

    def program() -> None:
        step = aws.lambda_.Invocation("step", function_name="migrate", input="{}")
        aws.sns.Topic("after", name="after-the-step", opts=pulumi.ResourceOptions(depends_on=[step]))

    with pytest.raises(DeployError, match=r"the function migrate failed: .*no such table"):
        await deploy(program, cloud, stack="fails", invoke=invoke)
    topics = [topic["TopicArn"] for topic in cloud.pages("sns", "list_topics", "Topics")]
    assert not [arn for arn in topics if arn.endswith(":after-the-step")]


def test_reason_stands_beside_what_is_not_emulated() -> None:
    """Nothing is left out of the emulated cloud without a sentence that says why."""
    assert all(len(entry.reason) > 20 for entry in NOT_EMULATED.values())


def _declare(*resources: pulumi.Resource) -> None:
    """Declaring is all that is asked of them."""
