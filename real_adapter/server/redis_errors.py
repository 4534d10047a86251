"""What went wrong with a Redis, in one line of our own words, which never holds a password.

The texts of redis-py, of the system and of servers may repeat what was sent (`unknown command 'HELLO', with args
beginning with: 'AUTH' ...`), so none is passed on: they are only looked at, for the names of commands that we send.
"""

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from redis import exceptions as redis_says

from models.redis_costs.commands import Command
from models.waiting_room.scripts import SCRIPTS, Script, load_script
from real_adapter.server.redis_url import RedisUrl
from sim.errors import BadInput

_COMMANDS = {
    *("CLUSTER|INFO", "CLUSTER|SLOTS", "COMMAND", "COMMAND|GETKEYS", "DBSIZE", "ECHO", "EVALSHA", "EVALSHA_RO"),
    *("HGETALL", "HSETNX", "INFO", "MGET", "MONITOR", "PING", "READONLY", "SCAN", "SCRIPT|LOAD", "SELECT", "UNLINK"),
    *(command for name in SCRIPTS for command in load_script(name).commands),
    *(command.name for command in Command),
}
"""All that is sent to a server: by itself, by the scripts, or to be measured."""
_CODES = ("BUSY", "CROSSSLOT", "MISCONF", "NOREPLICAS", "TRYAGAIN")
"""What the text of a server's error begins with, where that tells its owner what to do."""

_CLOSED = "closes the connection; check that it is a Redis, and use rediss:// if it speaks TLS"


@contextmanager
def said_plainly(where: RedisUrl) -> Iterator[None]:
    """Turn what redis-py and the system say of the server at *where* into a BadInput that says what to do."""
    try:
        yield
    except BadInput:
        raise
    # the exceptions of redis-py's cluster are no RedisError; a host's name that cannot be encoded is a UnicodeError
    except (redis_says.RedisError, redis_says.RedisClusterException, OSError, UnicodeError) as error:
        raise BadInput(f"redis at {where.place}: {_reason(error, where)}") from None


@contextmanager
def answering_as_a_redis(where: RedisUrl) -> Iterator[None]:
    """Turn what redis-py makes of answers that no Redis gives, whatever that is, into a BadInput."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError, MemoryError) as error:
        if isinstance(error, BadInput | UnicodeError):
            raise
        raise BadInput(f"redis at {where.place}: does not answer as a Redis does; check host and port") from None


def is_denied(error: Exception) -> bool:
    """Tell whether the server's *error* is about permissions, be it of a command that a script has called."""
    script = re.search("ACL failure in script|user executing the script can't", str(error))
    return isinstance(error, redis_says.NoPermissionError) or script is not None


def denied(error: Exception, where: RedisUrl, script: Script | None = None) -> str:
    """Return what the user may not do, and how to permit it; *script* is what was running, if that is known."""
    user, text = where.user, str(error)
    if re.search("access (a|one of the) key", text):
        return f"user {user} may not use the keys needed; permit them (ACL SETUSER {user} ~breakwater:*)"
    found = re.search(r"'([a-z_|]+)' command", text)
    if found and found[1].upper() in _COMMANDS:
        return f"user {user} may not run {found[1].upper()}; permit it (ACL SETUSER {user} +{found[1]})"
    # what is not named was in a script: of the Lua core, or of one of the commands that are measured
    commands = ", ".join(sorted(Command.__members__) if script is None else script.commands)
    return f"user {user} may not run all of {commands}, which are needed; permit them (ACL SETUSER {user} +...)"


def _reason(error: Exception, where: RedisUrl) -> str:
    match error:
        case redis_says.AuthenticationError():
            return _not_let_in(where)
        case redis_says.BusyLoadingError():
            return "is loading its data; try again when it has"
        case redis_says.TimeoutError():
            return f"does not answer in time; check host, port and firewall{', and that it speaks TLS' * where.tls}"
        case redis_says.ConnectionError():
            return _no_connection(error)
        case redis_says.ClusterDownError() | redis_says.RedisClusterException():
            return "is a cluster with nodes that do not work, or cannot be reached from here as the cluster names them"
        case redis_says.ResponseError() if is_denied(error):
            return denied(error, where)
        case redis_says.OutOfMemoryError():
            return "has no memory left (maxmemory); give it more"
        case redis_says.ReadOnlyError():
            return "has become a replica, which takes no writes; connect to its primary"
        case redis_says.InvalidResponse():
            return "does not answer as a Redis does; check host and port"
        case redis_says.ResponseError():
            return _refused(str(error))
        case UnicodeError():
            return "this is not the name of a host"
    return "cannot be used as the URL says; check it"


def _not_let_in(where: RedisUrl) -> str:
    if "password" not in where.options:
        return "wants a password; allowed: //USER:PASSWORD@ before the host, or //:PASSWORD@"
    return f"does not let user {where.user} in with this password; check both"


def _no_connection(error: Exception) -> str:
    """Return why there is no connection; redis-py raises its own exception while it handles the system's."""
    match error.__context__:
        case socket.gaierror():
            return "there is no host of this name"
        case ssl.SSLCertVerificationError() as refused:
            return f"its certificate is not accepted: {refused.verify_message}; name its issuer (ssl_ca_certs=FILE)"
        case ssl.SSLError():
            return "TLS fails; check the files that the URL names, or use redis:// if the server speaks without"
        case FileNotFoundError():
            return "there is no such socket"
        case ConnectionRefusedError():
            return "nothing listens there; start it, or check host and port"
        case ConnectionResetError() | BrokenPipeError():
            return _CLOSED
        case OSError():
            return "cannot be reached; check host, port and network"
    if "max number of clients" in str(error):
        return "has as many clients as it takes (maxclients)"
    return _CLOSED


def _refused(text: str) -> str:
    if text.startswith("DENIED"):
        return "is in protected mode and takes no clients from other machines; give it a password"
    if "DB index" in text or "SELECT is not allowed" in text:
        return "has no database of this number; a cluster has 0 only"
    code = text.split(" ")[0]
    return f"refuses a command{f' ({code})' if code in _CODES else ''}; its own log or manual says why"
