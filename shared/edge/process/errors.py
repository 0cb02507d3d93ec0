"""What can keep a process that listens from starting."""


class StartError(Exception):
    """The service cannot start; the message tells a person what is wrong and what to do."""
