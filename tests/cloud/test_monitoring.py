"""Prometheus and Grafana find what they ask for: metrics, labels, addresses and the token."""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from functions.ticks.metrics import run_once as tick
from infra.sections import Alarms
from shared.beats import note_beat
from shared.core import Core
from shared.edge.opening import open_core
from shared.settings import Settings
from tests.support.api import Api
from tests.support.composed import ROOT, composed
from tests.support.run import MINIMAL_PATH, free_port, started
from tests.support.servers import Servers
from tests.support.wait import wait_until

PROMETHEUS = ROOT / "localstack" / "prometheus"
CASES = ROOT / "tests" / "cloud" / "alerts.yml"
GRAFANA = ROOT / "localstack" / "grafana"
DASHBOARDS = sorted((GRAFANA / "dashboards").glob("*.json"))
TOKEN_FILE = "/tmp/metrics-token"
TOKEN = "a-metrics-token-of-the-tests"
SERVICES: dict[str, dict[str, Any]] = composed()["services"]

needs_prometheus = pytest.mark.skipif(
    not (shutil.which("prometheus") and shutil.which("promtool")),
    reason="Prometheus is not on this machine (Debian: apt install prometheus)",
)


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return [panel for board in DASHBOARDS for panel in json.loads(board.read_text())["panels"]]


def anchors(page: Path) -> set[str]:
    """Where a link may lead to on a page."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}


def expressions() -> list[str]:
    of_panels = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [rule["expr"] for rule in rules()] + of_panels


async def test_every_metric_that_is_asked_for_exists(core: Core, api: Api) -> None:
    """What alerts and dashboard name is in the answer of /metrics, each with the labels they use."""
    await note_beat(core, "of a test", 10**6, core.clock(), None)
    await api.get("/health")
    text = (await api.client.get("/metrics")).text
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    names = {re.split(r"[ {]", line)[0] for line in lines}
    labels = {label for line in lines for label in re.findall(r'(\w+)="', line)}
    asked = {name for expression in expressions() for name in re.findall(r"spooled_\w+", expression)}
    grouped = re.findall(r"by \(([^)]*)\)", " ".join(expressions()))

    assert asked - names == set()
    assert {label.strip() for group in grouped for label in group.split(",")} - labels <= {"instance"}
    assert {name for name in names if not name.endswith(("_sum", "_count"))} - asked == set()


def test_alerts_say_what_to_do() -> None:
    """Each alert has a severity, says what is wrong and what to do, and has a test of its own."""
    tested = {
        case["alertname"]
        for test in yaml.safe_load(CASES.read_text())["tests"]
        for case in test["alert_rule_test"]
        if case["exp_alerts"]
    }
    for rule in rules():
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"].keys() == {"summary", "action", "runbook"}
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert anchor in anchors(ROOT / page)

    assert {rule["alert"] for rule in rules()} == tested


def test_alerts_ring_at_the_figures_of_the_cloud() -> None:
    """One machine and the cloud call for somebody at the same age and number of dead letters."""
    alarms = Alarms()
    by_name = {rule["alert"]: rule["expr"] for rule in rules()}

    assert by_name["SpooledJobsWait"].endswith(f">= {alarms.oldest_pending_seconds}")
    assert by_name["SpooledDeadLetters"].endswith(f">= {alarms.dead_letters}")
    assert by_name["SpooledJobsBuried"].endswith(f"[5m]))) >= {alarms.buried_jobs}")
    assert by_name["SpooledScheduleLate"].endswith(f">= {alarms.schedule_lag_seconds}")
    assert by_name["SpooledServerErrors"].endswith(f"[5m])) >= {alarms.server_errors}")


def test_parts_find_each_other() -> None:
    """Prometheus scrapes the service by its name and port, and Grafana asks Prometheus by its."""
    jobs = {
        job["job_name"]: job
        for job in yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["scrape_configs"]
    }
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())[
        "datasources"
    ]
    (boards,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/spooled.yml").read_text())["providers"]

    assert jobs["spooled"]["static_configs"] == [{"targets": [f"spooled:{_port('spooled')}"]}]
    assert jobs["spooled"]["authorization"]["credentials_file"] == TOKEN_FILE
    assert f"> {TOKEN_FILE} " in SERVICES["prometheus"]["entrypoint"][2]
    assert source["url"] == f"http://prometheus:{_port('prometheus')}"
    assert f"./localstack/grafana/dashboards:{boards['options']['path']}:ro" in SERVICES["grafana"]["volumes"]
    for panel in panels():
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {source["uid"]}


def test_panels_stand_beside_each_other() -> None:
    """No panel of the dashboard covers another, and each has a title and an id of its own."""
    fields = [
        (column, row)
        for panel in panels()
        for at in [panel["gridPos"]]
        for column in range(at["x"], at["x"] + at["w"])
        for row in range(at["y"], at["y"] + at["h"])
    ]

    assert len(fields) == len(set(fields))
    assert max(column for column, _ in fields) < 24
    assert (
        len({panel["id"] for panel in panels()})
        == len({panel["title"] for panel in panels()})
        == len(panels())
    )


@needs_prometheus
def test_prometheus_accepts_the_configuration(tmp_path: Path) -> None:
    """Prometheus finds no fault in configuration and rules, and each alert rings when it must."""
    case = tmp_path / "alerts.yml"
    case.write_text(CASES.read_text().replace("RULES", f"{PROMETHEUS}/alerts.yml"))
    for command in (
        ["check", "config", "--syntax-only", f"{PROMETHEUS}/prometheus.yml"],
        ["check", "rules", f"{PROMETHEUS}/alerts.yml"],
        ["test", "rules", f"{case}"],
    ):
        checked = subprocess.run(["promtool", *command], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_grafana_is_below_a_path() -> None:
    """All its pages are at `/grafana`, and its health is asked for there."""
    grafana = SERVICES["grafana"]

    assert grafana["environment"]["GF_SERVER_SERVE_FROM_SUB_PATH"] == "true"
    assert grafana["environment"]["GF_SERVER_ROOT_URL"].endswith(f":{_port('grafana')}/grafana/")
    assert grafana["healthcheck"]["test"][-1].endswith(f":{_port('grafana')}/grafana/api/health")


@needs_prometheus
def test_prometheus_scrapes_an_open_service(tmp_path: Path, servers: Servers) -> None:
    """With the commands and files of docker-compose.yml, without a token: it is up, and no alert rings."""
    with watched(tmp_path, servers, "") as (_, url):
        wait_until(lambda: _value(url, 'up{job="spooled"}') == ["1"])
        wait_until(lambda: _value(url, "spooled_database_up") == ["1"])
        wait_until(lambda: all(rule["lastEvaluation"] > "0002" for rule in _loaded(url)))
        loaded = _loaded(url)

    assert sorted(rule["name"] for rule in loaded) == sorted(rule["alert"] for rule in rules())
    assert {rule["health"] for rule in loaded} == {"ok"}
    assert {rule["state"] for rule in loaded} == {"inactive"}


@needs_prometheus
def test_every_query_of_the_dashboard_finds_figures(tmp_path: Path, servers: Servers) -> None:
    """While jobs are made, completed, tried again and given up, no panel is empty and no rule at fault."""
    asked = {expression.replace("$__rate_interval", "10s") for expression in expressions()}
    of_panels = {
        target["expr"].replace("$__rate_interval", "10s") for panel in panels() for target in panel["targets"]
    }
    with (
        watched(tmp_path, servers, TOKEN) as (run, url),
        working(run.url) as work,
        counting(run.settings) as count,
    ):
        missing = set(of_panels)

        def is_complete() -> bool:
            nonlocal missing
            work()
            count()
            missing = {query for query in missing if not _figures(url, query)}
            return not missing

        try:
            wait_until(is_complete)
        finally:
            assert missing == set()
        assert {query for query in asked if not _is_query(url, query)} == set()
        assert {rule["health"] for rule in _loaded(url)} == {"ok"}
        queues = _labels(url, "spooled_job_wait_seconds_count", "queue")

    assert queues == {"emails", "reports", "other"}


@dataclass
class Watched:
    """A service, and what it was started with."""

    url: str
    settings: Mapping[str, str]


@contextmanager
def watched(folder: Path, servers: Servers, token: str) -> Iterator[tuple[Watched, str]]:
    """The service, and the address of a Prometheus that scrapes it."""
    settings = {
        "SPOOLED_ENV": "development",
        "DATABASE_URL": servers.new_database(f"monitoring_{bool(token)}".lower()),
        "REDIS_URL": servers.redis_url,
        "METRICS_TOKEN": token,
    }
    with started(folder / "data", settings=settings) as run, prometheus(folder, run.port, token) as url:
        yield Watched(run.url, settings), url


@contextmanager
def counting(settings: Mapping[str, str]) -> Iterator[Callable[[], None]]:
    """A second process that runs the timer of metrics, more often than the service does."""
    with asyncio.Runner() as runner:
        core = runner.run(open_core(Settings.model_validate({k.lower(): v for k, v in settings.items()})))
        yield lambda: runner.run(_count(core))
        runner.run(core.close())


async def _count(core: Core) -> None:
    await tick.run_once(core, core.clock(), 10)


@contextmanager
def working(service_url: str) -> Iterator[Callable[[], None]]:
    """A little work for each call: two queues, and all that may become of a job."""
    made = httpx.post(f"{service_url}/api/v1/organizations", json={"name": "Watched", "slug": "watched"})
    headers = {"Authorization": f"Bearer {made.json()['api_key']['key']}"}
    with httpx.Client(base_url=f"{service_url}/api/v1", headers=headers) as client:

        def post(path: str, **body: Any) -> Any:
            answer = client.post(path, json=body)
            answer.raise_for_status()
            return answer.json() if answer.content else None

        post("/workers/register", queue_name="emails", hostname="h")

        def work() -> None:
            for queue in ("emails", "reports"):
                post("/jobs/bulk", queue=queue, jobs=[{"payload": {}}] * 4)
                done, again, dead = post("/jobs/claim", queue=queue, worker_id="w", limit=3)["jobs"]
                post(f"/jobs/{done['id']}/complete")
                post(f"/jobs/{again['id']}/fail", error="once more")
                post(f"/jobs/{dead['id']}/fail", error="broken", no_retry=True)

        yield work


@contextmanager
def prometheus(folder: Path, service_port: int, token: str) -> Iterator[str]:
    """Prometheus as docker-compose.yml starts it; only its folders and ports are those of this machine."""
    service = composed({"METRICS_TOKEN": token})["services"]["prometheus"]
    port, configuration = free_port(), folder / "prometheus"
    shutil.copytree(PROMETHEUS, configuration)
    file = configuration / "prometheus.yml"
    here = {
        f"spooled:{_port('spooled')}": f"127.0.0.1:{service_port}",
        f"127.0.0.1:{_port('prometheus')}": f"127.0.0.1:{port}",
        TOKEN_FILE: f"{folder}/metrics-token",
        # So that nobody waits for the first round.
        "interval: 15s": "interval: 1s",
    }
    file.write_text(_replaced(file.read_text(), here))
    inside = {
        **here,
        "/etc/prometheus": f"{configuration}",
        "path=/prometheus": f"path={folder}/prometheus-data",
    }
    command = [_replaced(part, inside) for part in (*service["entrypoint"], *service["command"])]
    process = subprocess.Popen(
        [*command, f"--web.listen-address=127.0.0.1:{port}"],
        env={"PATH": MINIMAL_PATH, **service["environment"]},
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _is_ready(f"http://127.0.0.1:{port}"))
        yield f"http://127.0.0.1:{port}"
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait(20)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready").status_code == 200
    except httpx.TransportError:
        return False


def _value(url: str, query: str) -> list[str]:
    found = httpx.get(f"{url}/api/v1/query", params={"query": query}).json()["data"]["result"]
    return [series["value"][1] for series in found]


def _asked(url: str, query: str) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.get(f"{url}/api/v1/query", params={"query": query}).json()
    return answer


def _is_query(url: str, query: str) -> bool:
    return bool(_asked(url, query)["status"] == "success")


def _figures(url: str, query: str) -> list[float]:
    """What a panel would draw: the figures of all its series that are numbers."""
    answer = _asked(url, query)
    assert answer["status"] == "success", f"{query}: {answer}"
    values = [float(series["value"][1]) for series in answer["data"]["result"]]
    return [value for value in values if isfinite(value)]


def _labels(url: str, metric: str, label: str) -> set[str]:
    return {series["metric"][label] for series in _asked(url, metric)["data"]["result"]}


def _loaded(url: str) -> list[dict[str, Any]]:
    groups = httpx.get(f"{url}/api/v1/rules").json()["data"]["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _port(name: str) -> int:
    """The HTTP port of a service inside, the first that it publishes."""
    published = SERVICES[name]["ports"][0]
    return int(published.rpartition(":")[2])


def _replaced(text: str, here: dict[str, str]) -> str:
    for before, after in here.items():
        text = text.replace(before, after)
    return text
