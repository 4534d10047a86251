"""What tests of connecting to somebody's Redis ask: the line of a refusal, and what is on a server."""

from typing import Any

import pytest

from real_adapter.server.connect import connect
from real_adapter.server.server import LocalServer
from sim.errors import BadInput


def told(url: str, **options: Any) -> str:
    """Return the one line with which a URL is refused."""
    with pytest.raises(BadInput) as error, connect(url, **options):
        pass
    line = str(error.value)
    assert "\n" not in line
    return line


def keys_of(server: LocalServer) -> set[bytes]:
    with server.client() as client:
        return set(client.scan_iter(count=1000))
