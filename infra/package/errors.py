"""What can go wrong while packaging."""


class PackageError(Exception):
    """The archives cannot be built, or must not be deployed; the message says why and what to do."""
