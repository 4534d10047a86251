"""Numbers recorded in a column of a CSV or Parquet file."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.scenario.messages import shown
from sim.errors import BadInput


def read_column(file: str, column: str, path: str) -> NDArray[np.float64]:
    """Return a column of *file*. BadInput, which names the setting *path*, if it cannot be read or is no numbers."""
    import pandas  # half a second that only recordings need

    parquet = Path(file).suffix.lower() in (".parquet", ".pq")
    try:
        if parquet:
            values = pandas.read_parquet(file, columns=[column])[column]
        else:
            values = pandas.read_csv(file, usecols=[column])[column]
        return np.asarray(pandas.to_numeric(values), dtype=np.float64)
    except OSError as error:
        raise BadInput(f"{path}: cannot read {shown(file)}: {error.strerror or _brief(error)}") from None
    except (ValueError, TypeError, KeyError) as error:
        raise BadInput(f"{path}: no numbers in column {shown(column)} of {shown(file)}: {_brief(error)}") from None


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:120]
