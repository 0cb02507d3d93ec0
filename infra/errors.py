"""What stops the program before it declares anything."""


class ConfigError(Exception):
    """The configuration of the stack cannot be deployed; the message has a line for each fault."""
