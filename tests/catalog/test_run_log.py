import errno
import os

import numpy as np
import pytest

from ganzoo.catalog import run_log
from ganzoo.catalog.runs import Run
from ganzoo.errors import EnvironmentProblem, InvalidInput


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


def test_a_log_that_is_not_there_is_empty(run):
    assert run.log() == []
    run.rewind(5)
    assert not run.log_path.exists()


def test_entries_come_back_in_order(run):
    run.append_log({"step": 1, "d_loss": 0.5, "note": "größer\nline"})
    run.append_log({"step": 2, "d_loss": 0.25})
    first = {"step": 1, "d_loss": 0.5, "note": "größer\nline"}
    assert run.log() == [first, {"step": 2, "d_loss": 0.25}]
    assert run.log_path.read_bytes().count(b"\n") == 2


def test_entries_can_be_chosen_by_their_text_and_the_last_is_among_them(run):
    for step, more in enumerate(({"frechet": 2.0}, {}, {"frechet": 1.0}, {})):
        run.append_log({"step": step, **more})
    run.append_log({"event": "warning", "step": 4})
    assert [entry["step"] for entry in run.log(containing='"frechet"')] == [0, 2, 3]


def test_numbers_of_numpy_are_numbers(run):
    run.append_log({"step": np.int64(3), "d_loss": np.float32(0.5), "g_loss": np.array(2.0)})
    assert run.log() == [{"step": 3, "d_loss": 0.5, "g_loss": 2.0}]


def test_a_number_that_is_not_finite_becomes_null(run):
    run.append_log({"step": 1, "d_loss": float("nan"), "g_loss": np.float32("inf")})
    assert run.log() == [{"step": 1, "d_loss": None, "g_loss": None}]


@pytest.mark.parametrize("whole", [b"", b'{"step": 1}\n'])
def test_a_torn_last_line_is_passed_over_and_replaced_by_the_next_entry(run, whole):
    run.log_path.write_bytes(whole + b'{"step": 2, "d_lo')
    assert run.log() == [{"step": 1}] * bool(whole)
    run.append_log({"step": 3})
    assert run.log_path.read_bytes().startswith(whole + b'{"step": 3, ')
    assert run.log() == [*[{"step": 1}] * bool(whole), {"step": 3}]


@pytest.mark.parametrize("line", [b"{", b"[]", b"nan", b'{"a": NaN}', b"\xff", b""])
def test_a_broken_line_within_is_named(run, line):
    run.log_path.write_bytes(b'{"step": 1}\n' + line + b'\n{"step": 2}\n')
    with pytest.raises(InvalidInput, match="line 2 of .*log.jsonl"):
        run.log()


def test_truncating_keeps_the_entries_up_to_a_step(run):
    for step in (50, 100, 150):
        run.append_log({"step": step})
    run.append_log({"note": "without a step"})
    run.rewind(100)
    assert run.log() == [{"step": 50}, {"step": 100}, {"note": "without a step"}]
    run.append_log({"step": 150})
    assert run.log()[-1] == {"step": 150}


def test_truncating_drops_a_torn_line(run):
    run.log_path.write_bytes(b'{"step": 1}\n{"st')
    run.rewind(5)
    assert run.log_path.read_bytes() == b'{"step": 1}\n'


def test_truncating_behind_the_end_leaves_the_file_alone(run):
    run.append_log({"step": 1})
    before = run.log_path.stat()
    run.rewind(1)
    assert run.log_path.stat().st_ino == before.st_ino


def test_a_log_that_cannot_be_written_is_an_environment_problem(tmp_path):
    with pytest.raises(EnvironmentProblem, match="log.jsonl"):
        Run(tmp_path / "gone").append_log({"step": 1})


def test_warnings_stand_apart_from_values_and_are_rewound_with_them(run):
    run.append_log({"step": 1, "d_loss": 0.5})
    for step in (1, 2):
        run.append_log({"event": "warning", "step": step, "illness": "gray_samples"})
    assert run.log() == [{"step": 1, "d_loss": 0.5}]
    assert [entry["step"] for entry in run.warnings()] == [1, 2]
    run.rewind(1)
    assert [entry["step"] for entry in run.warnings()] == [1]


def test_every_flipped_bit_and_every_lost_line_of_a_log_shows(run):
    for step in range(5):
        run.append_log({"step": step, "d_loss": 0.5})
    run.append_log({})
    content, end = run.log_path.read_bytes(), run_log.log_end(run.log_path)
    run_log.check_end(run.log_path, end, grows=False)
    for at in range(8 * len(content)):
        flipped = bytearray(content)
        flipped[at // 8] ^= 1 << at % 8
        run.log_path.write_bytes(flipped)
        with pytest.raises(InvalidInput, match="log.jsonl"):
            run_log.check_end(run.log_path, end, grows=True)
    lines = content.splitlines(keepends=True)
    for number in range(len(lines)):
        run.log_path.write_bytes(b"".join(lines[:number] + lines[number + 1 :]))
        if number < len(lines) - 1:
            with pytest.raises(InvalidInput, match=f"Line {number + 1} of"):
                run.log()
        with pytest.raises(InvalidInput):
            run_log.check_end(run.log_path, end, grows=True)
    run.log_path.write_bytes(content[: len(content) // 2])
    assert run.log()  # a crash may have torn it
    for spoilt in (content[: len(content) // 2], b"", bytes(len(content))):
        run.log_path.write_bytes(spoilt)
        with pytest.raises(InvalidInput):
            run_log.check_end(run.log_path, end, grows=True)


def test_a_log_may_have_grown_since_its_end_was_recorded_if_a_run_goes_on(run):
    run.append_log({"step": 1})
    end = run_log.log_end(run.log_path)
    run.append_log({"step": 2})
    run_log.check_end(run.log_path, end, grows=True)
    with pytest.raises(InvalidInput, match="is not what was written"):
        run_log.check_end(run.log_path, end, grows=False)
    assert run_log.log_end(run.path / "none") == {"size": 0, "digest": ""}


def test_the_first_line_with_a_digest_covers_the_lines_of_an_older_version(run):
    run.log_path.write_bytes(b'{"step": 1}\n{"step": 2}\n')
    run.append_log({"step": 3})
    assert [entry["step"] for entry in run.log()] == [1, 2, 3]
    run.log_path.write_bytes(run.log_path.read_bytes().replace(b"1", b"4", 1))
    with pytest.raises(InvalidInput, match="Line 3 of .* is not what was written"):
        run.log()


def test_lines_behind_one_that_is_dropped_are_linked_anew(run):
    for entry in ({"step": 9}, {"note": "without a step"}, {"step": 1, "d_loss": 0.1}):
        run.append_log(entry)
    run.rewind(5)
    run.append_log({"step": 2})
    assert run.log() == [{"note": "without a step"}, {"step": 1, "d_loss": 0.1}, {"step": 2}]


@pytest.mark.parametrize("written", [0, 7])
def test_a_disk_that_is_full_leaves_the_log_as_it_was(run, monkeypatch, written):
    run.append_log({"step": 1})
    content = run.log_path.read_bytes()

    def write(descriptor, line):
        if not written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, line[:written])

    real = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", write)
        with pytest.raises(EnvironmentProblem, match="No space left"):
            run.append_log({"step": 2})
    assert run.log_path.read_bytes() == content


def test_lines_are_made_to_last_within_a_share_of_the_time(run, monkeypatch):
    clock, synced = [100.0], []

    def sync(descriptor):
        synced.append(clock[0])
        clock[0] += 0.01

    monkeypatch.setattr(run_log, "_next_sync", 0.0)
    monkeypatch.setattr(run_log.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(run_log.os, "fsync", sync)
    for step in range(30):
        run.append_log({"step": step})
        clock[0] += 0.1
    lines = [time for time in synced if time != 100.01]  # but for the folder's
    assert len(lines) == 3 and np.diff(lines).min() >= 1.0
