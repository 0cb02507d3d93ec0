"""What the names of one level of a statement stand for, and which of them are known to be the organization.

A level is a SELECT, INSERT, UPDATE or DELETE with what stands in its FROM. Equalities hold where they are
asked for: those of WHERE for all of the level, those of an outer join for the side that may be missing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from pglast import ast
from pglast.enums import A_Expr_Kind, BoolExprType, JoinType

from tests.support.sql_schema import ORG_ID


@dataclass(frozen=True)
class Output:
    """A column that a query gives out; `is_org`: it is the statement's organization in every row."""

    name: str
    is_org: bool


@dataclass(eq=False)
class Entry:
    """Something in FROM. `columns` is None while nobody knows what it has.

    own: columns that are the organization wherever there is a row.
    table: its name if its rows are an organization's. may_be_missing: it is the outer side of a join.
    """

    name: str
    columns: tuple[str, ...] | None = None
    own: frozenset[str] = frozenset()
    table: str | None = None
    may_be_missing: bool = False


Term = str | tuple[Entry, str]
ORG: Term = "the organization"


@dataclass(frozen=True)
class Equality:
    """Two expressions that are equal, in the rows that have one of `entries` (None: in all)."""

    left: ast.Node
    right: ast.Node
    entries: frozenset[Entry] | None = None


@dataclass
class Level:
    """One level. `means_organization`: whether a parameter, or a function's variable, is the organization."""

    outer: "Level | None"
    means_organization: Callable[[ast.Node], bool]
    entries: dict[str, Entry] = field(default_factory=dict)
    equalities: list[Equality] = field(default_factory=list)

    def add(self, entry: Entry) -> Entry:
        assert entry.name not in self.entries, entry.name
        self.entries[entry.name] = entry
        return entry

    def term(self, expression: ast.Node) -> Term | None:
        """The organization or a column that an expression is; None for anything else."""
        if isinstance(expression, ast.TypeCast) and isinstance(expression.arg, ast.ParamRef):
            is_same = expression.typeName.names[-1].sval == "int8" and not expression.typeName.arrayBounds
            return self.term(expression.arg) if is_same else None
        if isinstance(expression, ast.ColumnRef):
            fields = names_of(expression)
            found = self._find(fields) if fields else None
            if found is not None:
                return found
        return ORG if self.means_organization(expression) else None

    def is_org(self, expression: ast.Node) -> bool:
        """Whether an expression is the organization in every row, and never missing."""
        found = self.term(expression)
        if found is None or isinstance(found, str):
            return found is not None
        return not found[0].may_be_missing and found in self.known()

    def known(self) -> set[Term]:
        """What is the organization here: each column in the rows in which its entry is not missing."""
        found = self.outer.known() if self.outer else {ORG}
        return found | {
            term
            for entry in self.entries.values()
            for term in self._reached(entry)
            if not isinstance(term, str) and term[0] is entry
        }

    def is_routed(self, entry: Entry) -> bool:
        return (entry, ORG_ID) in self._reached(entry)

    def _reached(self, entry: Entry) -> set[Term]:
        """Everything that is equal to the organization in the rows that have this entry."""
        reached = set(self.outer.known()) if self.outer else {ORG}
        reached |= {(other, column) for other in self.entries.values() for column in other.own}
        pairs = [
            (self.term(equality.left), self.term(equality.right))
            for equality in self.equalities
            if equality.entries is None or entry in equality.entries
        ]
        before = -1
        while before != len(reached):
            before = len(reached)
            for left, right in pairs:
                if left is not None and right is not None and (left in reached or right in reached):
                    reached |= {left, right}
        return reached

    def _find(self, fields: tuple[str, ...]) -> Term | None:
        """The column of that name, here or further out."""
        *qualifiers, column = fields
        if qualifiers:
            entry = self.entries.get(qualifiers[-1])
            if entry is not None:
                return entry, column
            return self.outer._find(fields) if self.outer else None
        having = [entry for entry in self.entries.values() if column in (entry.columns or ())]
        if having:
            return (having[0], column) if len(having) == 1 else None
        if any(entry.columns is None for entry in self.entries.values()):
            return None
        return self.outer._find(fields) if self.outer else None


def names_of(column: ast.ColumnRef) -> tuple[str, ...]:
    """The words of a name; none when it ends in a star."""
    if isinstance(column.fields[-1], ast.A_Star):
        return ()
    return tuple(part.sval for part in column.fields)


def equalities(condition: ast.Node | None, entries: frozenset[Entry] | None = None) -> Iterator[Equality]:
    """The equalities that a condition demands, whatever else it says: what stands under OR demands none."""
    if isinstance(condition, ast.BoolExpr) and condition.boolop == BoolExprType.AND_EXPR:
        for part in condition.args:
            yield from equalities(part, entries)
    if (
        isinstance(condition, ast.A_Expr)
        and condition.kind == A_Expr_Kind.AEXPR_OP
        and [part.sval for part in condition.name] == ["="]
        and condition.lexpr is not None
    ):
        yield Equality(condition.lexpr, condition.rexpr, entries)


def equalities_of_joins(
    item: ast.Node, entries_in: Callable[[ast.Node], Iterable[Entry]], within: frozenset[Entry] | None = None
) -> Iterator[Equality]:
    """The equalities of the joins in an item of FROM; marks the entries that may be missing."""
    if not isinstance(item, ast.JoinExpr):
        return
    left, right = frozenset(entries_in(item.larg)), frozenset(entries_in(item.rarg))
    optional = {
        JoinType.JOIN_INNER: frozenset(),
        JoinType.JOIN_LEFT: right,
        JoinType.JOIN_RIGHT: left,
        JoinType.JOIN_FULL: left | right,
    }[item.jointype]
    for entry in optional:
        entry.may_be_missing = True
    yield from equalities_of_joins(item.larg, entries_in, left if left & optional else within)
    yield from equalities_of_joins(item.rarg, entries_in, right if right & optional else within)
    if item.jointype == JoinType.JOIN_INNER:
        yield from equalities(item.quals, within)
    elif item.jointype != JoinType.JOIN_FULL:
        yield from equalities(item.quals, optional)
