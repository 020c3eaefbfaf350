"""A check in two halves: its open cases, which an author may see, and its sealed ones. Pure.

A check that reads `--cases open|sealed` itself is left as it is. In any other the cases are what stands at
its top: each `assert`, each test that is called, each step of a loop over cases. Every second one is sealed.
"""

import ast

_PRELUDE = """\
import sys as _sys

_CASES = _sys.argv[_sys.argv.index("--cases") + 1] if "--cases" in _sys.argv else None


def _due(number):
    return _CASES is None or _CASES == ("open", "sealed")[number % 2]


def _dues(number, cases):
    return [case for at, case in enumerate(cases, number) if _due(at)]
"""
_FUTURE = "__future__"


def halved(check: str) -> str:
    """The check, able to run either half. Raises SyntaxError where it is no Python."""
    try:
        tree = ast.parse(check)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(f"the check cannot be read: {error}") from error
    cases = _cases(tree)
    if "--cases" in check or (len(cases) < 2 and not any(isinstance(one, ast.For) for one in cases)):
        return check
    for number, case in enumerate(cases):
        _guard(tree, case, number)
    head = [one for one in tree.body if _is_head(one)]
    rest = [one for one in tree.body if not _is_head(one)]
    tree.body = [*head, *ast.parse(_PRELUDE).body, *rest]
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def open_part(check: str) -> str:
    """What an author may see of a check; empty where it keeps its halves apart by itself."""
    try:
        tree = ast.parse(check)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    guards = [one for one in tree.body if _number(one) is not None]
    loops = [one for one in tree.body if isinstance(one, ast.For) and _is_dues(one.iter)]
    if not guards and not loops:
        return ""
    own = {ast.unparse(one) for one in ast.parse(_PRELUDE).body}
    kept: list[ast.stmt] = []
    for one in tree.body:
        number = _number(one)
        if isinstance(one, ast.If) and number is not None:
            kept += one.body if number % 2 == 0 else []
        elif isinstance(one, ast.For) and _is_dues(one.iter):
            kept += _opened(one)
        elif ast.unparse(one) not in own:
            kept.append(one)
    tree.body = kept
    return ast.unparse(tree) + "\n"


def _cases(tree: ast.Module) -> list[ast.stmt]:
    tests = {
        one.name
        for one in tree.body
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and _asserts(one)
    }
    return [one for one in tree.body if _is_case(one, tests)]


def _is_case(node: ast.stmt, tests: set[str]) -> bool:
    match node:
        case ast.Assert():
            return True
        case ast.Expr(value=ast.Call(func=ast.Name(id=name))):
            return name in tests
        case ast.For() | ast.Try() | ast.With():
            return _asserts(node)
        case _:
            return False


def _asserts(node: ast.AST) -> bool:
    return any(isinstance(one, ast.Assert | ast.Raise) for one in ast.walk(node))


def _guard(tree: ast.Module, case: ast.stmt, number: int) -> None:
    if isinstance(case, ast.For):
        name = ast.Name(id="_dues", ctx=ast.Load())
        case.iter = ast.Call(func=name, args=[ast.Constant(value=number), case.iter], keywords=[])
        return
    name = ast.Name(id="_due", ctx=ast.Load())
    test = ast.Call(func=name, args=[ast.Constant(value=number)], keywords=[])
    tree.body[tree.body.index(case)] = ast.If(test=test, body=[case], orelse=[])


def _is_head(node: ast.stmt) -> bool:
    """What has to stay the first of a module."""
    return isinstance(node, ast.ImportFrom) and node.module == _FUTURE


def _number(node: ast.stmt) -> int | None:
    """Which case a guarded statement is."""
    match node:
        case ast.If(test=ast.Call(func=ast.Name(id="_due"), args=[ast.Constant(value=int(number))])):
            return number
        case _:
            return None


def _is_dues(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_dues"


def _opened(loop: ast.For) -> list[ast.stmt]:
    """The loop over its open cases, where those stand in it; nothing where they stand elsewhere."""
    match loop.iter:
        case ast.Call(args=[ast.Constant(value=int(number)), ast.List(elts=items) | ast.Tuple(elts=items)]):
            shown = [item for at, item in enumerate(items, number) if at % 2 == 0]
            cases = ast.List(elts=shown, ctx=ast.Load())
            return [ast.For(target=loop.target, iter=cases, body=loop.body, orelse=loop.orelse, lineno=0)]
        case _:
            return []
