"""The files of the console: what a browser may do with them, how it keeps them, and what is not in them."""

import gzip
import re

import pytest

from shared.console.asset import names
from tests.support.api import Api

FILES = ["/console", *(f"/console/{name}" for name in names())]
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
}
TYPES = {"": "text/html", "css": "text/css", "js": "text/javascript"}
NOT_FOR_US = {
    "a script or style within the page": r"<style|\sstyle=|\son\w+=[\"']|<script(?![^>]*src=)|javascript:",
    "HTML out of text": r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|setHTMLUnsafe",
    "text that is run": r"\beval\(|new Function\(",
    "another host": r"(?:src|href|from|import|url)\W{1,3}(?:https?:)?//",
}


@pytest.mark.parametrize("path", FILES)
async def test_a_file_is_safe_and_kept(api: Api, path: str) -> None:
    """Each has its type, a strict policy and a tag; who has it gets no body, who unpacks gets it packed."""
    plain = await api.raw("GET", path, headers={"Accept-Encoding": "identity"})
    packed = await api.raw("GET", path, headers={"Accept-Encoding": "br, gzip"})
    again = await api.raw("GET", path, headers={"If-None-Match": f'"old", W/{plain.headers["etag"]}'})

    assert (
        plain.headers["content-type"] == f"{TYPES[path.rpartition('/')[2].partition('.')[2]]}; charset=utf-8"
    )
    assert set(plain.headers["content-security-policy"].split("; ")) >= POLICY
    assert plain.headers["x-content-type-options"] == "nosniff"
    assert plain.headers["referrer-policy"] == "no-referrer"
    assert packed.content == plain.content
    if "content-encoding" in packed.headers:
        assert int(packed.headers["content-length"]) < len(plain.content)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == plain.headers["etag"]


@pytest.mark.parametrize("path", FILES)
async def test_no_file_runs_text_or_asks_another_host(api: Api, path: str) -> None:
    """Nothing inline, nothing that turns text into HTML or a script, nothing from a CDN."""
    text = (await api.raw("GET", path)).text

    assert {what: re.findall(sign, text) for what, sign in NOT_FOR_US.items() if re.search(sign, text)} == {}


@pytest.mark.parametrize(
    "name", ["nothing.js", "shell.html", "..", "%2e%2e%2fasset.py", "asset.py", "main.js%00"]
)
async def test_no_other_file_is_served(api: Api, name: str) -> None:
    """A name that is not of the listing is 404, whatever it tries."""
    await api.call("GET", f"/console/{name}", 404)


async def test_what_a_file_imports_is_there(api: Api) -> None:
    """No module and no page names a file that is missing."""
    for path in FILES:
        text = (await api.raw("GET", path)).text
        wanted = re.findall(r"(?:from|import\()\s*[\"']\./([^\"']+)[\"']|[\"']/console/([^\"']+)[\"']", text)
        assert {name for pair in wanted for name in pair if name} <= set(names())


async def test_all_of_it_is_small(api: Api) -> None:
    """Everything together, packed as browsers take it, stays under what a page may transfer."""
    total = 0
    for path in FILES:
        total += len(gzip.compress((await api.raw("GET", path)).content))

    assert total < 150_000
