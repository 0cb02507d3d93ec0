"""Nobody learns in production that a function lacks a right or a route: what is taken away is named."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from functions.app import every_function
from infra.declared import DeclarationError
from infra.errors import ConfigError
from tests.support.audit import faults
from tests.support.emulated import few_functions
from tests.support.program import LOCAL, PROD, Program, run_program
from tests.support.reach import reached_uses
from tests.support.tree import small_tree

ENDPOINTS, TICKS = every_function()
# In an order of their own: workers must agree on the names of the tests.
USING = [(found.function.__module__, found.function.__name__, sorted(found.uses)) for found in ENDPOINTS] + [
    (tick.run_once.__module__, "run_once", sorted(tick.uses)) for tick in TICKS
]


def test_the_stack_has_all_that_the_application_serves(local: Program) -> None:
    """Route by route and right by right, nothing is missing."""
    assert faults(local) == []


@pytest.mark.parametrize(("module", "name", "uses"), USING, ids=str)
def test_a_function_declares_what_its_code_reaches(module: str, name: str, uses: list[str]) -> None:
    """Followed from the function through every name it uses: mail, Stripe and calls to the internet."""
    assert sorted(reached_uses(module, name)) == uses


@pytest.mark.parametrize(
    ("type_", "name", "fault"),
    [
        ("lambda/function:Function", "jobs-create", "jobs-create has no Lambda"),
        ("iam/role:Role", "jobs-create", "jobs-create has no role"),
        ("iam/rolePolicy:RolePolicy", "jobs-create", "jobs-create has no policy"),
        ("cloudwatch/logGroup:LogGroup", "jobs-create", "jobs-create has no log group"),
        ("cloudwatch/metricAlarm:MetricAlarm", "jobs-create-errors", "jobs-create has no alarm"),
        ("apigatewayv2/route:Route", "jobs-create", "POST /api/v1/jobs leads nowhere"),
        ("apigatewayv2/route:Route", "edge-default", "$default leads nowhere"),
        ("apigatewayv2/integration:Integration", "jobs-get", "GET /api/v1/jobs/{job_id} calls nothing"),
        ("lambda/permission:Permission", "jobs-create", "POST /api/v1/jobs may not call jobs-create"),
        ("scheduler/schedule:Schedule", "ticks-leases", "ticks-leases is never started"),
        ("iam/rolePolicy:RolePolicy", "ticks-leases-schedule", "ticks-leases may not be started"),
        (
            "cloudwatch/metricAlarm:MetricAlarm",
            "ticks-leases-silence",
            "nobody hears when ticks-leases stands",
        ),
        ("lambda/invocation:Invocation", "deploy-migrate", "deploy-migrate is not called"),
    ],
)
def test_what_is_taken_from_the_cloud_is_named(type_: str, name: str, fault: str, local: Program) -> None:
    """One resource less is one fault, and says which."""
    less = [found for found in local.resources if (found.type, found.name) != (f"aws:{type_}", name)]
    assert len(less) == len(local.resources) - 1

    (found,) = faults(Program(less, local.outputs))
    assert found.startswith(fault)


@pytest.mark.parametrize(
    ("action", "fault"),
    [
        ("secretsmanager:GetSecretValue", "auth-email-start may not read the secret "),
        ("logs:PutLogEvents", "auth-email-start may not logs:PutLogEvents"),
        ("kms:Decrypt", "auth-email-start may not kms:Decrypt"),
    ],
)
def test_a_right_that_is_taken_away_is_named(action: str, fault: str, local: Program) -> None:
    """One action less in the policy of one role."""

    def without(policy: str) -> str:
        statements = json.loads(policy)["Statement"]
        for statement in statements:
            statement["Action"] = [one for one in statement["Action"] if one != action]
        return json.dumps({"Statement": statements})

    changed = [
        replace(found, inputs=found.inputs | {"policy": without(found.inputs["policy"])})
        if (found.type, found.name) == ("aws:iam/rolePolicy:RolePolicy", "auth-email-start")
        else found
        for found in local.resources
    ]

    found = faults(Program(changed, local.outputs))
    assert found
    assert all(one.startswith(fault) for one in found)


@pytest.fixture
def some_functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Few function files, declared in a moment: those that something is taken away from below."""
    monkeypatch.setattr("infra.concurrency.WAITING", frozenset())
    monkeypatch.setattr("infra.concurrency.HOT", frozenset())
    return few_functions(
        tmp_path, "auth/email_start.py", "jobs/claim.py", "ticks/deliveries.py", "webhooks/test.py"
    )


@pytest.mark.parametrize(
    ("file", "fault"),
    [
        ("webhooks/test.py", "webhooks-test has no Lambda"),
        ("ticks/leases.py", "ticks-leases is never started"),
        ("edge/default.py", "$default leads nowhere"),
        ("deploy/migrate.py", "deploy-migrate is not called"),
    ],
)
def test_a_function_file_that_is_taken_away_is_named(file: str, fault: str, some_functions: Path) -> None:
    """The program declares what is left, and what is missing is seen."""
    assert fault not in faults(run_program(LOCAL, functions=some_functions))
    (some_functions / file).unlink()

    assert fault in faults(run_program(LOCAL, functions=some_functions))


@pytest.mark.parametrize(
    ("file", "line", "changed", "expected"),
    [
        (
            "jobs/claim.py",
            '"/api/v1/jobs/claim"',
            '"/api/v1/jobs/clam"',
            ["POST /api/v1/jobs/claim leads nowhere"],
        ),
        (
            "auth/email_start.py",
            'uses=("mail", "internet")',
            'uses=("internet",)',
            [
                "auth-email-start is not told of the secret mail",
                "auth-email-start may not read the secret mail",
            ],
        ),
        ("ticks/deliveries.py", ', uses=("internet",)', "", ["ticks-deliveries has no way out"]),
        ("ticks/leases.py", "@every(60)", "@every(3600)", ["ticks-leases is never started"]),
    ],
)
def test_a_declaration_that_is_changed_is_named(
    file: str, line: str, changed: str, expected: list[str], some_functions: Path
) -> None:
    """A route, a right, a way out or a period that is not that of the application."""
    path = some_functions / file
    text = path.read_text(encoding="utf-8")
    assert line in text
    path.write_text(text.replace(line, changed), encoding="utf-8")

    missing = set(faults(run_program(PROD, functions=some_functions)))
    assert set(expected) <= missing
    assert {fault for fault in missing if fault.split(" ")[0] in {expected[0].split(" ")[0]} - {"POST"}} <= {
        *expected
    }


def test_a_file_that_declares_nothing_stops_the_program(tmp_path: Path) -> None:
    """A page whose decorator was lost is no function that is silently not deployed."""
    path = small_tree(tmp_path) / "ticks/leases.py"
    path.write_text(path.read_text(encoding="utf-8").replace("@every(60)\n", ""), encoding="utf-8")

    with pytest.raises(DeclarationError, match=r"leases\.py: one of @route"):
        run_program(LOCAL, functions=tmp_path)


def test_a_hot_function_that_is_taken_away_stops_the_program(tmp_path: Path) -> None:
    """It is named among those that are reserved more environments."""
    (small_tree(tmp_path) / "jobs/create.py").unlink()

    with pytest.raises(ConfigError, match="there is no function jobs-create"):
        run_program(LOCAL, functions=tmp_path)
