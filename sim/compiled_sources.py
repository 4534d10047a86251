"""What compiled code depends on: the statements that its functions reach, at any depth, without their prose.

Machine code is made of the text of a function, of what it calls, and of every constant that these name, in whatever
file. So the key of compiled code is made of those statements: their syntax trees without docstrings, comments and the
types of arguments. What else stands in the same files, such as a setting with its description, says nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cached_property
from hashlib import blake2b

DECORATORS = "sim.jit"
"""The module whose names make a statement one of compiled code."""
COMPILERS = ("numba", "llvmlite")
"""A module that imports these tells how code is compiled, and counts as a whole."""

_DEFINITIONS = (ast.FunctionDef, ast.ClassDef)
_NAMED = (*_DEFINITIONS, ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom)


def key_of(sources: Mapping[str, bytes]) -> str:
    """Return 32 hexadecimal digits that stand for all that compiled code in these *sources*, by path, depends on."""
    modules = {_dotted(path): Module(_dotted(path), content) for path, content in sources.items()}
    digest = blake2b(digest_size=16)
    for name, statements in sorted(reached(modules).items()):
        digest.update(f"{name}\n".encode())
        for at in sorted(statements):
            digest.update(_without_prose(modules[name].statements[at]).encode() + b"\n")
    return digest.hexdigest()


def reached(modules: Mapping[str, Module]) -> Mapping[str, set[int]]:
    """Return the places of the statements that compiled code reaches, by the name of their module."""
    found = _Reached(modules)
    for module in modules.values():
        for statement in module.roots():
            found.take(module, statement)
    return found.statements


class Module:
    """The top-level statements of a module, and what each of them binds."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name = name
        self._content = content

    @cached_property
    def statements(self) -> list[ast.stmt]:
        """The statements, but those that only type checkers read."""
        found = ast.parse(self._content).body
        return [each for each in found if not (isinstance(each, ast.If) and "TYPE_CHECKING" in ast.dump(each.test))]

    @cached_property
    def binding(self) -> dict[str, list[int]]:
        """The places of the statements that bind a name, by the name."""
        found: dict[str, list[int]] = {}
        for at, statement in enumerate(self.statements):
            for name in _bound(statement):
                found.setdefault(name, []).append(at)
        return found

    @cached_property
    def imported(self) -> dict[str, tuple[str, str | None]]:
        """What an import binds, by the name: a module and a name in it, or the module itself (None)."""
        found: dict[str, tuple[str, str | None]] = {}
        for node in (node for statement in self.statements for node in ast.walk(statement)):
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                found |= {each.asname or each.name: (node.module, each.name) for each in node.names}
            elif isinstance(node, ast.Import):
                found |= {each.asname or each.name.split(".")[0]: (each.name, None) for each in node.names}
        return found

    @cached_property
    def effects(self) -> list[int]:
        """The places of the statements that do something to what others bind: loops, calls, assignments to a part."""
        return [
            at
            for at, statement in enumerate(self.statements)
            if not isinstance(statement, _NAMED) or not _bound(statement)
        ]

    def roots(self) -> list[int]:
        """The places of the statements that make compiled code, or tell how it is made."""
        if b"numba" not in self._content and b"llvmlite" not in self._content and b"sim.jit" not in self._content:
            return []
        origins = self.imported.values()
        if any(origin.split(".")[0] in COMPILERS for origin, _ in origins):
            return [*range(len(self.statements))]
        makers = {name for name, (origin, _) in self.imported.items() if origin == DECORATORS}
        return [at for at, each in enumerate(self.statements) if makers & {*_names(each)}]


class _Reached:
    """The statements reached so far, as their places by module."""

    def __init__(self, modules: Mapping[str, Module]) -> None:
        self.modules = modules
        self.statements: dict[str, set[int]] = {}

    def take(self, module: Module, place: int) -> None:
        """Add a statement, and all that it reaches."""
        known = self.statements.setdefault(module.name, set())
        if not known:
            known.add(place)
            for at in module.effects:
                self.take(module, at)
        elif place in known:
            return
        known.add(place)
        statement = module.statements[place]
        if isinstance(statement, ast.Import | ast.ImportFrom):
            return  # what it binds is followed where it is used
        attributes = _attributes(statement)
        for name in _names(statement):
            self._follow(module, name, attributes.get(name, set()))

    def _follow(self, module: Module, name: str, attributes: set[str]) -> None:
        """Take what binds a name in a module, of which these *attributes* are used; builtins and locals are nothing."""
        if name not in module.imported:
            for at in module.binding.get(name, ()):
                self.take(module, at)
            return
        origin, inner = module.imported[name]
        whole = origin if inner is None else f"{origin}.{inner}"
        if whole in self.modules:
            for attribute in attributes or {""}:
                self._take_from(self.modules[whole], attribute)
        elif origin in self.modules:
            self._take_from(self.modules[origin], inner or "")

    def _take_from(self, module: Module, name: str) -> None:
        """Take what binds a name in another module, which may import it in turn; all of it if nothing is found to."""
        if name in module.imported:
            self._follow(module, name, set())
        else:
            for at in module.binding.get(name, range(len(module.statements))):
                self.take(module, at)


def _dotted(path: str) -> str:
    """Return the name of the module at a path, as in "sim/jit.py"."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _bound(statement: ast.stmt) -> Iterator[str] | list[str]:
    """Return the names that a statement of a module binds."""
    if isinstance(statement, _DEFINITIONS):
        return [statement.name]
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return [each.asname or each.name.split(".")[0] for each in statement.names]
    return [node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]


def _names(statement: ast.stmt) -> list[str]:
    """Return the names that a statement reads, those of annotations left out."""
    return [node.id for node in _walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]


def _attributes(statement: ast.stmt) -> dict[str, set[str]]:
    """Return which attributes of a name are read, by the name; nothing of one that is also used otherwise."""
    found: dict[str, set[str]] = {}
    owners: set[int] = set()
    for node in _walk(statement):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.setdefault(node.value.id, set()).add(node.attr)
            owners.add(id(node.value))
    bare = {node.id for node in _walk(statement) if isinstance(node, ast.Name) and id(node) not in owners}
    return {name: attributes for name, attributes in found.items() if name not in bare}


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree without its annotations, which decide about nothing."""
    yield node
    for field, value in ast.iter_fields(node):
        if field not in ("annotation", "returns"):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _walk(child)


def _without_prose(statement: ast.stmt) -> str:
    """Return a statement as text without docstrings, comments, lines and types of arguments."""
    for node in ast.walk(statement):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [each for each in body if not _is_prose(each)]  # type: ignore[attr-defined]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    return "" if _is_prose(statement) else ast.dump(statement)


def _is_prose(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
