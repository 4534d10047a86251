"""A file that a command has written is read, or it is said in one line what is wrong with it and what makes it anew."""

from pathlib import Path
from typing import Any

import pytest

from models.documents.json_file import read_json
from sim.errors import BadInput


def name_in(document: Any) -> str:
    if document["name"] == "refused":
        raise BadInput("refused by itself")
    return str(document["name"].strip())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, r"a.json: cannot be read \(No such file or directory\); make it makes it anew"),
        ("{", r"a.json: holds no name \(Expecting .*\); make it makes it anew"),
        ("[]", r"a.json: holds no name \(list indices .*\); make it"),
        ("{}", r"a.json: holds no name \('name'\); make it"),
        ('{"name": 1}', r"a.json: holds no name \('int' object .*\); make it"),
        ('{"name": "refused"}', "^refused by itself$"),
    ],
)
def test_what_cannot_be_used_is_one_line(text: str | None, says: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadInput, match=says) as error:
        read_json(path, name_in, "name", "make it")
    assert "\n" not in str(error.value)


def test_what_can_be_used_is_what_is_made_of_it(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"name": " x "}')
    assert read_json(tmp_path / "a.json", name_in, "name", "make it") == "x"
