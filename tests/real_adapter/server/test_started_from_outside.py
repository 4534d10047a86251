"""Programs that are no part of this one start a server by a name that stays where it is."""

from real_adapter.server import start_server


def test_a_program_outside_starts_a_server_by_the_name_it_knows() -> None:
    with start_server() as server, server.client() as client:
        assert client.ping()
