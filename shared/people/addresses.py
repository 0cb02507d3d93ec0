"""E-mail addresses, as they are compared and as they may be shown."""

ADDRESS_PATTERN = (
    r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+$"
)
"""What a browser takes for an address, with a dot behind the @. It leaves no way into a mail's head."""
LONGEST_ADDRESS = 254


def name_of(email: str) -> str:
    """What to call somebody of whom only the address is known."""
    return email.partition("@")[0]


def masked(email: str) -> str:
    """Enough of an address for its owner to know it: `j***n@example.com`."""
    name, _, domain = email.partition("@")
    last = name[-1] if len(name) > 2 else ""  # noqa: PLR2004 - of two letters both would be shown
    return f"{name[:1]}***{last}@{domain}"
