"""What a statement needs that several requests share (`shared/together.py`)."""

from shared.store import Statement, load_queries

WAIT_BRIEFLY = Statement(load_queries(__file__)["wait_briefly"], {})


def briefly(*statements: Statement, are_shared: bool) -> list[Statement]:
    """The statements of one transaction, which waits for no lock for long when they are several requests'."""
    return [WAIT_BRIEFLY, *statements] if are_shared else [*statements]
