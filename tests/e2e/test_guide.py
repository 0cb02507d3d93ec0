"""The guide, by curl itself, against the service as `make run` starts it."""

import shutil

import pytest

from tests.support.guide import follow_guide, see_a_lapsed_lease_come_back, see_a_schedule_fire


@pytest.mark.skipif(shutil.which("curl") is None, reason="the guide is for curl")
def test_guide_from_first_command_to_last(service_url: str) -> None:
    """A reader who pastes every command of the guide, in order, gets every answer that it prints."""
    follow_guide(service_url)


def test_schedule_fires(service_url: str) -> None:
    """A schedule fires by itself."""
    see_a_schedule_fire(service_url)


def test_lapsed_lease_comes_back(service_url: str) -> None:
    """A job whose worker fell silent is handed to another."""
    see_a_lapsed_lease_come_back(service_url)
