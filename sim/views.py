"""One pointer for a whole state: how compiled code holds a NamedTuple of arrays.

Numba passes a NamedTuple by value, every array as seven words, through every call. For a state of a hundred arrays
that costs more than the work, in run time as in compile time. A `View` writes the addresses and shapes of all arrays,
and the values of all plain numbers, into one table of words; compiled code gets the address of the table and reads what
it needs. In compiled code a view is used like the tuple: `w.heap.time[0]`; nested tuples are views into the same table.

The arrays must be C-contiguous. They can be written to; plain numbers and the tuple itself cannot change during a call.
An index must not be negative: Python's counting from the end would cost every access a test.
"""

import hashlib
import operator
from collections.abc import Sequence
from typing import Any, TypeVar, cast

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    NativeValue,
    infer_getattr,
    lower_builtin,
    lower_getattr_generic,
    register_model,
    typeof_impl,
    unbox,
)
from numba.np import arrayobj, numpy_support

S = TypeVar("S")


class ViewType(types.Type):
    """The type of a view: its fields as (name, type, index of the first word), in order."""

    def __init__(self, fields: Sequence[tuple[str, types.Type, int]]) -> None:
        self.fields = {name: (kind, word) for name, kind, word in fields}
        layout = ", ".join(f"{name}@{word}: {kind}" for name, kind, word in fields)
        super().__init__(name=f"View({hashlib.sha256(layout.encode()).hexdigest()[:16]})")


class StateArray(types.Array):
    """The type of an array in a view: an array whose indices are never negative."""

    def __init__(self, dtype: types.Type, ndim: int) -> None:
        super().__init__(dtype, ndim, "C", name=f"StateArray({dtype}, {ndim}d)")


class View:
    """A NamedTuple of arrays, plain numbers and further such tuples, as compiled code sees it.

    `state` is the tuple; it is kept alive with the view. Raises TypeError for anything else inside.
    """

    def __init__(self, state: Any) -> None:
        words: list[int] = []
        self.state = state
        self.numba_type = _lay_out(state, words)
        self.words = np.array(words, np.int64)
        self.address = int(self.words.ctypes.data)


def seen_compiled(state: S) -> S:
    """Return a view of a tuple, typed as the tuple that compiled code takes it for."""
    return cast(S, View(state))


def _lay_out(state: Any, words: list[int]) -> ViewType:
    """Append the words of a tuple and return the type that finds them again, counted from the first of them.

    So tuples of one kind have one type, wherever they stand.
    """
    fields: list[tuple[str, types.Type, int]] = []
    begin = len(words)
    for name, value in zip(state._fields, state, strict=True):
        first = len(words) - begin
        if isinstance(value, np.ndarray):
            if not value.flags.c_contiguous:
                raise TypeError(f"{name} is not a C-contiguous array")
            fields.append((name, StateArray(numpy_support.from_dtype(value.dtype), value.ndim), first))
            words += [value.ctypes.data, *value.shape]
        elif isinstance(value, bool | np.bool_):
            fields.append((name, types.boolean, first))
            words.append(int(value))
        elif isinstance(value, int | np.integer):
            fields.append((name, types.int64, first))
            words.append(int(value))
        elif isinstance(value, float):
            fields.append((name, types.float64, first))
            words.append(int(np.float64(value).view(np.int64)))
        elif hasattr(value, "_fields"):
            fields.append((name, _lay_out(value, words), first))
        else:
            raise TypeError(f"{name} is a {type(value).__name__}; a view holds arrays, numbers and tuples of them")
    return ViewType(fields)


@register_model(ViewType)
class _ViewModel(models.PrimitiveModel):
    def __init__(self, manager: Any, view_type: ViewType) -> None:
        super().__init__(manager, view_type, ir.IntType(64).as_pointer())  # type: ignore[no-untyped-call]


register_model(StateArray)(models.ArrayModel)


@lower_builtin(operator.getitem, StateArray, types.Integer)  # type: ignore[untyped-decorator]
def _get_item(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return arrayobj.getitem_arraynd_intp(context, builder, *_unsigned(context, builder, signature, arguments))


@lower_builtin(operator.getitem, StateArray, types.BaseTuple)  # type: ignore[untyped-decorator]
def _get_item_of_many_axes(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return arrayobj.getitem_array_tuple(context, builder, *_unsigned(context, builder, signature, arguments))


@lower_builtin(operator.setitem, StateArray, types.Any, types.Any)  # type: ignore[untyped-decorator]
def _set_item(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return arrayobj.setitem_array(context, builder, *_unsigned(context, builder, signature, arguments))


def _unsigned(context: Any, builder: Any, signature: Any, arguments: Any) -> tuple[Any, list[Any]]:
    """Return a signature and arguments in which indices that are integers are unsigned."""
    array, index, *rest = signature.args
    several = isinstance(index, types.BaseTuple)
    kinds = list(index.types) if several else [index]
    values = cgutils.unpack_tuple(builder, arguments[1], len(kinds)) if several else [arguments[1]]
    for axis, kind in enumerate(kinds):
        if isinstance(kind, types.Integer):
            values[axis] = context.cast(builder, values[axis], kind, types.uintp)
            kinds[axis] = types.uintp
    kind = types.Tuple(kinds) if several else kinds[0]
    value = context.make_tuple(builder, kind, values) if several else values[0]
    return signature.replace(args=(array, kind, *rest)), [arguments[0], value, *arguments[2:]]


@typeof_impl.register(View)
def _typeof_view(view: View, _context: Any) -> ViewType:
    return view.numba_type


@unbox(ViewType)  # type: ignore[untyped-decorator]
def _unbox_view(_type: ViewType, view: Any, c: Any) -> NativeValue:
    address = c.pyapi.object_getattr_string(view, "address")
    word = c.pyapi.long_as_longlong(address)
    c.pyapi.decref(address)
    return NativeValue(c.builder.inttoptr(word, ir.IntType(64).as_pointer()))


@infer_getattr
class _ViewAttributes(AttributeTemplate):
    key = ViewType

    def generic_resolve(  # type: ignore[override]
        self, view: ViewType, name: str
    ) -> types.Type | None:
        found = view.fields.get(name)
        return None if found is None else found[0]


@lower_getattr_generic(ViewType)  # type: ignore[untyped-decorator]
def _lower_attribute(context: Any, builder: Any, view: ViewType, table: Any, name: str) -> Any:
    kind, word = view.fields[name]
    if isinstance(kind, ViewType):
        return builder.gep(table, [ir.Constant(ir.IntType(64), word)])
    if isinstance(kind, StateArray):
        return _load_array(context, builder, kind, table, word)
    value = _load(builder, table, word)
    if kind == types.float64:
        return builder.bitcast(value, ir.DoubleType())
    if kind == types.boolean:
        return builder.trunc(value, ir.IntType(1))
    return value


def _load(builder: Any, table: Any, word: int) -> Any:
    """Load a word of the table; it never changes during a call, so the compiler may remember it."""
    value = builder.load(builder.gep(table, [ir.Constant(ir.IntType(64), word)]))
    value.set_metadata("invariant.load", builder.module.add_metadata([]))
    return value


def _load_array(context: Any, builder: Any, kind: StateArray, table: Any, word: int) -> Any:
    array = arrayobj.make_array(kind)(context, builder)
    item = context.get_data_type(kind.dtype)
    size = context.get_abi_sizeof(item)
    shape = [_load(builder, table, word + 1 + axis) for axis in range(kind.ndim)]
    strides = [ir.Constant(ir.IntType(64), size)]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    arrayobj.populate_array(
        array,
        data=builder.inttoptr(_load(builder, table, word), item.as_pointer()),
        shape=shape,
        strides=strides,
        itemsize=ir.Constant(ir.IntType(64), size),
        meminfo=None,
    )
    return array._getvalue()
