"""Times recorded in a column of a CSV or Parquet file."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.documents.text import shown
from sim.errors import BadInput

EPOCH_FROM = 1e9
"""Numbers from here on are times of the epoch: 1e9 s are 9 September 2001, and no run is that long."""
PER_SECOND = (1.0, 1e3, 1e6, 1e9)
"""Units in which times of the epoch are written: s, ms, us and ns. Each is told from the next by its size."""


def read_times_s(file: str, column: str, path: str) -> NDArray[np.float64]:
    """Return a column of times in seconds; `path` is the setting that names the file.

    Numbers below `EPOCH_FROM` are what they are. Times of the clock, ISO 8601 (without an offset: UTC) or numbers of
    the epoch, count from the earliest of them. BadInput, which names the setting, if the file cannot be read, if
    the column is no numbers, and where the two kinds are mixed.
    """
    import pandas

    values = _column(file, column, path)
    if pandas.api.types.is_string_dtype(values) or pandas.api.types.is_datetime64_any_dtype(values):
        try:
            told = pandas.to_datetime(values, format="ISO8601", utc=True).dt.as_unit("ns").astype("int64").to_numpy()
            return np.asarray((told - told.min()) / 1e9, dtype=np.float64)
        except (ValueError, TypeError, OverflowError):
            pass  # then they are numbers, or the line says that they are none
    times = _numbers(values, file, column, path)
    if times.size == 0 or not np.isfinite(times).all() or times.max() < EPOCH_FROM:
        return times
    if times.min() < EPOCH_FROM:
        least, most = f"{times.min():g}", f"{times.max():g}"
        raise BadInput(f"{path}: {shown(column)} has times of the epoch and others, {most} and {least}")
    unit = next((per_s for per_s in PER_SECOND if times.max() < 100 * EPOCH_FROM * per_s), PER_SECOND[-1])
    return (times - times.min()) / unit


def _column(file: str, column: str, path: str) -> Any:
    import pandas  # half a second that only recordings need

    parquet = Path(file).suffix.lower() in (".parquet", ".pq")
    try:
        if parquet:
            return pandas.read_parquet(file, columns=[column])[column]
        return pandas.read_csv(file, usecols=[column])[column]
    except OSError as error:
        raise BadInput(f"{path}: cannot read {shown(file)}: {error.strerror or _brief(error)}") from None
    except (ValueError, TypeError, KeyError) as error:
        raise BadInput(f"{path}: no numbers in column {shown(column)} of {shown(file)}: {_brief(error)}") from None


def _numbers(values: Any, file: str, column: str, path: str) -> NDArray[np.float64]:
    import pandas

    try:
        return np.asarray(pandas.to_numeric(values), dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise BadInput(f"{path}: no numbers in column {shown(column)} of {shown(file)}: {_brief(error)}") from None


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:120]
