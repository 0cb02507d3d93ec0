"""What statements may name in a migrated database: tables with their columns, functions with their bodies."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from pglast import ast, parse_plpgsql, parse_sql
from pglast.parser import ParseError

ORG_ID = "org_id"
ORGANIZATION_PARAMETERS = ("of_org", "doomed")
"""How a function of the schema names the parameter that says whose rows it works on."""
_TRIGGERING_ROW = "new"


@dataclass(frozen=True)
class Body:
    """The statements of a function, and whether it makes others at run time, which nobody can read here."""

    statements: tuple[ast.Node, ...]
    is_dynamic: bool = False


@dataclass(frozen=True)
class Function:
    """A function of the schema. `place`: which of its arguments is the organization, None for none."""

    name: str
    body: Body
    place: int | None
    is_trigger: bool = False


@dataclass(frozen=True)
class Schema:
    """`tables`: the columns of each, in their order; `functions`: by name, which none share."""

    tables: dict[str, tuple[str, ...]]
    functions: dict[str, Function]

    def is_tenant(self, table: str) -> bool:
        """Whether the rows of a table are an organization's, so that it is distributed."""
        return ORG_ID in self.tables.get(table, ())

    def touches_tenants(self, name: str) -> bool:
        """Whether a function reads or writes a table with an organization, itself or through another one."""
        return self._touches(name, frozenset())

    def _touches(self, name: str, asked: frozenset[str]) -> bool:
        function = self.functions.get(name)
        if function is None or name in asked:
            return False
        if function.body.is_dynamic:
            return True
        for node in (found for statement in function.body.statements for found in nodes(statement)):
            if isinstance(node, ast.RangeVar) and self.is_tenant(node.relname):
                return True
            if isinstance(node, ast.FuncCall) and self._touches(called(node), asked | {name}):
                return True
        return False


def nodes(root: object) -> Iterator[ast.Node]:
    """A node and all below it."""
    if isinstance(root, ast.Node):
        yield root
        for attribute in root:
            yield from nodes(getattr(root, attribute))
    elif isinstance(root, tuple):
        for item in root:
            yield from nodes(item)


def called(call: ast.FuncCall) -> str:
    """The name of a function that is called, without its schema."""
    return str(call.funcname[-1].sval)


def organization_of_a_function(fields: tuple[str, ...]) -> bool:
    """Whether a name in a function's body stands for the organization that it works for."""
    return fields == (_TRIGGERING_ROW, ORG_ID) or fields[-1] in ORGANIZATION_PARAMETERS


def read_schema(connection: psycopg.Connection[Any]) -> Schema:
    """The schema `public` of a database, without the parts of partitioned tables."""
    tables = connection.execute(
        "SELECT relname, array_agg(attname::text ORDER BY attnum) FROM pg_class"
        " JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition"
        " GROUP BY relname"
    ).fetchall()
    functions = connection.execute(
        "SELECT proname, pg_get_functiondef(pg_proc.oid), proargnames, lanname, prorettype::regtype::text"
        " FROM pg_proc JOIN pg_language ON pg_language.oid = prolang"
        " WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'"
    ).fetchall()
    assert len({name for name, *_ in functions}) == len(functions), "functions are told apart by their names"
    return Schema(
        {name: tuple(columns) for name, columns in tables},
        {
            name: Function(name, _body(text, language), _place(arguments), returned == "trigger")
            for name, text, arguments, language, returned in functions
        },
    )


def _place(arguments: list[str] | None) -> int | None:
    return next((n for n, name in enumerate(arguments or ()) if name in ORGANIZATION_PARAMETERS), None)


def _body(text: str, language: str) -> Body:
    if language == "plpgsql":
        parts = list(_parts(parse_plpgsql(text)))
        is_dynamic = any(key in {"PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors"} for key, _ in parts)
        queries = [value["query"] for key, value in parts if key == "PLpgSQL_expr"]
        return Body(tuple(_parsed(query) for query in queries), is_dynamic)
    (created,) = parse_sql(text)
    definition = created.stmt
    if definition.sql_body is not None:
        return Body((definition.sql_body,))
    (source,) = [option.arg[0].sval for option in definition.options if option.defname == "as"]
    return Body(tuple(raw.stmt for raw in parse_sql(source)))


def _parts(tree: Any) -> Iterator[tuple[str, Any]]:
    """Every named part of a parsed body, however deep."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield key, value
            yield from _parts(value)
    elif isinstance(tree, list):
        for item in tree:
            yield from _parts(item)


def _parsed(query: str) -> ast.Node:
    """A statement of PL/pgSQL, which may also be an expression or an assignment."""
    for text in (query, f"SELECT {query}", f"SELECT {query.partition(':=')[2]}"):
        try:
            (raw,) = parse_sql(text)
        except ParseError:
            continue
        return raw.stmt
    raise ValueError(f"not SQL: {query}")
