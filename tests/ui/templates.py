"""Finds every sentence a person may see: the arguments of `tr`, `say`, `word` and of our errors."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import crmdesk

PACKAGE = Path(crmdesk.__file__).parent
_MARKERS = {"tr": 1, "say": 1, "word": 1, "plural": 3}


def templates() -> dict[str, set[str]]:
    """Return each template of the package with the files that use it."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
    errors = _error_names(trees.values())
    found: dict[str, set[str]] = {}
    for path, tree in trees.items():
        for template in _in_tree(tree, errors):
            found.setdefault(template, set()).add(str(path.relative_to(PACKAGE)))
    return found


def _error_names(trees: Iterable[ast.AST]) -> set[str]:
    names = {"CrmdeskError"}
    bases: dict[str, set[str]] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = {base.id for base in node.bases if isinstance(base, ast.Name)}
    while True:
        more = {name for name, parents in bases.items() if parents & names} - names
        if not more:
            return names
        names |= more


def _in_tree(tree: ast.AST, errors: set[str]) -> Iterator[str]:
    named = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        arguments = node.args[:1] if name in errors else node.args[: _MARKERS.get(name, 0)]
        for argument in arguments:
            given = named.get(argument.id, argument) if isinstance(argument, ast.Name) else argument
            yield from _constants(given)


def _constants(node: ast.expr) -> Iterator[str]:
    """Yield the texts an argument may be: a constant, or either side of `a if x else b`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _constants(node.body)
        yield from _constants(node.orelse)
