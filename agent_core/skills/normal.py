"""When two scripts are the same, and what a script offers. Pure: sources are parsed, never run."""

import ast
import builtins
from collections.abc import Iterator
from hashlib import sha256

_BUILTINS = frozenset(dir(builtins))
_KEY = 12
"""Hexadecimal digits."""


def normal(source: str) -> str:
    """The source without comments, docstrings, layout, and the names of what is local to a function.

    The source itself where it is no Python.
    """
    try:
        tree = ast.parse(source)
        _without_docstrings(tree)
        names = {name: f"_{number}" for number, name in enumerate(_locals(tree))}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                node.id = names.get(node.id, node.id)
            elif isinstance(node, ast.arg):
                node.arg = names.get(node.arg, node.arg)
                node.annotation = None
        return ast.unparse(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source.strip()


def skill_key(source: str, dependencies: tuple[str, ...] = ()) -> str:
    """Equal for all scripts that are the same."""
    whole = "\0".join((normal(source), *dependencies))
    return sha256(whole.encode("utf-8", "replace")).hexdigest()[:_KEY]


def interface(source: str) -> str:
    """What a script offers, without how: the heads of its functions and classes. Empty: run it whole."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    lines: list[str] = []
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            lines.append(f"def {node.name}({ast.unparse(node.args)})")
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            methods = [one for one in node.body if isinstance(one, ast.FunctionDef)]
            shown = [
                f"    def {one.name}({ast.unparse(one.args)})"
                for one in methods
                if one.name == "__init__" or not one.name.startswith("_")
            ]
            bases = ", ".join(ast.unparse(base) for base in node.bases)
            lines += [f"class {node.name}({bases})" if bases else f"class {node.name}", *shown]
    return "\n".join(lines)


def _without_docstrings(tree: ast.AST) -> None:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        kept = [one for one in node.body if not _is_remark(one)]
        node.body = kept or ([] if isinstance(node, ast.Module) else [ast.Pass()])


def _is_remark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _locals(tree: ast.Module) -> list[str]:
    """Names that are only ever local to functions, in the order in which they first stand there."""
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            found |= dict.fromkeys(_bound_in(node))
    outside = _BUILTINS | set(_bound_at_top(tree)) | _by_keyword(tree)
    return [name for name in found if name not in outside]


def _bound_in(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _bound_at_top(tree: ast.Module) -> Iterator[str]:
    """What stands for something else than a variable of a function somewhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield from node.names
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name
    for statement in tree.body:
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.id


def _by_keyword(tree: ast.Module) -> set[str]:
    return {node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg}
