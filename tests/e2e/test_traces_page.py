"""docs/traces.md is right: with OpenTelemetry at both ends, a push and its run are one trace."""

import json
import os
import subprocess
import sys

from tests.support.pages import Page
from tests.support.run import ROOT

BEFORE = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

spans = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(provider)
"""
AFTER = """
import json

job_id = push("traced", {"n": 1})
work_once("traced", lambda payload: payload["n"] + 1)
made, run = [json.loads(span.to_json()) for span in spans.get_finished_spans()]
print(json.dumps({"made": made, "run": run, "job": spooled.get(f"/jobs/{job_id}").json()}))
"""


def test_the_python_example_makes_one_trace(service_url: str, key: str) -> None:
    """The span of the worker is a child of the span that pushed, and the job is done."""
    (example,) = [
        block.text for block in Page.read(ROOT / "docs/traces.md").blocks if block.language == "python"
    ]
    environment = os.environ | {"SPOOLED_URL": service_url, "SPOOLED_API_KEY": key}
    ran = subprocess.run(
        [sys.executable, "-c", BEFORE + example + AFTER],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["run"]["context"]["trace_id"] == said["made"]["context"]["trace_id"]
    assert said["run"]["parent_id"] == said["made"]["context"]["span_id"]
    assert said["run"]["attributes"]["messaging.message.id"] == said["job"]["id"]
    assert said["job"]["status"] == "completed"
    assert said["job"]["result"] == 2
