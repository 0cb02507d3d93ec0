"""What AWS asks in us-east-1, in US dollars, without tax, discounts and free allowances.

Typed in from the public price pages as they were known on the day below, and looked up by nobody since.
"""

from dataclasses import dataclass

REGION = "us-east-1"
AS_OF = "November 2025"
HOURS = 730
"""Of a month, as AWS counts."""
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """So many dollars for one unit, which may be a million of something."""

    unit: str
    dollars: float


LAMBDA_TIME = Price("GB-second", 0.0000133334)
LAMBDA_REQUESTS = Price("million", 0.20)
HTTP_API = Price("million", 1.00)
SCHEDULER = Price("million", 1.00)
AURORA_CAPACITY = Price("ACU-hour", 0.12)
AURORA_CAPACITY_WITH_IO = Price("ACU-hour", 0.156)
"""Of a cluster that is I/O-Optimized, where reads and writes cost nothing by themselves."""
AURORA_STORAGE = Price("GB-month", 0.10)
AURORA_IO = Price("million", 0.20)
PROXY = Price("ACU-hour", 0.015)
PROXY_LEAST_UNITS = 8
"""Of each instance behind the proxy."""
VALKEY_STORAGE = Price("GB-hour", 0.084)
VALKEY_LEAST_GIGABYTES = 0.1
VALKEY_UNITS = Price("million", 0.0023)
NAT = Price("hour", 0.045)
ADDRESS = Price("hour", 0.005)
ENDPOINT = Price("hour", 0.01)
SECRET = Price("month", 0.40)
KEY = Price("month", 1.00)
ALARM = Price("month", 0.10)
METRIC = Price("month", 0.30)
LOGS = Price("GB", 0.50)
TRANSFER = Price("GB", 0.09)
FARGATE_CPU = Price("CPU-hour", 0.03238)
FARGATE_MEMORY = Price("GB-hour", 0.00356)
BALANCER = Price("hour", 0.0225)
BALANCER_UNITS = Price("unit-hour", 0.008)
