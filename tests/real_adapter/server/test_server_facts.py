"""What servers say of themselves, and which of them will do."""

import pytest
import redis

from real_adapter.server.facts import SETTINGS, read_facts
from real_adapter.server.server import LocalServer
from sim.errors import BadInput


def test_it_says_what_it_is_and_persists_nothing(server: LocalServer) -> None:
    facts = server.facts
    with server.client() as client:
        info = client.info()
    assert facts.name in ("redis", "valkey")
    assert str(facts) == f"{facts.name} {info[f'{facts.name}_version']}"
    assert facts.primary
    assert not facts.cluster
    assert facts.settings["save"] == ""
    assert facts.settings["appendonly"] == "no"
    assert set(facts.settings) <= set(SETTINGS)
    assert {"hz", "io-threads", "maxmemory-policy", "activedefrag"} <= set(facts.settings)


class Telling:
    """A server that tells this of itself."""

    def __init__(self, **told: object) -> None:
        self.told = told

    def info(self) -> dict[str, object]:
        return self.told

    def config_get(self, *names: str) -> dict[str, str]:
        raise redis.exceptions.ResponseError("unknown command 'config'")


def test_a_managed_server_that_tells_no_settings_will_do() -> None:
    facts = read_facts(Telling(redis_version="7.1.0", redis_mode="cluster", role="slave"))
    assert (str(facts), facts.cluster, facts.primary, dict(facts.settings)) == ("redis 7.1.0", True, False, {})


def test_valkey_goes_by_its_own_version() -> None:
    assert (
        str(read_facts(Telling(redis_version="7.2.4", server_name="valkey", valkey_version="8.1.0"))) == "valkey 8.1.0"
    )


@pytest.mark.parametrize(
    ("info", "told"),
    [
        ({"redis_version": "6.2.14"}, "^server: redis 6.2.14 is too old; allowed: Redis 7.0 or newer, or Valkey$"),
        ({"redis_version": "7.4.0", "dragonfly_version": "df-v1.2"}, "^server: this is dragonfly; allowed: Redis or"),
        ({"redis_version": "6.3.4", "server_name": "keydb", "keydb_version": "6.3"}, "^server: this is keydb; "),
        ({"version": "1.6.21"}, "^server: this is no Redis; allowed: Redis or Valkey$"),
    ],
)
def test_other_servers_are_refused(info: dict[str, str], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        read_facts(Telling(**info))
