"""Tokens that somebody made up, bent or put together: none opens anything, and none breaks anything."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from shared.core import Core
from shared.tenants.tokens import _signing_key
from tests.support.api import Api, Tenant

Claims = dict[str, Any]
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = RSA.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def signed(header: Claims, claims: Claims | bytes, key: bytes) -> str:
    """A token of any header, signed by HMAC-SHA-256."""
    body = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    text = f"{b64(json.dumps(header).encode())}.{b64(body)}"
    return f"{text}.{b64(hmac.digest(key, text.encode(), hashlib.sha256))}"


HEADERS: dict[str, Claims] = {
    "none": {"alg": "none"},
    "None": {"alg": "None"},
    "NONE": {"alg": "NONE"},
    "no algorithm": {},
    "null": {"alg": None},
    "a list": {"alg": ["HS256"]},
    "another case": {"alg": "hs256"},
    "a space": {"alg": "HS256 "},
    "a longer hash": {"alg": "HS512"},
    "RSA": {"alg": "RS256"},
    "a key in the header": {"alg": "HS256", "jwk": {"kty": "oct", "k": "eA"}},
    "a key elsewhere": {"alg": "HS256", "jku": "http://127.0.0.1:1/keys", "x5u": "http://127.0.0.1:1/x"},
    "a file for a key": {"alg": "HS256", "kid": "../../../../dev/null"},
    "SQL for a key": {"alg": "HS256", "kid": "' UNION SELECT 'x"},
    "a list for a key": {"alg": "HS256", "kid": ["x"]},
    "an object for a key": {"alg": "HS256", "kid": {"a": 1}},
}
"""Of tokens that are signed with nothing, the public key of a pair, or a word that anybody could guess."""
KEYS = {"nothing": b"", "the public key": PUBLIC, "a guess": b"secret", "x": b"x"}
SHAPES: dict[str, Callable[[str], str]] = {
    "no signature": lambda token: token.rpartition(".")[0] + ".",
    "two parts": lambda token: token.rpartition(".")[0],
    "four parts": lambda token: f"{token}.x",
    "five parts": lambda token: f"{token}.x.y",
    "dots": lambda _: "..",
    "one dot": lambda _: ".",
    "no header": lambda token: "." + token.partition(".")[2],
    "a header that is no object": lambda token: f"{b64(b'[]')}.{token.partition('.')[2]}",
    "a header that is no JSON": lambda token: f"{b64(b'{')}.{token.partition('.')[2]}",
    "a signature cut short": lambda token: token[:-4],
    "a bit of the signature": lambda token: token[:-2] + ("AA" if token[-2:] != "AA" else "BB"),
    "another alphabet": lambda token: token.rpartition(".")[0] + ".++//" + token.rpartition(".")[2][4:],
    "a quote": lambda token: f'"{token}"',
    "many dots": lambda _: "." * 10_000,
    "a deep body": lambda token: f"{token.split('.')[0]}.{b64(b'[' * 9_000)}.{token.split('.')[2]}",
}
ODD: dict[str, Claims] = {
    "no end": {"exp": None},
    "an end in words": {"exp": "tomorrow"},
    "an end in a list": {"exp": [1]},
    "an end beyond time": {"exp": 2**80},
    "an end that is no number": {"exp": float("nan")},
    "an end without end": {"exp": float("inf")},
    "an end before the beginning": {"exp": -(2**70)},
    "a beginning in words": {"iat": "now"},
    "a beginning beyond time": {"iat": 2**80},
    "no organization": {"org_id": None},
    "an organization in a number": {"org_id": 1},
    "no key": {"api_key_id": None},
    "queues that are none": {"queues": None},
    "queues in a number": {"queues": 7},
    "an id in an object": {"jti": {}},
    "no use": {"use": None},
    "another use": {"use": "refresh"},
    "a list for a use": {"use": ["access"]},
    "nobody": {"user_id": "user_0000000000000"},
    "a person in a number": {"user_id": 7},
}
"""Claims of tokens that were signed as ours are: what no token of ours says is no reason to fall over."""


@pytest.fixture
async def session(org: Tenant, api: Api) -> Any:
    return await api.post("/auth/login", {"api_key": org.key})


def claims_of(token: str) -> Claims:
    claims: Claims = jwt.decode(token, options={"verify_signature": False})
    return claims


async def opens_nothing(org: Tenant, token: str) -> None:
    """Neither as a credential, nor to refresh with, nor to the question whether it is good."""
    refused = await Tenant(org.client, token).call("GET", "/auth/me", 401)
    assert refused["code"] == "UNAUTHORIZED"
    await org.post("/auth/refresh", {"refresh_token": token}, 401)
    assert (await org.post("/auth/validate", {"token": token}))["valid"] is False


@pytest.mark.parametrize("header", HEADERS)
async def test_no_header_chooses_how_it_is_checked(org: Tenant, session: Any, header: str) -> None:
    """Algorithm and key are the server's, whatever a token names, and nothing is fetched or opened for it."""
    claims = claims_of(session["access_token"])
    for key in KEYS.values():
        await opens_nothing(org, signed(HEADERS[header], claims, key))
    unsigned = signed(HEADERS[header], claims, b"").rpartition(".")[0]
    await opens_nothing(org, f"{unsigned}.")


async def test_a_public_key_is_no_secret(org: Tenant, session: Any) -> None:
    """A token that is honestly signed with RSA is refused too: there is one algorithm."""
    await opens_nothing(org, jwt.encode(claims_of(session["access_token"]), RSA, algorithm="RS256"))


@pytest.mark.parametrize("shape", SHAPES)
async def test_what_is_not_quite_a_token_is_none(org: Tenant, session: Any, shape: str) -> None:
    """Parts more or less, other alphabets and cut signatures are 401."""
    await opens_nothing(org, SHAPES[shape](session["access_token"]))


@pytest.mark.parametrize("odd", ODD)
async def test_odd_claims_are_no_fault_of_the_service(
    org: Tenant, session: Any, core: Core, odd: str
) -> None:
    """Even signed with the server's own key a token of nonsense is a 401 and never a 500."""
    claims = claims_of(session["access_token"]) | ODD[odd]
    header = jwt.get_unverified_header(session["access_token"])
    token = signed(header, claims, _signing_key(core.settings.secret_key))

    await Tenant(org.client, token).call("GET", "/auth/me", 401)


@pytest.mark.parametrize("left_out", ["exp", "iat", "jti", "use", "org_id", "api_key_id", "queues"])
async def test_a_claim_that_is_missing_is_a_401(org: Tenant, session: Any, core: Core, left_out: str) -> None:
    """A token without one of the claims of ours is none of ours."""
    claims = claims_of(session["access_token"])
    del claims[left_out]
    header = jwt.get_unverified_header(session["access_token"])

    token = signed(header, claims, _signing_key(core.settings.secret_key))

    await Tenant(org.client, token).call("GET", "/auth/me", 401)


async def test_an_extension_that_must_be_understood_is_refused(org: Tenant, session: Any, core: Core) -> None:
    """`crit` names what we do not know, so that the token may not be believed."""
    claims = claims_of(session["access_token"])
    for header in ({"alg": "HS256", "crit": ["exp"]}, {"alg": "HS256", "crit": ["b64"], "b64": False}):
        token = signed(header, claims, _signing_key(core.settings.secret_key))
        await Tenant(org.client, token).call("GET", "/auth/me", 401)


async def test_another_spelling_of_a_token_ends_with_it(org: Tenant, session: Any) -> None:
    """Padding makes no second token: once it is signed out no spelling of it is good."""
    token = session["access_token"]
    await Tenant(org.client, token).post("/auth/logout", {}, 204)

    for spelling in (token, f"{token}=", f"{token}==", token.replace(".", "=.", 1), f" {token}", f"{token} "):
        await Tenant(org.client, spelling).call("GET", "/auth/me", 401)
