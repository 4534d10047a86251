"""No line about a server, and no object of ours, ever holds the password it was reached with."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from real_adapter.server.connect import connect
from real_adapter.server.server import LocalServer
from sim.errors import BadInput
from tests.real_adapter.server.connecting import told

SECRETS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@contextmanager
def echoing() -> Iterator[str]:
    """Listen, and answer everything with an error that repeats it, as servers do with commands they do not know."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    taken, _ = listener.accept()
                except OSError:
                    return
                with taken:
                    said = taken.recv(4096).replace(b"\r\n", b" ")
                    taken.sendall(b"-ERR unknown command, with args beginning with: %b\r\n" % said)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_no_line_depends_on_the_password(server: LocalServer) -> None:
    with echoing() as echo, server.client() as client:
        client.execute_command("ACL", "SETUSER", "ann", "reset", "on", ">the one", "~*", "+@all")

        @settings(max_examples=40)
        @given(SECRETS)
        def is_silent(secret: str) -> None:
            encoded = quote(secret, safe="")
            for place in (echo, str(server.address), "127.0.0.1:1", "a..b"):
                for url in (
                    "redis://ann:{}@{}",
                    "rediss://ann:{}@{}?ssl_cert_reqs=no",
                    "redis://{1}?username=ann&password={0}",
                ):
                    assert told(url.format(encoded, place)) == told(url.format("another", place))

        is_silent()
        client.execute_command("ACL", "DELUSER", "ann")


def test_neither_a_connection_nor_what_goes_wrong_holds_the_password(
    server: LocalServer, user: Callable[..., str]
) -> None:
    with connect(user("ann", "~*", "+@all")) as connection:
        assert "geheim" not in repr(connection)
    with pytest.raises(BadInput) as error, connect(user("ann", "+ping")):
        pass
    assert error.value.__suppress_context__
