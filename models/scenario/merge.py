"""How one mapping changes another: mappings merge, everything else replaces."""

from typing import Any

from sim.errors import BadInput

#: Mappings of one of several kinds, with the key that says which: another kind brings its own settings.
KINDS: dict[tuple[str, ...], str] = {("clients", "arrival"): "profile", ("clients", "load"): "mode"}
#: Shares of one whole: half of the old ones beside half of the new ones would mean nothing.
WHOLES: set[tuple[str, ...]] = {("clients", "tabs"), ("clients", "load", "mix")}


def merged(below: dict[str, Any], above: dict[str, Any], path: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return `below` changed by `above`, recursively; both stay as they are."""
    if path in WHOLES:
        return dict(above)
    kind = KINDS.get(path)
    if kind and kind in above and above[kind] != below.get(kind):
        return dict(above)
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            result[key] = merged(old, value, (*path, key))
        else:
            result[key] = value
    return result


def apply_override(data: dict[str, Any], keys: list[str], value: Any) -> dict[str, Any]:
    """Return `data` with the value at the path `keys` replaced by `value` (two mappings merge).

    Raises BadInput for an item that a list does not have.
    """
    return dict(_with(data, tuple(keys), value, ()))


def _with(node: Any, keys: tuple[str, ...], value: Any, path: tuple[str, ...]) -> Any:
    if not keys:
        both = isinstance(node, dict) and isinstance(value, dict)
        return merged(node, value, path) if both else value
    key, rest = keys[0], keys[1:]
    if isinstance(node, list):
        return _with_item(node, key, rest, value, path)
    old = node if isinstance(node, dict) else {}
    if KINDS.get(path) == key and old.get(key) != value:
        return {key: value}
    key = next((k for k in old if str(k) == key), key)  # 1 and "1" are the same key here
    return {**old, key: _with(old.get(key), rest, value, (*path, key))}


def _with_item(items: list[Any], key: str, rest: tuple[str, ...], value: Any, path: tuple[str, ...]) -> list[Any]:
    if not (key.isdecimal() and len(key) < 10 and int(key) < len(items)):
        last = f"items 0 to {len(items) - 1}" if items else "no items to change"
        raise BadInput(f"{'.'.join(path)}: has {last}, not {key!a}")
    k = int(key)
    return [*items[:k], _with(items[k], rest, value, (*path, key)), *items[k + 1 :]]
