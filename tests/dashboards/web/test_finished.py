from dashboards.web.finished import Finished


def test_memory_is_bounded_and_the_values_used_last_stay() -> None:
    kept = Finished(most_bytes=3_500)
    for key in "abc":
        kept.put(key, key.encode() * 1_000)
    assert kept.get("a") is not None
    kept.put("d", b"d" * 1_000)
    assert kept.get("b") is None  # used longest ago
    assert [kept.get(key) is not None for key in "acd"] == [True, True, True]
    assert kept.bytes <= 3_500


def test_a_value_put_twice_counts_once() -> None:
    kept = Finished(most_bytes=10_000)
    for _ in range(50):
        kept.put("a", b"x" * 1_000)
    assert kept.bytes < 1_200


def test_a_value_too_large_alone_is_kept_until_the_next() -> None:
    kept = Finished(most_bytes=10)
    kept.put("a", b"x" * 1_000)
    assert kept.get("a") is not None
    kept.put("b", b"y")
    assert kept.get("a") is None
