"""The single edits that a simple author knows; a mutant is what one of them does to a correct program."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Change = Callable[[ast.AST], ast.AST | None]
"""A node -> what stands in its place; None where the edit does not apply there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A kind of change, with the change itself."""

    kind: str
    change: Change
    breaks: bool = True
    """Whether mutants are made by it. One that leaves a mark by which its undoing is known without any error,
    such as a needless `str()`, makes none: it is only tried as a repair."""


def _compare(one: type[ast.cmpop], other: type[ast.cmpop]) -> Change:
    def change(node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], one):
            return ast.Compare(left=node.left, ops=[other()], comparators=node.comparators)
        return None

    return change


def _operator(one: type[ast.operator], other: type[ast.operator]) -> Change:
    def change(node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.BinOp) and isinstance(node.op, one):
            return ast.BinOp(left=node.left, op=other(), right=node.right)
        if isinstance(node, ast.AugAssign) and isinstance(node.op, one):
            return ast.AugAssign(target=node.target, op=other(), value=node.value)
        return None

    return change


def _constant(by: int) -> Change:
    def change(node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and type(node.value) is not bool:
            return ast.Constant(value=node.value + by)
        return None

    return change


def _stop(by: int) -> Change:
    def change(node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
            at = 0 if len(node.args) == 1 else 1
            operator = ast.Add() if by > 0 else ast.Sub()
            moved = ast.BinOp(left=node.args[at], op=operator, right=ast.Constant(value=abs(by)))
            return ast.Call(func=node.func, args=[*node.args[:at], moved, *node.args[at + 1 :]], keywords=[])
        return None

    return change


def _index(by: int) -> Change:
    def change(node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Name | ast.BinOp | ast.Constant):
            operator = ast.Add() if by > 0 else ast.Sub()
            moved = ast.BinOp(left=node.slice, op=operator, right=ast.Constant(value=1))
            return ast.Subscript(value=node.value, slice=moved, ctx=node.ctx)
        return None

    return change


def _method(one: str, other: str) -> Change:
    def change(node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.Attribute) and node.attr == one:
            return ast.Attribute(value=node.value, attr=other, ctx=node.ctx)
        return None

    return change


def _called(one: str, other: str) -> Change:
    def change(node: ast.AST) -> ast.AST | None:
        return ast.Name(id=other, ctx=node.ctx) if isinstance(node, ast.Name) and node.id == one else None

    return change


def _unwrapped(name: str) -> Change:
    def change(node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            return node.args[0] if len(node.args) == 1 else None
        return None

    return change


def _wrapped(name: str) -> Change:
    def change(node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            return ast.Call(func=ast.Name(id=name, ctx=ast.Load()), args=[node], keywords=[])
        return None

    return change


def _junction(one: type[ast.boolop], other: type[ast.boolop]) -> Change:
    def change(node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.BoolOp) and isinstance(node.op, one):
            return ast.BoolOp(op=other(), values=node.values)
        return None

    return change


def _negated(node: ast.AST) -> ast.AST | None:
    if isinstance(node, ast.If):
        return ast.If(test=ast.UnaryOp(op=ast.Not(), operand=node.test), body=node.body, orelse=node.orelse)
    return None


def _plain(node: ast.AST) -> ast.AST | None:
    if isinstance(node, ast.If) and isinstance(node.test, ast.UnaryOp) and isinstance(node.test.op, ast.Not):
        return ast.If(test=node.test.operand, body=node.body, orelse=node.orelse)
    return None


def _reversed(node: ast.AST) -> ast.AST | None:
    if isinstance(node, ast.Return) and node.value is not None:
        tail = ast.Slice(step=ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1)))
        return ast.Return(value=ast.Subscript(value=node.value, slice=tail, ctx=ast.Load()))
    return None


def _not_reversed(node: ast.AST) -> ast.AST | None:
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Subscript):
        step = node.value.slice.step if isinstance(node.value.slice, ast.Slice) else None
        return ast.Return(value=node.value.value) if isinstance(step, ast.UnaryOp) else None
    return None


def _got(node: ast.AST) -> ast.AST | None:
    """`d[k]` where it is read -> `d.get(k, 0)`."""
    if (
        isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Load)
        and isinstance(node.slice, ast.Name)
    ):
        get = ast.Attribute(value=node.value, attr="get", ctx=ast.Load())
        return ast.Call(func=get, args=[node.slice, ast.Constant(value=0)], keywords=[])
    return None


def _taken(node: ast.AST) -> ast.AST | None:
    """`d.get(k, 0)` -> `d[k]`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        taken = ast.Subscript(value=node.func.value, slice=node.args[0], ctx=ast.Load())
        return taken if len(node.args) == 2 else None
    return None


EDITS: tuple[Edit, ...] = (
    Edit(kind="< to <=", change=_compare(ast.Lt, ast.LtE)),
    Edit(kind="<= to <", change=_compare(ast.LtE, ast.Lt)),
    Edit(kind="> to >=", change=_compare(ast.Gt, ast.GtE)),
    Edit(kind=">= to >", change=_compare(ast.GtE, ast.Gt)),
    Edit(kind="== to !=", change=_compare(ast.Eq, ast.NotEq)),
    Edit(kind="!= to ==", change=_compare(ast.NotEq, ast.Eq)),
    Edit(kind="< to >", change=_compare(ast.Lt, ast.Gt)),
    Edit(kind="> to <", change=_compare(ast.Gt, ast.Lt)),
    Edit(kind="in to not in", change=_compare(ast.In, ast.NotIn)),
    Edit(kind="not in to in", change=_compare(ast.NotIn, ast.In)),
    Edit(kind="+ to -", change=_operator(ast.Add, ast.Sub)),
    Edit(kind="- to +", change=_operator(ast.Sub, ast.Add)),
    Edit(kind="* to /", change=_operator(ast.Mult, ast.Div)),
    Edit(kind="/ to *", change=_operator(ast.Div, ast.Mult)),
    Edit(kind="/ to //", change=_operator(ast.Div, ast.FloorDiv)),
    Edit(kind="// to /", change=_operator(ast.FloorDiv, ast.Div)),
    Edit(kind="% to //", change=_operator(ast.Mod, ast.FloorDiv)),
    Edit(kind="// to %", change=_operator(ast.FloorDiv, ast.Mod)),
    Edit(kind="constant up", change=_constant(1)),
    Edit(kind="constant down", change=_constant(-1)),
    Edit(kind="range longer", change=_stop(1)),
    Edit(kind="range shorter", change=_stop(-1)),
    Edit(kind="index up", change=_index(1)),
    Edit(kind="index down", change=_index(-1)),
    Edit(kind="append to extend", change=_method("append", "extend")),
    Edit(kind="extend to append", change=_method("extend", "append")),
    Edit(kind="lower to upper", change=_method("lower", "upper")),
    Edit(kind="upper to lower", change=_method("upper", "lower")),
    Edit(kind="max to min", change=_called("max", "min")),
    Edit(kind="min to max", change=_called("min", "max")),
    Edit(kind="drop str()", change=_unwrapped("str")),
    Edit(kind="add str()", change=_wrapped("str"), breaks=False),
    Edit(kind="drop int()", change=_unwrapped("int")),
    Edit(kind="add int()", change=_wrapped("int"), breaks=False),
    Edit(kind="drop sorted()", change=_unwrapped("sorted")),
    Edit(kind="add sorted()", change=_wrapped("sorted"), breaks=False),
    Edit(kind="drop abs()", change=_unwrapped("abs")),
    Edit(kind="add abs()", change=_wrapped("abs"), breaks=False),
    Edit(kind="and to or", change=_junction(ast.And, ast.Or)),
    Edit(kind="or to and", change=_junction(ast.Or, ast.And)),
    Edit(kind="add not", change=_negated, breaks=False),
    Edit(kind="drop not", change=_plain),
    Edit(kind="reverse", change=_reversed, breaks=False),
    Edit(kind="drop reverse", change=_not_reversed),
    Edit(kind="[] to get", change=_got, breaks=False),
    Edit(kind="get to []", change=_taken),
)


def apply(source: str, edit: Edit, most: int) -> Iterator[str]:
    """The source with the edit at its first so many places, one place each."""
    places = sum(edit.change(node) is not None for node in ast.walk(ast.parse(source)))
    for place in range(min(places, most)):
        changed = _At(edit.change, place).visit(ast.parse(source))
        try:
            text = ast.unparse(ast.fix_missing_locations(changed)) + "\n"
        except (ValueError, AttributeError):
            continue
        if text != source:
            yield text


class _At(ast.NodeTransformer):
    """Makes the change at one place, counted in the order of `ast.walk`."""

    def __init__(self, change: Change, place: int) -> None:
        self._change = change
        self._place = place
        self._wanted: ast.AST | None = None

    def visit(self, node: ast.AST) -> ast.AST:
        """Replace the node of that place, else go on below it."""
        if self._wanted is None:
            found = [one for one in ast.walk(node) if self._change(one) is not None]
            self._wanted = found[self._place]
        if node is self._wanted:
            return self._change(node) or node
        return self.generic_visit(node)
