"""The Lua core: the scripts of a waiting room as text, and the keys they work on. Nothing here talks to a server.

The scripts are specified by `models.waiting_room.specification`: the same Redis calls in the same order, the same
answers. What several of them do stands once, in a file of its own; a line `--@ name` stands where its text is put in.

Calling convention: every key through KEYS, in the order of `Script.key_names`; ARGV is plain decimal text; replies are
single integers, but for a join by the server's clock. The first comment of each script says its arguments and replies.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sim.errors import BadInput

FOLDER = Path(__file__).parents[1] / "lua"
TOKEN_DIGITS = 12

_KEY_NAMES = {
    "open": ("gate",),
    "join": ("line", "called", "seen", "gate"),
    "status": ("line", "called", "seen", "gate"),
    "status_read": ("line", "called"),
    "enter": ("line", "called", "seen", "gate", "pass"),
    "leave": ("line", "called", "seen"),
    "expire": ("line", "called", "seen", "gate"),
    "status_keys": ("line", "called", "seen", "gate", "place"),
}
SCRIPTS = tuple(_KEY_NAMES)
_SHARED = re.compile(r"^--@ (\w+)\n", re.MULTILINE)
_COMMAND = re.compile(r"redis\.call\('(\w+)'")


@dataclass(frozen=True)
class Script:
    """A script as a server is given it; `sha1` is the name under which EVALSHA calls it, `writes` if it may write."""

    name: str
    source: str
    sha1: str
    writes: bool
    key_names: tuple[str, ...]

    @property
    def commands(self) -> tuple[str, ...]:
        """The Redis commands in its text, in alphabetical order."""
        return tuple(sorted(set(_COMMAND.findall(self.source))))


@dataclass(frozen=True)
class RoomKeys:
    """The keys of one event, which all carry its hash tag and so live in one slot."""

    stem: str

    @property
    def line(self) -> str:
        """Sorted set token -> score: people who wait, in order."""
        return f"{self.stem}line"

    @property
    def called(self) -> str:
        """Sorted set token -> deadline in ms: people whose turn has come."""
        return f"{self.stem}called"

    @property
    def seen(self) -> str:
        """Sorted set token -> last sign of life in ms."""
        return f"{self.stem}seen"

    @property
    def gate(self) -> str:
        """Hash: the rules, call credit, admission bucket and ticket counter."""
        return f"{self.stem}gate"

    @property
    def place(self) -> str:
        """Stream that the first version counted, one per place; here one for all."""
        return f"{self.stem}place"

    @property
    def lasting(self) -> tuple[str, ...]:
        """Every key of the event but the passes, which expire by themselves."""
        return (self.line, self.called, self.seen, self.gate, self.place)

    def passes(self, token: int) -> str:
        """Return the key of the entry pass of *token*, a string: the deadline in ms. BadInput as `token_text`."""
        return f"{self.stem}pass:{token_text(token)}"

    def of(self, script: Script, token: int = 0) -> tuple[str, ...]:
        """Return the keys that *script* is to be given, for *token* where it has one."""
        return tuple(self.passes(token) if name == "pass" else f"{self.stem}{name}" for name in script.key_names)


@cache
def load_script(name: str, folder: Path = FOLDER) -> Script:
    """Return the script *name*, one of `SCRIPTS`, as it stands in *folder*.

    BadInput for any other name, and if it or a file that it needs cannot be read.
    """
    if name not in _KEY_NAMES:
        raise BadInput(f"script: there is no '{name}'; allowed: {', '.join(SCRIPTS)}")
    return script_of(name, _SHARED.sub(lambda marker: _text(folder, marker[1]), _text(folder, name)))


def script_of(name: str, source: str) -> Script:
    """Return *source* as the script *name* (one of `SCRIPTS`): a changed script, called as the one of that name is."""
    flags = source.partition("\n")[0]
    sha1 = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()
    return Script(name, source, sha1, "no-writes" not in flags, _KEY_NAMES[name])


def room_keys(tag: str, prefix: str = "") -> RoomKeys:
    """Return the keys of the event *tag*, all beginning with *prefix*.

    BadInput if the two would not make *tag* the hash tag of the keys.
    """
    if not tag or "}" in tag:
        raise BadInput(f"event tag: {tag!r} cannot be a hash tag; allowed: any text without }}, at least one character")
    if "{" in prefix:
        raise BadInput(f"key prefix: {prefix!r} has a {{, which would begin a hash tag of its own")
    return RoomKeys(f"{prefix}wr:{{{tag}}}:")


def token_text(token: int) -> str:
    """Return *token* as the scripts know it: digits of fixed width, so the order of texts is that of numbers.

    BadInput unless 0 <= *token* < 10**12.
    """
    if not 0 <= token < 10**TOKEN_DIGITS:
        raise BadInput(f"token: {token} is not allowed; allowed: 0 to {10**TOKEN_DIGITS - 1}")
    return f"{token:0{TOKEN_DIGITS}}"


def _text(folder: Path, name: str) -> str:
    try:
        return (folder / f"{name}.lua").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            f"script: {name}.lua cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}"
        ) from None
