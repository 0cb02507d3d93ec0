"""The settings name one secret of the server, and others that are accepted."""

import pytest
from pydantic import ValidationError

from shared.secret_keys import id_of
from shared.settings import DEVELOPMENT_SECRET, Settings

FIRST, SECOND, THIRD = "first-of-the-secrets", "second-of-the-secrets", "third, with a comma"


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("", ()),
        (f"{SECOND}", (SECOND,)),
        (f" {SECOND} , {FIRST},", (SECOND,)),
        (f'["{THIRD}", "{SECOND}"]', (THIRD, SECOND)),
    ],
)
def test_fallbacks_are_a_list(text: str, accepted: tuple[str, ...]) -> None:
    """They are named with commas or as JSON; the secret of now is first and stands once."""
    settings = Settings(secret_key=FIRST, secret_key_fallbacks=text)

    assert settings.secret_keys == (FIRST, *accepted)
    assert SECOND not in repr(settings)


@pytest.mark.parametrize(
    "text", ["short", f"{SECOND},short", "[1]", '["x', f'["{SECOND}", 1]', DEVELOPMENT_SECRET]
)
def test_a_fallback_that_is_no_secret_is_refused_and_not_shown(text: str) -> None:
    """One that is short, no text, or everybody's does not start a production."""
    with pytest.raises(ValidationError) as refused:
        Settings(spooled_env="production", secret_key=FIRST, secret_key_fallbacks=text)

    assert text not in str(refused.value)
    assert SECOND not in str(refused.value)


def test_the_name_of_a_secret_is_its_own() -> None:
    """It stays the same, differs from that of another, and holds nothing of the secret."""
    assert id_of(FIRST) == id_of(FIRST) != id_of(SECOND)
    assert id_of(FIRST) not in FIRST.encode()
