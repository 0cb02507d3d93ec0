"""Which function a path belongs to."""

from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Match, Route, Router

from shared.edge.routes import Routes

PATHS = (
    "/jobs",
    "/jobs/stats",
    "/jobs/{job_id}",
    "/jobs/{job_id}/complete",
    "/jobs/bulk/complete",
    "/queues/{name}/jobs/{job_id}",
    "/queues/{name}/jobs/next",
    "/",
)


def routes_of(*declared: tuple[str, str]) -> Routes[str]:
    routes: Routes[str] = Routes()
    for method, path in declared:
        routes.add(method, path, f"{method} {path}")
    return routes


def test_a_fixed_segment_wins_over_a_parameter() -> None:
    """`/jobs/stats` is never a job of the name stats."""
    routes = routes_of(("GET", "/jobs/{job_id}"), ("GET", "/jobs/stats"))

    assert routes.find("GET", "/jobs/stats") == ("GET /jobs/stats", {})
    assert routes.find("GET", "/jobs/statistics") == ("GET /jobs/{job_id}", {"job_id": "statistics"})


def test_a_method_that_the_fixed_path_lacks_may_be_the_parameters() -> None:
    """Methods of one path may be spread over several routes, and all of them count."""
    routes = routes_of(("GET", "/jobs/stats"), ("DELETE", "/jobs/{job_id}"))

    assert routes.find("DELETE", "/jobs/stats") == ("DELETE /jobs/{job_id}", {"job_id": "stats"})
    assert routes.methods("/jobs/stats") == {"GET", "DELETE"}
    assert routes.find("PUT", "/jobs/stats") is None


def test_a_parameter_is_one_segment_and_never_empty() -> None:
    """Neither `/jobs/` nor `/jobs/a/b` is a job."""
    routes = routes_of(("GET", "/jobs/{job_id}"))

    assert routes.find("GET", "/jobs/") is None
    assert routes.find("GET", "/jobs/a/b") is None
    assert routes.methods("/jobs/") == set()


@given(
    st.lists(st.sampled_from(["", "jobs", "stats", "bulk", "complete", "queues", "next", "x"]), max_size=6)
)
def test_it_finds_what_starlette_finds(segments: list[str]) -> None:
    """For every path the same route and the same parameters as the router that tries one after the other."""
    path = "/" + "/".join(segments)
    ordered = sorted(PATHS, key=lambda known: [part.startswith("{") for part in known.split("/")])
    routes = routes_of(*(("GET", known) for known in PATHS))
    expected = None
    for route in Router([Route(known, lambda _: None) for known in ordered]).routes:
        match, found = route.matches({"type": "http", "method": "GET", "path": path})
        if match is Match.FULL:
            assert isinstance(route, Route)
            expected = f"GET {route.path}", found["path_params"]
            break

    assert routes.find("GET", path) == expected
