"""Who may do what on somebody's Redis: the password, and the permission that is missing, by its name."""

from collections.abc import Callable

import pytest

from real_adapter.server.connect import connect
from real_adapter.server.server import LocalServer, start_server
from tests.real_adapter.server.connecting import keys_of, told


def test_a_wrong_password_and_none(server: LocalServer, user: Callable[..., str]) -> None:
    url = user("ann", "~*", "+@all")
    line = told(url.replace("geheim", "falsch"))
    assert line == f"redis at {server.address}: does not let user ann in with this password; check both"
    with start_server(settings={"requirepass": "geheim"}) as locked:
        line = told(f"redis://{locked.address}")
        assert line == (
            f"redis at {locked.address}: wants a password; allowed: //USER:PASSWORD@ before the host, or //:PASSWORD@"
        )
        with connect(f"redis://:geheim@{locked.address}") as connection:
            assert connection.client.ping()


@pytest.mark.parametrize(
    ("permissions", "reason"),
    [
        (("~*", "+@all", "-ping"), "user ann may not run PING; permit it (ACL SETUSER ann +ping)"),
        (("~*", "+@all", "-info"), "user ann may not run INFO; permit it (ACL SETUSER ann +info)"),
        (("~*", "+@all", "-scan"), "user ann may not run SCAN; permit it (ACL SETUSER ann +scan)"),
        (("~*", "+@all", "-unlink"), "user ann may not run UNLINK; permit it (ACL SETUSER ann +unlink)"),
        (("~*", "+@all", "-script|load"), "user ann may not run SCRIPT|LOAD; permit it (ACL SETUSER ann +script|load)"),
        (("~*", "+@all", "-evalsha"), "user ann may not run EVALSHA; permit it (ACL SETUSER ann +evalsha)"),
        (("~*", "+@all", "-evalsha_ro"), "user ann may not run EVALSHA_RO; permit it (ACL SETUSER ann +evalsha_ro)"),
        (("~*", "+@all", "-expire"), "user ann may not run EXPIRE; permit it (ACL SETUSER ann +expire)"),
        (("~*", "+@all", "-zrange"), "user ann may not run ZRANGE; permit it (ACL SETUSER ann +zrange)"),
        (("~app:*", "+@all"), "user ann may not use the keys needed; permit them (ACL SETUSER ann ~breakwater:*)"),
    ],
)
def test_a_permission_that_is_missing(
    server: LocalServer, user: Callable[..., str], permissions: tuple[str, ...], reason: str
) -> None:
    before = keys_of(server)
    assert told(user("ann", *permissions)) == f"redis at {server.address}: {reason}"
    assert keys_of(server) == before


@pytest.mark.parametrize("command", ["zadd", "zpopmin", "hincrby", "time", "set"])
def test_a_permission_that_is_missing_inside_a_script(
    server: LocalServer, user: Callable[..., str], command: str
) -> None:
    before = keys_of(server)
    line = told(user("ann", "~*", "+@all", f"-{command}"))
    # Redis 7.0 does not say which of the commands it was
    assert line.startswith(f"redis at {server.address}: user ann may not run ")
    assert command.upper() in line
    assert keys_of(server) == before


def test_no_more_is_needed_than_is_said(user: Callable[..., str]) -> None:
    needed = (
        "ping",
        "info",
        "scan",
        "unlink",
        "script|load",
        "evalsha",
        "evalsha_ro",
        "time",
        "mget",
        "select",
        "expire",
    )
    in_rooms = ("hsetnx", "hmget", "hset", "hincrby", "hgetall", "zadd", "zrem", "zrank", "zscore", "zcard", "zpopmin")
    rest = ("zrangebyscore", "zrange", "set")
    with connect(user("ann", "~breakwater:*", *(f"+{name}" for name in needed + in_rooms + rest))) as connection:
        assert connection.server.settings == {}
