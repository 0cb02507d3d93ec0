"""What can be wrong with a stack, or with putting it into a cloud."""


class DeployError(Exception):
    """The program, or one of its resources, cannot be created; the message names it."""


class StackError(Exception):
    """What stands in the cloud cannot serve; the message names every fault."""
