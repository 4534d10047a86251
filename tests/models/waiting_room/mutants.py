"""Faults put into the specification one at a time, to see that the engines' agreement finds each.

The compiled engine stays as it is: whatever is done to the plain waiting room must make something end differently. So
every line in `mutants.yaml` is one that both engines have, and that some test reaches.
"""

import importlib
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType
from typing import NamedTuple

import yaml


class Mutant(NamedTuple):
    """A fault: a *part* of a line of a module of the specification, which stands there once, becomes another."""

    module: str
    part: str
    other: str

    def __str__(self) -> str:
        return f"{self.module.rpartition('.')[2]}: {' '.join(self.part.split())} -> {' '.join(self.other.split())}"


def _mutants() -> Iterator[Mutant]:
    written = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    for module, faults in written.items():
        for fault in faults:
            yield Mutant(f"models.{module}", fault["part"], fault["other"])


MUTANTS = tuple(_mutants())


@contextmanager
def alive(mutant: Mutant) -> Iterator[None]:
    """Let the classes of the mutant's module have its methods for a while."""
    module = importlib.import_module(mutant.module)
    source = inspect.getsource(module)
    if source.count(mutant.part) != 1:
        raise ValueError(f"{mutant} stands {source.count(mutant.part)} times in its module")
    names = {**vars(module)}
    exec(compile(source.replace(mutant.part, mutant.other), f"<{mutant}>", "exec"), names)
    kept = []
    for name, original in list(vars(module).items()):
        if not inspect.isclass(original) or original.__module__ != module.__name__:
            continue
        for method, function in vars(names[name]).items():
            if isinstance(function, FunctionType):
                kept.append((original, method, vars(original)[method]))
                setattr(original, method, _at_home(function, vars(original)[method]))
    try:
        yield
    finally:
        for original, method, function in kept:
            setattr(original, method, function)


def _at_home(function: FunctionType, instead_of: FunctionType) -> FunctionType:
    """Return a function of the mutant that means by its names, and by super, what the original means by them."""
    moved = FunctionType(
        function.__code__, instead_of.__globals__, function.__name__, function.__defaults__, instead_of.__closure__
    )
    moved.__kwdefaults__ = function.__kwdefaults__
    return moved
