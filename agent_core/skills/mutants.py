"""Simple mutants of a script: what a check that is worth its name has to notice. Pure.

The operators are the classic sufficient set (Offutt et al., An Experimental Determination of Sufficient
Mutant Operators, 1996): relations, arithmetic, connectives, and constants; besides them returned values.
"""

import ast
from collections.abc import Iterator

MOST = 24
_RELATIONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult,
}  # fmt: skip


def mutants(source: str, most: int = MOST) -> list[str]:
    """Up to so many mutants, spread over the script, each with one change. Raises SyntaxError."""
    places = list(_places(ast.parse(source)))
    step = max(len(places) / most, 1.0)
    chosen = [places[int(number * step)] for number in range(min(len(places), most))]
    made: list[str] = []
    for place in chosen:
        tree = ast.parse(source)
        nodes = list(ast.walk(tree))
        if _mutate(nodes[place]):
            made.append(ast.unparse(ast.fix_missing_locations(tree)) + "\n")
    plain = ast.unparse(ast.parse(source)) + "\n"
    return [text for text in dict.fromkeys(made) if text != plain]


def _places(tree: ast.AST) -> Iterator[int]:
    """The nodes that can be mutated, as their numbers in the order of `ast.walk`."""
    ours = _main_guard(tree)
    for number, node in enumerate(ast.walk(tree)):
        if id(node) not in ours and _mutable(node):
            yield number


def _main_guard(tree: ast.AST) -> set[int]:
    """The test of `if __name__ == "__main__"`: a mutant there is no other program."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "__name__" in ast.dump(node.test):
            found |= {id(one) for one in ast.walk(node.test)}
    return found


def _mutable(node: ast.AST) -> bool:
    match node:
        case ast.Compare():
            return type(node.ops[0]) in _RELATIONS
        case ast.BinOp() | ast.AugAssign():
            return type(node.op) in _ARITHMETIC
        case ast.BoolOp():
            return True
        case ast.UnaryOp():
            return isinstance(node.op, ast.Not)
        case ast.Constant():
            return isinstance(node.value, int | float) and not isinstance(node.value, str)
        case ast.Return():
            return node.value is not None and not isinstance(node.value, ast.Constant)
        case _:
            return False


def _mutate(node: ast.AST) -> bool:
    match node:
        case ast.Compare():
            node.ops[0] = _RELATIONS[type(node.ops[0])]()
        case ast.BinOp() | ast.AugAssign():
            node.op = _ARITHMETIC[type(node.op)]()
        case ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case ast.UnaryOp():
            node.op, node.operand = ast.Not(), ast.UnaryOp(op=ast.Not(), operand=node.operand)
        case ast.Constant():
            node.value = _other(node.value)
        case ast.Return():
            node.value = ast.Constant(value=None)
        case _:
            return False
    return True


def _other(value: object) -> "int | float | bool":
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int | float) else 0
