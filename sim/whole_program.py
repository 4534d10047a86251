"""Compiling an entry together with all it calls, as one program: each function is optimised once, where it is used.

Numba compiles every function by itself: it optimises it with copies of all it reaches, makes machine code of all that,
and does so again for each of its callers, up to the one that Python calls. So compilation costs the sum over functions
of all they reach, and each literal, width or layer of calls adds to it.

Here a function that compiled code calls is a *part*: it is typed and lowered, and nothing else. What Python calls is an
*entry*: it links the parts that it reaches, is optimised with them, and is the only thing that is kept on disk. The
same function can be both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import llvmlite.binding as llvm
import numba.core.codegen
import numba.core.compiler
import numba.core.dispatcher
import numba.core.registry
from numba.core import sigutils, types
from numba.core.compiler_lock import global_compiler_lock
from numba.core.environment import lookup_environment

from sim.entry_files import EntryFiles

_core: Any = numba.core  # which has few types
_ENVIRONMENT = "_ZN08NumbaEnv"


class WholeProgram(_core.registry.CPUDispatcher):  # type: ignore[misc]  # of no known type
    """A function that is an entry where Python calls it, and a part where compiled code does."""

    def __init__(self, function: Any, **options: Any) -> None:
        super().__init__(function, targetoptions={"nopython": True, **options})
        self._compiler = _Entries(function, self.targetdescr, self.targetoptions, {}, _core.compiler.Compiler)
        self._cache = EntryFiles(function, Entry.loaded)
        self.parts: dict[tuple[Any, ...], Any] = {}

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """Return how compiled code may call this with arguments of these types, as numba asks for it.

        All callers share one version, whose integers are int64: numba would make another for every literal, and for
        every width of a field of a record, with all the versions of what that calls.
        """
        signature, folded = self._compiler.fold_argument_types(args, kws)
        wide = tuple(map(_widest, folded))
        if wide not in self.parts:
            self._lower(wide)
        name = f"CallTemplate({self.py_func.__name__})"
        signatures = [part.signature for part in self.parts.values()]
        template = _core.typing.make_concrete_template(name, key=self.py_func.__name__, signatures=signatures)
        return template, signature, folded, {}

    def get_overload(self, signature: Any) -> Any:
        """Return what stands for the part with that signature in numba's table of functions."""
        args, _ = sigutils.normalize_signature(signature)
        return self.parts[tuple(args)].library

    def _lower(self, args: tuple[Any, ...]) -> None:
        context = self.targetdescr.target_context
        with global_compiler_lock, self._compiling_counter:
            part = self._compiler.part(args)
            context.insert_user_function(part.library, part.fndesc, [part.library])
            self.parts[args] = part


def _widest(kind: Any) -> Any:
    plain = types.unliteral(kind)
    return types.int64 if plain in types.signed_domain else plain


class _Entries(_core.dispatcher._FunctionCompiler):  # type: ignore[misc]
    """Compiles a function as an entry, or as a part."""

    def _compile_core(self, args: Any, return_type: Any) -> Any:
        library = Entry(self.targetdescr.target_context.codegen(), self.py_func.__qualname__)
        library.enable_object_caching()
        return self._compiled(args, return_type, library, _core.compiler.Flags())

    def part(self, args: tuple[Any, ...]) -> Any:
        """Type and lower the function for arguments of these types."""
        flags = _core.compiler.Flags()
        flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
        library = _Part(self.targetdescr.target_context.codegen(), self.py_func.__qualname__)
        return self._compiled(args, None, library, flags)

    def _compiled(self, args: Any, return_type: Any, library: Any, flags: Any) -> Any:
        target = self.targetdescr
        target.options.parse_as_flags(flags, self.targetoptions)
        return _core.compiler.compile_extra(
            target.typing_context,
            target.target_context,
            self.py_func,
            args=args,
            return_type=return_type,
            flags=flags,
            locals=self.locals,
            library=library,
            pipeline_class=self.pipeline_class,
        )


class _Part(_core.codegen.JITCodeLibrary):  # type: ignore[misc]
    """The code of a part: a module that entries link, and that is never run by itself."""

    _is_linkable = False

    def finalize(self) -> None:
        """Let nothing be added any more."""
        self._finalized = True

    def linkable(self) -> Any:
        """Return the module, its functions such that an entry keeps those it uses."""
        if not self._is_linkable:
            self._is_linkable = True
            for function in self._final_module.functions:
                if not function.is_declaration and function.linkage == llvm.Linkage.external:
                    function.linkage = "linkonce_odr"
        return self._final_module

    def _get_module_for_linking(self) -> Any:
        """Return a module with all that the part reaches, for a caller that numba compiles by itself."""
        whole = self.linkable().clone()
        parts, others = _reached(self)
        for part in parts:
            whole.link_in(part.linkable(), preserve=True)
        for other in others:
            whole.link_in(other._get_module_for_linking(), preserve=True)
        return whole


class Entry(_core.codegen.JITCodeLibrary):  # type: ignore[misc]
    """The code of an entry, with all its parts in it."""

    def finalize(self) -> None:
        """Link what the entry reaches, optimise it as a whole, and make machine code of it."""
        parts, others = _reached(self)
        for part in parts:
            self._final_module.link_in(part.linkable(), preserve=True)
        self._linking_libraries = others
        super().finalize()

    def environments(self) -> list[Any]:
        """Return what numba calls the environments of its functions, one for each that it has code of."""
        found = [variable.name for variable in self._final_module.global_variables]
        return [lookup_environment(name) for name in found if name.startswith(_ENVIRONMENT)]

    @classmethod
    def loaded(cls, codegen: Any, name: str, code: bytes, symbols: Sequence[str]) -> Self:
        """Return an entry whose machine code is *code*, which defines *symbols*."""
        library = cls(codegen, name)
        library.enable_object_caching()
        library._set_compiled_object(code)
        library._finalize_final_module()
        codegen._engine._defined_symbols.update(symbols)
        return library


def _reached(library: Any) -> tuple[list[_Part], list[Any]]:
    """Return the parts that a library reaches, each once, and whatever else of numba's it and they are linked with."""
    parts: dict[_Part, None] = {}
    others: dict[Any, None] = {}
    next_ones = [*reversed(library._linking_libraries)]
    while next_ones:
        reached = next_ones.pop()
        if not isinstance(reached, _Part):
            others[reached] = None
        elif reached not in parts:
            parts[reached] = None
            next_ones += reversed(reached._linking_libraries)
    return [*parts], [*others]
