"""Whether a statement goes to one shard of a database that is distributed by organization.

It does when each table that it names is held to the statement's one organization, `%(org_id)s`: by an
equality with it, or by a chain of equalities to something that is. What the analysis does not understand does
not route; the policies of row-level security count for nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from pglast import ast, parse_sql
from pglast.enums import OnConflictAction, SetOperation

from shared.store.queries import prepared
from tests.support.sql_schema import ORG_ID, Function, Schema, called, nodes, organization_of_a_function
from tests.support.sql_scope import Entry, Level, Output, equalities, equalities_of_joins, names_of

Outputs = tuple[Output, ...]
Ctes = Mapping[str, Outputs]


def faults_of(sql: str, schema: Schema) -> list[str]:
    """Why a statement with named parameters does not go to one shard; nothing when it does."""
    known = prepared(sql)

    def is_organization(node: ast.Node) -> bool:
        return isinstance(node, ast.ParamRef) and known.names[node.number - 1] == ORG_ID

    (raw,) = parse_sql(known.sql.decode())
    return _Analysis(schema, is_organization).faults_of(raw.stmt)


def faults_of_function(function: Function, schema: Schema) -> list[str]:
    """As `faults_of`, for what a function does in the name of the organization that it is given."""
    if function.body.is_dynamic:
        return ["makes its statements at run time"]

    def is_organization(node: ast.Node) -> bool:
        if not isinstance(node, ast.ColumnRef) or not names_of(node):
            return False
        return organization_of_a_function(names_of(node))

    found = []
    for statement in function.body.statements:
        found += _Analysis(schema, is_organization).faults_of(statement)
    return found


class _Analysis:
    """Of one statement."""

    def __init__(self, schema: Schema, is_organization: Callable[[ast.Node], bool]) -> None:
        self._schema = schema
        self._is_organization = is_organization
        self._faults: list[str] = []
        self._judged: set[int] = set()

    def faults_of(self, statement: ast.Node) -> list[str]:
        if isinstance(statement, _QUERIES):
            self._query(statement, None, {})
        else:
            self._expressions(statement, self._level(None), {})
        overlooked = [
            node.relname
            for node in nodes(statement)
            if isinstance(node, ast.RangeVar) and id(node) not in self._judged
        ]
        return list(dict.fromkeys(self._faults + [f"{name}: not understood" for name in overlooked]))

    def _level(self, outer: Level | None) -> Level:
        return Level(outer, self._is_organization)

    def _query(self, query: ast.Node, outer: Level | None, ctes: Ctes) -> Outputs:
        """Judge a query and all within it; what it gives out."""
        if query.withClause:
            ctes = self._with(query.withClause, outer, ctes)
        if isinstance(query, ast.InsertStmt):
            return self._insert(query, outer, ctes)
        if isinstance(query, ast.UpdateStmt | ast.DeleteStmt):
            return self._change(query, outer, ctes)
        if query.valuesLists:
            return self._values(query, outer, ctes)
        if query.op != SetOperation.SETOP_NONE:
            return self._combined(query, outer, ctes)
        level = self._level(outer)
        self._from(level, query.fromClause or (), query.whereClause, ctes)
        self._expressions(_without(query, "fromClause", "withClause"), level, ctes)
        return self._given_out(query.targetList, level)

    def _with(self, clause: ast.WithClause, outer: Level | None, ctes: Ctes) -> Ctes:
        known = dict(ctes)
        for cte in clause.ctes:
            if clause.recursive:
                # What the first part gives out is taken for granted in the second, and then made sure of.
                known[cte.ctename] = self._first_part(cte.ctequery, outer, known)
                while (found := self._query(cte.ctequery, outer, known)) != known[cte.ctename]:
                    known[cte.ctename] = found
            known[cte.ctename] = self._query(cte.ctequery, outer, known)
            if cte.aliascolnames:
                known[cte.ctename] = _renamed(known[cte.ctename], cte.aliascolnames)
        return known

    def _first_part(self, query: ast.Node, outer: Level | None, ctes: Ctes) -> Outputs:
        is_combined = isinstance(query, ast.SelectStmt) and query.op != SetOperation.SETOP_NONE
        return self._query(query.larg if is_combined else query, outer, ctes)

    def _combined(self, query: ast.SelectStmt, outer: Level | None, ctes: Ctes) -> Outputs:
        left, right = self._query(query.larg, outer, ctes), self._query(query.rarg, outer, ctes)
        self._expressions(_without(query, "larg", "rarg", "withClause"), self._level(outer), ctes)
        return tuple(
            Output(one.name, one.is_org and other.is_org) for one, other in zip(left, right, strict=True)
        )

    def _values(self, query: ast.SelectStmt, outer: Level | None, ctes: Ctes) -> Outputs:
        level = self._level(outer)
        self._expressions(query.valuesLists, level, ctes)
        columns = zip(*query.valuesLists, strict=True)
        return tuple(
            Output(f"column{n}", all(map(level.is_org, values))) for n, values in enumerate(columns, 1)
        )

    def _insert(self, query: ast.InsertStmt, outer: Level | None, ctes: Ctes) -> Outputs:
        table = query.relation.relname
        source = self._query(query.selectStmt, outer, ctes) if query.selectStmt else ()
        columns = [column.name for column in query.cols or ()] or self._schema.tables.get(table, ())
        level = self._level(outer)
        target = self._table(level, query.relation, {})
        if target.table:
            given = dict(zip(columns, source, strict=False)).get(ORG_ID)
            if given is None or not given.is_org:
                self._faults.append(f"{table}: a row is not the organization's")
            else:
                target.own = frozenset({ORG_ID})
        if query.onConflictClause:
            self._conflict(query.onConflictClause, level, target, ctes)
        self._expressions(query.returningClause, level, ctes)
        return self._returned(query, level)

    def _conflict(self, clause: ast.OnConflictClause, level: Level, target: Entry, ctes: Ctes) -> None:
        level.add(Entry("excluded", target.columns, target.own))
        infer = clause.infer
        named = [element.name for element in infer.indexElems or ()] if infer else []
        is_any = infer is None and clause.action == OnConflictAction.ONCONFLICT_NOTHING
        if target.table and ORG_ID not in named and not is_any:
            self._faults.append(f"{target.table}: ON CONFLICT does not name the organization")
        self._assigned(target, clause.targetList)
        self._expressions(clause, level, ctes)

    def _change(self, query: ast.UpdateStmt | ast.DeleteStmt, outer: Level | None, ctes: Ctes) -> Outputs:
        level = self._level(outer)
        is_update = isinstance(query, ast.UpdateStmt)
        others = (query.fromClause if is_update else query.usingClause) or ()
        self._from(level, (query.relation, *others), query.whereClause, ctes)
        if is_update:
            self._assigned(next(iter(level.entries.values())), query.targetList)
        self._expressions(_without(query, "relation", "fromClause", "usingClause", "withClause"), level, ctes)
        return self._returned(query, level)

    def _assigned(self, target: Entry, assigned: Sequence[ast.ResTarget] | None) -> None:
        if target.table and any(column.name == ORG_ID for column in assigned or ()):
            self._faults.append(f"{target.table}: a row changes its organization")

    def _returned(self, query: ast.Node, level: Level) -> Outputs:
        clause = query.returningClause
        return self._given_out(clause.exprs if clause else (), level)

    def _from(self, level: Level, items: Sequence[ast.Node], condition: ast.Node | None, ctes: Ctes) -> None:
        """Make known what stands in FROM, and judge the tables in it."""
        leaves = [leaf for item in items for leaf in _leaves(item)]
        entries = {id(leaf): self._entry(level, leaf, ctes) for leaf in leaves}
        level.equalities += equalities(condition)
        for item in items:
            level.equalities += equalities_of_joins(
                item, lambda part: [entries[id(leaf)] for leaf in _leaves(part)]
            )
        for leaf in leaves:
            if isinstance(leaf, ast.RangeSubselect):
                # Without LATERAL it does not see its neighbours.
                outputs = self._query(leaf.subquery, level if leaf.lateral else level.outer, ctes)
                if leaf.alias.colnames:
                    outputs = _renamed(outputs, leaf.alias.colnames)
                _fill(entries[id(leaf)], outputs)
            elif isinstance(leaf, ast.RangeFunction):
                self._expressions(leaf, level, ctes)
        for item in items:
            self._conditions_of_joins(item, level, ctes)
        self._faults += [
            f"{entry.table} ({entry.name}): not held to the organization"
            for entry in level.entries.values()
            if entry.table and not level.is_routed(entry)
        ]

    def _conditions_of_joins(self, item: ast.Node, level: Level, ctes: Ctes) -> None:
        if isinstance(item, ast.JoinExpr):
            self._expressions(item.quals, level, ctes)
            self._conditions_of_joins(item.larg, level, ctes)
            self._conditions_of_joins(item.rarg, level, ctes)

    def _entry(self, level: Level, leaf: ast.Node, ctes: Ctes) -> Entry:
        if isinstance(leaf, ast.RangeVar):
            return self._table(level, leaf, ctes)
        alias = getattr(leaf, "alias", None)
        name = alias.aliasname if alias else f"(unnamed {len(level.entries)})"
        if isinstance(leaf, ast.RangeFunction) and alias and alias.colnames:
            return level.add(Entry(name, tuple(column.sval for column in alias.colnames)))
        return level.add(Entry(name))

    def _table(self, level: Level, variable: ast.RangeVar, ctes: Ctes) -> Entry:
        self._judged.add(id(variable))
        table = variable.relname
        entry = Entry(variable.alias.aliasname if variable.alias else table)
        if table in ctes and not variable.schemaname:
            _fill(entry, ctes[table])
        elif table in self._schema.tables:
            entry.columns = self._schema.tables[table]
            entry.table = table if self._schema.is_tenant(table) else None
        elif variable.schemaname != "pg_catalog" and not table.startswith("pg_"):
            self._faults.append(f"{table}: unknown")
        return level.add(entry)

    def _expressions(self, root: object, level: Level, ctes: Ctes) -> None:
        """Judge the queries and calls within expressions."""
        if isinstance(root, tuple | list):
            for item in root:
                self._expressions(item, level, ctes)
        elif isinstance(root, _QUERIES):
            self._query(root, level, ctes)
        elif isinstance(root, ast.Node):
            if isinstance(root, ast.FuncCall):
                self._call(root, level)
            if isinstance(root, ast.LockingClause):
                # FOR UPDATE OF names what stands in FROM.
                self._judged.update(map(id, root.lockedRels or ()))
            for attribute in root:
                self._expressions(getattr(root, attribute), level, ctes)

    def _call(self, call: ast.FuncCall, level: Level) -> None:
        """A function that works on tables must be told whose rows."""
        name = called(call)
        if not self._schema.touches_tenants(name):
            return
        function, arguments = self._schema.functions[name], call.args or ()
        if function.body.is_dynamic:
            self._faults.append(f"{name}(): makes its statements at run time")
        elif (
            function.place is None
            or function.place >= len(arguments)
            or not level.is_org(arguments[function.place])
        ):
            self._faults.append(f"{name}(): not given the organization")

    def _given_out(self, targets: Iterable[ast.ResTarget] | None, level: Level) -> Outputs:
        found: list[Output] = []
        for target in targets or ():
            value = target.val
            if isinstance(value, ast.ColumnRef) and isinstance(value.fields[-1], ast.A_Star):
                found += _everything(level, [part.sval for part in value.fields[:-1]])
            else:
                found.append(Output(target.name or _name(value), level.is_org(value)))
        return tuple(found)


_QUERIES = (ast.SelectStmt, ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt)


def _everything(level: Level, qualifiers: list[str]) -> Iterable[Output]:
    """The columns of a star."""
    known = level.known()
    for entry in level.entries.values():
        if not qualifiers or entry.name == qualifiers[-1]:
            for column in entry.columns or ():
                yield Output(column, (entry, column) in known and not entry.may_be_missing)


def _leaves(item: ast.Node) -> list[ast.Node]:
    """What is joined in an item of FROM."""
    if isinstance(item, ast.JoinExpr):
        return [*_leaves(item.larg), *_leaves(item.rarg)]
    return [item]


def _fill(entry: Entry, outputs: Outputs) -> None:
    entry.columns = tuple(output.name for output in outputs)
    entry.own = frozenset(output.name for output in outputs if output.is_org)


def _renamed(outputs: Outputs, names: Sequence[ast.String]) -> Outputs:
    new = [name.sval for name in names]
    return tuple(
        Output(new[n] if n < len(new) else output.name, output.is_org) for n, output in enumerate(outputs)
    )


def _without(query: ast.Node, *attributes: str) -> list[object]:
    """The rest of a query, whose parts are judged one by one."""
    return [getattr(query, name) for name in query if name not in attributes]


def _name(value: ast.Node) -> str:
    """The name that PostgreSQL gives to an expression, as far as it may be that of a column."""
    if isinstance(value, ast.ColumnRef):
        return names_of(value)[-1]
    if isinstance(value, ast.TypeCast):
        return _name(value.arg)
    if isinstance(value, ast.FuncCall):
        return called(value)
    if isinstance(value, ast.SubLink) and value.subselect.targetList:
        return _name(value.subselect.targetList[0].val)
    return "?column?"
