"""The parts of a configuration that belong together, such as `spooled:database`."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel


class Section(BaseModel):
    """Values by the names of the configuration file; none that is not known."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_default=True,
        hide_input_in_errors=True,
    )


class ApiLimits(Section):
    """What the gateway lets through, for all callers together; above it 429."""

    rate_per_second: int = Field(1_000, ge=1, le=100_000, description="Requests per second.")
    burst: int = Field(500, ge=1, le=50_000, description="Requests at once.")


class Concurrency(Section):
    """How many environments each function may have at once, by what it does; each holds one connection."""

    account: int = Field(
        1_000,
        ge=1_000,
        le=1_000_000,
        description="Concurrent executions of the account in this region (its quota).",
    )
    waiting: int = Field(100, ge=1, le=10_000, description="Of functions that may wait for a job.")
    hot: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="Of functions that each job passes through, and no more; unset: as all others.",
    )
    cold: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="Of all other functions of the API; unset: they share what nobody has reserved.",
    )
    tick: int = Field(2, ge=1, le=10, description="Of each timer: this start, and the one before it.")
    overrides: Mapping[str, int] = Field(
        default_factory=dict, description="By function, such as jobs-create."
    )


class Network(Section):
    """A private network of the stack."""

    cidr: str = Field("10.60.0.0/16", pattern=r"^(\d{1,3}\.){3}0/16$", description="Its addresses, a /16.")
    zones: int = Field(2, ge=2, le=3, description="Availability zones.")
    nat_per_zone: bool = Field(
        default=False, description="A way out for each zone; off: one for all, down with its zone."
    )


class Database(Section):
    """Aurora PostgreSQL Serverless v2 behind RDS Proxy."""

    version: str = Field("17.5", pattern=r"^1[5-9]\.\d+$", description="Of Aurora PostgreSQL.")
    min_capacity: float = Field(
        0.5, ge=0.5, le=256, multiple_of=0.5, description="Least capacity units (2 GiB each)."
    )
    max_capacity: float = Field(8, ge=1, le=256, multiple_of=0.5, description="Most capacity units.")
    reader: bool = Field(
        default=False, description="A second instance in another zone, which takes over in a minute."
    )
    backup_days: int = Field(14, ge=7, le=35, description="How far back the database can be restored, days.")
    deletion_protection: bool = Field(
        default=True, description="Off: `pulumi destroy` may delete it, with a last snapshot."
    )
    proxy_percent: int = Field(
        90, ge=10, le=100, description="Share of the connections that the proxy may open."
    )

    @property
    def connections(self) -> int:
        """What the server takes at least, at its largest, through the proxy.

        Aurora takes about 200 connections per unit and 5,000 at most, and 2,000 where the least capacity is
        half a unit; 180 leave what it keeps for itself.
        """
        most = 5_000 if self.min_capacity >= 1 else 2_000
        return int(min(self.max_capacity * 180, most) * self.proxy_percent / 100)

    @model_validator(mode="after")
    def _range_is_one(self) -> Self:
        if self.min_capacity > self.max_capacity:
            raise ValueError("minCapacity is above maxCapacity")
        return self


class Cache(Section):
    """ElastiCache Serverless for Valkey."""

    max_gigabytes: int = Field(2, ge=1, le=5_000, description="Most data, GB.")
    max_ecpu_per_second: int = Field(5_000, ge=1_000, le=15_000_000, description="Most work, units a second.")
    snapshot_days: int = Field(0, ge=0, le=35, description="Days of snapshots; what it holds may be lost.")


class Streams(Section):
    """The long-lived service: gRPC, SSE and WebSocket."""

    host: str = Field(pattern=r"^[a-z0-9.-]+\.[a-z]+$", description="Its name, which leads to the balancer.")
    image: str = Field(
        pattern=r"^[^\s:]+(:\d+)?[^\s:]*(:[\w.-]+|@sha256:[0-9a-f]{64})$",
        description="Image with its tag or digest.",
    )
    certificate_arn: str = Field(pattern=r"^arn:aws:acm:", description="Certificate of its name.")
    count: int = Field(2, ge=1, le=50, description="Tasks.")
    cpu: Literal[256, 512, 1024, 2048, 4096] = Field(
        512, description="CPU units of a task, 1,024 to the CPU."
    )
    memory_mb: int = Field(1_024, ge=512, le=30_720, description="Memory of a task.")
    connections: int = Field(20, ge=1, le=200, description="Database connections of a task.")
    drain_seconds: int = Field(
        10, ge=0, le=100, description="How long an ending task waits for the jobs in flight on its streams."
    )


class Alarms(Section):
    """When somebody is to be told."""

    email: str = Field(
        "", pattern=r"^([^@\s]+@[^@\s]+)?$", description="Who is told, once confirmed; empty: nobody."
    )
    oldest_pending_seconds: int = Field(300, ge=1, description="Age of the oldest job that could run.")
    dead_letters: int = Field(100, ge=1, description="Dead letters that are kept.")
    buried_jobs: int = Field(20, ge=1, description="Jobs of five minutes that were given up for dead.")
    schedule_lag_seconds: int = Field(120, ge=1, description="How late a schedule may fire.")
    server_errors: int = Field(10, ge=1, description="Requests of five minutes that failed by our fault.")
    database_percent: int = Field(
        80, ge=1, le=100, description="Share of capacity, CPU and connections in use."
    )
