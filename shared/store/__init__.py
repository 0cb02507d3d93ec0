"""PostgreSQL: connections, transactions with the tenant set, named queries, migrations."""

from shared.store.connections import Connections, PooledConnections
from shared.store.queries import Queries, Query, load_queries
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
    "Store",
    "Transaction",
    "load_queries",
    "tenant",
]
