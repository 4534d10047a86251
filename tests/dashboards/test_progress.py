import pytest

from dashboards.progress import ProgressLine


def test_nothing_is_shown_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressLine() as progress:
        progress(0.1, 1_000, 9.0, "compiling (first run only)")
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_a_terminal_shows_note_rate_and_time_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with ProgressLine() as progress:
        progress(0.25, 2_000_000, 2.0, "replication 1 of 2")
        assert progress._shown is not None
        words = progress._shown.tasks[0].fields["words"]
    assert words == "replication 1 of 2 · 1,000,000 requests/s · 6 s left"
    assert capsys.readouterr().out == ""


def test_short_runs_show_nothing_even_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with ProgressLine() as progress:
        progress(0.5, 1_000, 0.2, "")
    assert capsys.readouterr().err == ""
