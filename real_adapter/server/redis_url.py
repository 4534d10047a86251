"""Where a Redis is, as its URL says, and what of that may be shown: the user's name, never a password.

    redis://user:password@host:6379/0      plain
    rediss://host?ssl_ca_certs=ca.pem      with TLS
    unix:///run/redis.sock?db=0            a socket of this machine

The options after the question mark are those of redis-py, and `read_from_replicas=true` sends reads of a cluster to its
replicas. That a server is part of a cluster it tells itself; with `cluster=true` it has to be.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from redis.connection import parse_url

from sim.errors import BadInput

PORT = 6379
FILES = ("ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile")
FLAGS = ("cluster", "read_from_replicas")
_SECONDS = r"(?=.*[1-9])\d*\.?\d+"
OPTIONS = {
    "db": (r"\d{1,5}", "a number from 0"),
    "protocol": ("[23]", "2 or 3"),
    "socket_connect_timeout": (_SECONDS, "seconds above 0"),
    "socket_timeout": (_SECONDS, "seconds above 0"),
    "ssl_cert_reqs": ("none|optional|required", "none, optional or required"),
    "ssl_check_hostname": ("true|false", "true or false"),
    **dict.fromkeys(FLAGS, ("true|false", "true or false")),
    **dict.fromkeys(("username", "password", "ssl_password", *FILES), (".+", "not empty")),
}
"""The options that say where a server is and how to get in: what each may be, as a pattern and in words."""


@dataclass(frozen=True)
class RedisUrl:
    """A URL taken apart. `place` and `user` may be shown; `options` are those of redis-py's connections."""

    place: str
    user: str
    tls: bool
    cluster: bool
    read_from_replicas: bool
    options: Mapping[str, Any] = field(repr=False)


def parse_redis_url(url: str) -> RedisUrl:
    """Return what *url* says. BadInput, with nothing in it that may be part of a password, if it cannot be read."""
    scheme, colon, rest = url.partition("://")
    if not colon or scheme not in ("redis", "rediss", "unix"):
        raise BadInput("redis URL: does not begin as it must; allowed: redis://, rediss:// or unix://")
    if not url.isprintable() or "#" in rest or "@" in re.sub("^[^/?]*", "", rest):
        # all that comes before such an @ may have been meant as a password
        raise BadInput("redis URL: has a #, an @ after the host or a control character; allowed: %23, %40, for / %2F")
    try:
        parts = urlsplit(url)
        port = parts.port or PORT
    except ValueError:
        raise BadInput(f"redis URL: has no host and port that can be read; allowed: {scheme}://HOST:PORT") from None
    _check_options(parts.query)
    if scheme != "unix" and not re.fullmatch(r"/?\d{0,5}", parts.path):
        raise BadInput(f"redis URL: the part after the host is not a database; allowed: {scheme}://HOST:PORT/0")
    options: dict[str, Any] = cast(Any, parse_url)(url)
    flags = {name: options.pop(name, "false") == "true" for name in FLAGS}
    place = f"{options.get('host', 'localhost')}:{port}"
    if scheme == "unix":
        place = str(options.setdefault("path", ""))
    return RedisUrl(place, options.get("username", "default"), scheme == "rediss", options=options, **flags)


def _check_options(query: str) -> None:
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in OPTIONS:
            raise BadInput(f"redis URL: has an option that there is not; allowed: {', '.join(sorted(OPTIONS))}")
        pattern, words = OPTIONS[name]
        if not re.fullmatch(pattern, value):
            raise BadInput(f"redis URL: {name} is not what it may be; allowed: {words}")
        if name in FILES and not Path(value).exists():
            raise BadInput(f"redis URL: {name}: there is no {value}")
