"""`make docs`: writes the tables of docs/deploy.md that say what a stack costs, with their arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from infra import prices
from infra.archives import ROOT
from infra.config import Config
from infra.declared import Declared, read_functions
from infra.function import timeout_seconds
from infra.prices import HOURS, MILLION, Price
from infra.sections import Database, Network, Streams
from infra.stack_file import stack_config
from shared.edge.cloud_metrics import METRICS, OF_QUEUES
from shared.settings import Settings

PAGE = ROOT / "docs" / "deploy.md"
BEGIN, END = "<!-- Written by `make docs` from infra/costs.py. -->\n", "<!-- The end of that. -->\n"

ALARMS_OF_ALL = 10
SECRETS = 7
# What is assumed of a job, each on its own: pushed, taken, completed.
REQUESTS = 3
REQUEST_SECONDS = 0.02
JOBS_PER_UNIT_SECOND = 200
WRITES = 12
KILOBYTES = 2
VALKEY_UNITS = 6
LOGGED_KILOBYTES = 0.3
"""The gateway's line of a request; Lambda's own lines are below the level that a function logs."""
ANSWERED_KILOBYTES = 1
METRIC_KILOBYTES = 0.4
"""A line of the log with the metrics of one queue."""
WAIT_SECONDS = 20
STREAMS = Streams(host="streams.example.com", image="spooled:1", certificateArn="arn:aws:acm:example")


@dataclass(frozen=True, slots=True)
class Line:
    """So much of something at its price."""

    what: str
    parts: str
    quantity: float
    price: Price

    @property
    def dollars(self) -> float:
        return self.quantity * self.price.dollars


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a stack's configuration costs by the hour."""

    network: Network
    database: Database
    functions: Sequence[Declared]
    memory_mb: int = Config.model_fields["memory_mb"].default
    tick_memory_mb: int = Config.model_fields["tick_memory_mb"].default

    @classmethod
    def shipped(cls) -> Self:
        """As Pulumi.prod.yaml has it."""
        config = stack_config("prod")
        return cls(
            Network.model_validate(config["spooled:network"]),
            Database.model_validate(config["spooled:database"]),
            read_functions(),
        )

    @classmethod
    def smallest(cls) -> Self:
        """With the defaults of network and database."""
        return cls(Network(), Database(), read_functions())

    @property
    def instances(self) -> int:
        return 2 if self.database.reader else 1

    @property
    def ways_out(self) -> int:
        return self.network.zones if self.network.nat_per_zone else 1

    @property
    def timers(self) -> list[Declared]:
        return [declared for declared in self.functions if declared.kind == "tick"]

    @property
    def alarms(self) -> int:
        return len(self.functions) + len(self.timers) + ALARMS_OF_ALL

    @property
    def gigabytes(self) -> float:
        return self.memory_mb / 1024

    @property
    def tick_gigabytes(self) -> float:
        return self.tick_memory_mb / 1024


def idle_month(shape: Shape) -> list[Line]:
    """A month without a single job."""
    units = shape.database.min_capacity
    proxied = max(units, prices.PROXY_LEAST_UNITS)
    starts = sum(HOURS * 3600 / timer.every_seconds for timer in shape.timers)
    seconds = sum(
        HOURS * 3600 * min(timer.every_seconds, timeout_seconds(timer)) / timer.every_seconds
        for timer in shape.timers
    )
    hours = f"{HOURS} h"
    return [
        Line(
            "Aurora at its least",
            f"{shape.instances} × {units:g} ACU × {hours}",
            shape.instances * units * HOURS,
            prices.AURORA_CAPACITY,
        ),
        Line(
            "RDS Proxy",
            f"{shape.instances} × {proxied:g} ACU × {hours}",
            shape.instances * proxied * HOURS,
            prices.PROXY,
        ),
        Line(
            "Timers, which run all the time",
            f"{seconds / 3600:,.0f} h × {shape.tick_gigabytes:g} GB",
            seconds * shape.tick_gigabytes,
            prices.LAMBDA_TIME,
        ),
        Line("NAT gateway", f"{shape.ways_out} × {hours}", shape.ways_out * HOURS, prices.NAT),
        Line("Its address", f"{shape.ways_out} × {hours}", shape.ways_out * HOURS, prices.ADDRESS),
        Line(
            "Endpoint of Secrets Manager",
            f"{shape.network.zones} zones × {hours}",
            shape.network.zones * HOURS,
            prices.ENDPOINT,
        ),
        Line("Alarms", f"{shape.alarms}", shape.alarms, prices.ALARM),
        Line(
            "Valkey at its least",
            f"{prices.VALKEY_LEAST_GIGABYTES:g} GB × {hours}",
            prices.VALKEY_LEAST_GIGABYTES * HOURS,
            prices.VALKEY_STORAGE,
        ),
        Line("Secrets", f"{SECRETS}", SECRETS, prices.SECRET),
        Line("Key", "1", 1, prices.KEY),
        Line("Metrics of our own", f"{len(METRICS)}", len(METRICS), prices.METRIC),
        Line("Starts of the timers", f"{starts:,.0f}", starts / MILLION, prices.SCHEDULER),
    ]


def million_jobs(shape: Shape) -> list[Line]:
    """A million jobs, on top of that."""
    requests = REQUESTS * 1.0
    days = Settings.model_fields["job_retention_days"].default
    months = days / 30
    capacity = shape.instances * MILLION / JOBS_PER_UNIT_SECOND / 3600
    return [
        Line("HTTP API", f"{REQUESTS} requests each", requests, prices.HTTP_API),
        Line("Lambda, requests", f"{REQUESTS} each", requests, prices.LAMBDA_REQUESTS),
        Line(
            "Lambda, time",
            f"{REQUESTS} × {REQUEST_SECONDS * 1000:g} ms × {shape.gigabytes:g} GB each",
            requests * MILLION * REQUEST_SECONDS * shape.gigabytes,
            prices.LAMBDA_TIME,
        ),
        Line(
            "Aurora, capacity",
            f"{shape.instances} instances, {JOBS_PER_UNIT_SECOND} jobs a second for each ACU",
            capacity,
            prices.AURORA_CAPACITY,
        ),
        Line("Aurora, reads and writes", f"{WRITES} each", float(WRITES), prices.AURORA_IO),
        Line(
            "Aurora, storage",
            f"{KILOBYTES} KB each, for {days} days",
            KILOBYTES * months,
            prices.AURORA_STORAGE,
        ),
        Line("Valkey", f"{VALKEY_UNITS} units each", float(VALKEY_UNITS), prices.VALKEY_UNITS),
        Line(
            "Logs",
            f"{REQUESTS} × {LOGGED_KILOBYTES:g} KB each",
            requests * LOGGED_KILOBYTES,
            prices.LOGS,
        ),
        Line(
            "Answers over the internet",
            f"{REQUESTS} × {ANSWERED_KILOBYTES} KB each",
            requests * ANSWERED_KILOBYTES,
            prices.TRANSFER,
        ),
    ]


def waiting_worker(shape: Shape) -> list[Line]:
    """A worker that waits for jobs with long polls, all month."""
    polls = HOURS * 3600 / WAIT_SECONDS / MILLION
    return [
        Line(
            "Lambda, time",
            f"{HOURS} h × {shape.gigabytes:g} GB",
            HOURS * 3600 * shape.gigabytes,
            prices.LAMBDA_TIME,
        ),
        Line("HTTP API", f"a request every {WAIT_SECONDS} s", polls, prices.HTTP_API),
        Line("Lambda, requests", f"a request every {WAIT_SECONDS} s", polls, prices.LAMBDA_REQUESTS),
    ]


def streams_month(shape: Shape, streams: Streams = STREAMS) -> list[Line]:
    """The long-lived service, when it is on."""
    processors, gigabytes = streams.count * streams.cpu / 1024, streams.count * streams.memory_mb / 1024
    hours, zones = f"{HOURS} h", shape.network.zones
    return [
        Line("Fargate, CPU", f"{processors:g} CPU × {hours}", processors * HOURS, prices.FARGATE_CPU),
        Line("Fargate, memory", f"{gigabytes:g} GB × {hours}", gigabytes * HOURS, prices.FARGATE_MEMORY),
        Line("Load balancer", hours, HOURS, prices.BALANCER),
        Line("Its load", f"1 unit × {hours}", HOURS, prices.BALANCER_UNITS),
        Line("Its addresses", f"{zones} zones × {hours}", zones * HOURS, prices.ADDRESS),
    ]


def queues_month() -> list[Line]:
    """The metrics of queues in a month in which all that have a name are busy all the time."""
    queues = Settings.model_fields["metrics_queues"].default + 1
    lines = queues * HOURS * 60
    return [
        Line(
            "Metrics of queues",
            f"{len(OF_QUEUES)} of each of {queues} names",
            len(OF_QUEUES) * queues,
            prices.METRIC,
        ),
        Line(
            "Their lines of the log",
            f"{queues} × {METRIC_KILOBYTES:g} KB a minute",
            lines * METRIC_KILOBYTES / MILLION,
            prices.LOGS,
        ),
    ]


def total(lines: Sequence[Line]) -> float:
    return sum(line.dollars for line in lines)


def tables() -> str:
    """The tables of the page."""
    shipped, smallest = Shape.shipped(), Shape.smallest()
    sections = [
        ("An idle month, with `Pulumi.prod.yaml` as it is", idle_month(shipped)),
        ("An idle month of the smallest stack: two zones, half a unit, no reader", idle_month(smallest)),
        ("A million jobs, on top of that", million_jobs(shipped)),
        (f"A worker that waits all month, with `wait_seconds` of {WAIT_SECONDS}", waiting_worker(shipped)),
        ("A month of metrics of queues, `METRICS_QUEUES` as it is and all of them busy", queues_month()),
        ("A month of the streams, when they are on", streams_month(shipped)),
    ]
    return "\n".join(_table(title, lines) for title, lines in sections)


def _table(title: str, lines: Sequence[Line]) -> str:
    rows = [
        f"| {line.what} | {line.parts} | {_figure(line.quantity)} | {_price(line.price)} "
        f"| {line.dollars:,.2f} |"
        for line in lines
    ]
    head = [f"### {title}", "", "| What | How much | Quantity | Price | USD |", "|---|---|---:|---:|---:|"]
    return "\n".join([*head, *rows, f"| **Together** | | | | **{total(lines):,.2f}** |", ""])


def _figure(quantity: float) -> str:
    return f"{quantity:,.0f}" if quantity >= 100 else f"{quantity:,.3g}"  # noqa: PLR2004


def _price(price: Price) -> str:
    text = f"{price.dollars:.10f}".rstrip("0")
    whole, _, cents = text.partition(".")
    return f"{whole}.{cents:0<2} / {price.unit}"


def with_tables(page: str) -> str:
    """The page with the tables as they are now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
