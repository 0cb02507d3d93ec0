"""The checks of a signature that docs/webhooks.md gives to its readers."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shared.webhooks.message import signature
from tests.support.pages import Page
from tests.support.run import ROOT

BODY = '{"price": "5 \u20ac"}'
GOOD = signature("s3cret", "1798859045", BODY.encode())
CALLS = [(BODY, GOOD, "yes"), (BODY + " ", GOOD, "no"), (BODY, GOOD[:-1] + "x", "no"), (BODY, "", "no")]
RUNNERS = {
    "python": (
        sys.executable,
        ".py",
        "",
        "print('yes' if verify('s3cret', '1798859045', {body}.encode(), {given}) else 'no')",
    ),
    "php": ("php", ".php", "<?php\n", "echo verify('s3cret', '1798859045', {body}, {given}) ? 'yes' : 'no';"),
    "javascript": (
        "node",
        ".js",
        "",
        "console.log(verify('s3cret', '1798859045', Buffer.from({body}), {given}) ? 'yes' : 'no');",
    ),
}


@pytest.mark.parametrize("language", RUNNERS)
def test_the_page_checks_signatures_as_we_make_them(language: str, tmp_path: Path) -> None:
    """In each language a good signature is let in, and another body or signature is not."""
    program, ending, before, call = RUNNERS[language]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not on this machine")
    (block,) = [
        block
        for block in Page.read(ROOT / "docs/webhooks.md").blocks
        if block.language == language and "verify" in block.text
    ]
    said = []
    for body, given, _ in CALLS:
        script = tmp_path / f"check{ending}"
        line = call.format(body=json.dumps(body, ensure_ascii=False), given=json.dumps(given))
        script.write_text(f"{before}{block.text}\n{line}\n", encoding="utf-8")
        done = subprocess.run([program, script], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout.strip())

    assert said == [expected for *_, expected in CALLS]
