"""The official client signs a person in by e-mail, with the code that the running service printed."""

import asyncio
import re
import uuid
from collections.abc import Callable

import httpx
import pytest
import spooled

from tests.support.run import Run
from tests.support.until import until

Connect = Callable[..., spooled.SpooledClient]


def code_for(run: Run, email: str) -> str:
    """The code in the log of the run; the line may come after the answer."""

    def found() -> list[str]:
        return re.findall(rf"Mail to {email}: (\w{{6}}) is your", run.said)

    async def is_there() -> bool:
        return bool(found())

    asyncio.run(until(is_there))
    return found()[-1]


def post(run: Run, path: str, **body: str) -> httpx.Response:
    """For the steps of which the client leaves the dashboard to make."""
    return httpx.post(f"{run.url}/api/v1{path}", json=body)


def test_a_person_signs_up_and_works_by_the_client(service: Run, connect: Connect, key: str) -> None:
    """Start, look up, and a session that has no API key: me, refresh, members, jobs, logout."""
    email = f"e-{uuid.uuid4().hex[:12]}@example.com"
    stranger = connect(api_key=key)
    started = stranger.auth.start_email_login(email)
    known = stranger.auth.check_email(email)
    offer = post(service, "/auth/email/verify", email=email, code=code_for(service, email)).json()
    slug = f"s-{uuid.uuid4().hex[:12]}"
    made = post(
        service, "/auth/signup/complete", signup_token=offer["signup_token"], name="New", slug=slug
    ).json()
    person = connect(access_token="no.such.token", refresh_token=made["refresh_token"])
    me = person.auth.me()
    (owner,) = person.organizations.get_members(me.organization_id)

    assert started.email_sent_to == f"e***{email.partition('@')[0][-1]}@example.com"
    assert (known.exists, known.available, known.signup_enabled) == (False, True, True)
    assert stranger.auth.check_email(email).has_organizations is True
    assert (me.organization_id, me.api_key_id) == (made["organization"]["id"], owner.user_id)
    assert (owner.email, owner.role, owner.invited_by) == (email, "owner", None)
    assert person.jobs.create({"queue_name": "emails", "payload": {}}).created is True
    assert connect(api_key=made["api_key"]).organizations.list()[0].slug == slug
    with pytest.raises(spooled.NotFoundError):
        stranger.organizations.get_members(me.organization_id)
    person.auth.logout()
    with pytest.raises(spooled.AuthenticationError):
        stranger.auth.refresh({"refresh_token": made["refresh_token"]})


def test_a_code_too_soon_and_a_wrong_one(service: Run, connect: Connect, key: str) -> None:
    """The client's own errors: a rate limit that says how long, and a broken rule."""
    email = f"e-{uuid.uuid4().hex[:12]}@example.com"
    client = connect(api_key=key)
    client.auth.start_email_login(email)

    with pytest.raises(spooled.RateLimitError):
        client.auth.start_email_login(email)
    with pytest.raises(spooled.ValidationError):
        client.auth.check_email("nobody")
    assert post(service, "/auth/email/verify", email=email, code="000000").status_code == 400
