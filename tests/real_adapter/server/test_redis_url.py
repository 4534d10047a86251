"""What a URL says, and that no part of a password is ever told, however the URL is wrong."""

from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.connection import SSLConnection, UnixDomainSocketConnection

from real_adapter.server.redis_url import OPTIONS, RedisUrl, parse_redis_url
from sim.errors import BadInput

# none of its letters is in any word of ours, so that every part of it that is told is recognised
LETTERS = "бгджзийлф"
SECRETS = st.text(LETTERS + ":/?#[]@!$&'()*+,;=%\\\"<>^`{|} ", min_size=1, max_size=12)


def test_a_plain_url() -> None:
    url = parse_redis_url("redis://ann:s%40crét@db.example:7000/3?socket_timeout=2.5")
    expected = {"host": "db.example", "port": 7000, "db": 3, "socket_timeout": 2.5}
    assert url.options == {**expected, "username": "ann", "password": "s@crét"}
    assert (url.place, url.user, url.tls, url.cluster, url.read_from_replicas) == (
        "db.example:7000",
        "ann",
        False,
        False,
        False,
    )


def test_what_is_left_out_is_as_redis_has_it() -> None:
    url = parse_redis_url("redis://:secret@")
    assert (url.place, url.user, url.options) == ("localhost:6379", "default", {"password": "secret"})


def test_tls_and_a_cluster_with_reads_from_replicas(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.touch()
    url = parse_redis_url(f"rediss://h?ssl_ca_certs={authority}&cluster=true&read_from_replicas=true")
    assert url.options == {"host": "h", "ssl_ca_certs": str(authority), "connection_class": SSLConnection}
    assert (url.tls, url.cluster, url.read_from_replicas) == (True, True, True)


def test_a_socket_of_this_machine() -> None:
    url = parse_redis_url("unix://ann:secret@/run/redis%20one.sock?db=2")
    assert url.place == "/run/redis one.sock"
    assert url.options["connection_class"] is UnixDomainSocketConnection
    assert (url.options["path"], url.options["db"]) == ("/run/redis one.sock", 2)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", "does not begin as it must; allowed: redis://, rediss:// or unix://"),
        ("http://h", "does not begin as it must; "),
        ("redis:/h", "does not begin as it must; "),
        ("redis://h:port", "has no host and port that can be read; allowed: redis://HOST:PORT"),
        ("rediss://h:99999", "has no host and port that can be read; allowed: rediss://HOST:PORT"),
        ("redis://[::1", "has no host and port"),
        ("redis://h/zero", "the part after the host is not a database; allowed: redis://HOST:PORT/0"),
        ("redis://h?db=x", "db is not what it may be; allowed: a number from 0"),
        ("redis://h?socket_timeout=0", "socket_timeout is not what it may be; allowed: seconds above 0"),
        ("redis://h?socket_timeout=nan", "socket_timeout is not what it may be; allowed: seconds above 0"),
        ("redis://h?cluster=yes", "cluster is not what it may be; allowed: true or false"),
        ("rediss://h?ssl_cert_reqs=maybe", "ssl_cert_reqs is not what it may be; allowed: none, optional or required"),
        ("redis://h?password=", "password is not what it may be; allowed: not empty"),
        ("rediss://h?ssl_ca_certs=/no/such", "ssl_ca_certs: there is no /no/such"),
        ("redis://h?speed=high", f"has an option that there is not; allowed: {', '.join(sorted(OPTIONS))}"),
        ("redis://:p#w@h", "has a #, an @ after the host or a control character; allowed: %23, %40, for / %2F"),
        ("redis://:p/w@h", "has a #, an @ after the host"),
        ("redis://h\n", "has a #, an @ after the host or a control character"),
    ],
)
def test_what_cannot_be_read_is_told(url: str, told: str) -> None:
    with pytest.raises(BadInput) as error:
        parse_redis_url(url)
    assert str(error.value).startswith(f"redis URL: {told}")


def shown(url: str) -> str:
    """Return all that may be shown of a URL, or what is told if it is refused."""
    try:
        read = parse_redis_url(url)
    except BadInput as error:
        return str(error)
    return f"{read!r} {read.place} {read.user}"


@given(SECRETS, st.sampled_from(["redis", "rediss", "unix"]), st.sampled_from(["", "/1", "?db=x", ":x", "?speed=1"]))
def test_an_encoded_password_is_read_and_not_shown(secret: str, scheme: str, rest: str) -> None:
    for url in (
        f"{scheme}://ann:{{}}@h{rest}",
        f"{scheme}://h/1?password={{}}",
        f"{scheme}://h?ssl_password={{}}",
    ):
        encoded = url.format(quote(secret, safe=""))
        assert shown(encoded) == shown(url.format("another"))
    read: RedisUrl = parse_redis_url(f"{scheme}://ann:{quote(secret, safe='')}@h")
    assert read.options["password"] == secret


@given(SECRETS, st.sampled_from(["redis", "rediss", "unix"]), st.sampled_from(["ann", ""]), st.sampled_from(["", "/1"]))
def test_no_part_of_a_password_that_is_not_encoded_is_shown(secret: str, scheme: str, user: str, rest: str) -> None:
    for url in (f"{scheme}://{user}:{secret}@h{rest}", f"{scheme}://h{rest}?password={secret}&{secret}=1"):
        told = shown(url)
        assert not set(LETTERS) & set(unquote(told))
