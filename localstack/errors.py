"""What can keep the local service from starting."""


class StartError(Exception):
    """The service cannot start; the message tells a person what is wrong and what to do."""
