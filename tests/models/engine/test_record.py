import pytest

from models.engine.record import row_of_bucket
from models.vocabulary.units import EPOCH_NS, MILLISECOND

OPENING_MS = EPOCH_NS // MILLISECOND


@pytest.mark.parametrize(
    ("after_opening_ms", "row"),
    [(-1, 0), (0, 0), (999, 0), (1_000, 1), (1_001, 1), (8_999, 8), (9_000, 9), (9_999, 9), (10_000, 9), (60_000, 9)],
)
def test_the_second_that_a_bucket_goes_by_is_that_of_its_stamp_and_one_of_the_record(
    after_opening_ms: int, row: int
) -> None:
    assert row_of_bucket(10, OPENING_MS + after_opening_ms) == row
