"""PostgreSQL: connections, transactions with the tenant set, named queries, migrations."""

from shared.store.batches import in_batches
from shared.store.connections import Connections, PooledConnections
from shared.store.faults import StoppedError
from shared.store.queries import Queries, Query, given, load_queries
from shared.store.single import SingleConnection
from shared.store.store import SYSTEM, Row, Scope, Statement, Store, Transaction, tenant

__all__ = [
    "SYSTEM",
    "Connections",
    "PooledConnections",
    "Queries",
    "Query",
    "Row",
    "Scope",
    "SingleConnection",
    "Statement",
    "StoppedError",
    "Store",
    "Transaction",
    "given",
    "in_batches",
    "load_queries",
    "tenant",
]
