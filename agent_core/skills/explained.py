"""Checks that say what they expected and what they got: a wrong result is known by how it differs. Pure."""

import ast


def explained(check: str) -> str:
    """The check with its bare `assert got == wanted` saying both; unchanged where it is no Python."""
    try:
        tree = ast.parse(check)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return check
    bare = [node for node in ast.walk(tree) if isinstance(node, ast.Assert) and node.msg is None]
    told = [node for node in bare if _tell(node)]
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n" if told else check


def _tell(node: ast.Assert) -> bool:
    """Have the assertion say its two sides, each worked out once; False where it compares otherwise."""
    match node.test:
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            pass
        case _:
            return False
    if any(isinstance(one, ast.Yield | ast.YieldFrom | ast.Await) for one in ast.walk(node.test)):
        return False
    given = ("_wanted", "_got") if _is_data(left) and not _is_data(right) else ("_got", "_wanted")
    sides = [
        ast.NamedExpr(target=ast.Name(id=name, ctx=ast.Store()), value=value)
        for name, value in zip(given, (left, right), strict=True)
    ]
    node.test = ast.Compare(left=sides[0], ops=[ast.Eq()], comparators=[sides[1]])
    node.msg = ast.parse('f"expected {_wanted!r}, got {_got!r}"', mode="eval").body
    return True


def _is_data(node: ast.expr) -> bool:
    """It is written out, so it is what was expected."""
    return not any(isinstance(one, ast.Call | ast.Name) for one in ast.walk(node))
