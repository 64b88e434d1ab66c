"""Images brought to one shape, and decoded by several processes."""

import io
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from ganzoo_data.folder import folder
from ganzoo_data.unpaired import unpaired
from PIL import Image

from ganzoo.data.decoding import processes
from ganzoo.data.decoding.fitting import propose_shape
from ganzoo.data.folder import open_folder
from ganzoo.data.images import Preprocessing, decode_image
from ganzoo.data.prepare import prepare_files
from ganzoo.data.progress import reporting
from ganzoo.errors import InvalidInput, UsageError


def png(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


COLUMNS = np.tile(np.arange(0, 240, 20, dtype=np.uint8)[None, :, None], (4, 1, 3))  # 4 x 12


def test_the_largest_centered_part_has_the_proportions_of_the_size():
    found = decode_image(png(COLUMNS), "a", Preprocessing(size=[4, 8]))
    np.testing.assert_array_equal(found, COLUMNS[:, 2:10])


def test_padding_keeps_the_whole_image_between_borders_of_one_color():
    options = Preprocessing(size=[8, 12], fit="pad", border="#0a141e")
    found = decode_image(png(COLUMNS), "a", options)
    np.testing.assert_array_equal(found[2:6], COLUMNS)
    assert np.unique(found[[0, 1, 6, 7]].reshape(-1, 3), axis=0).tolist() == [[10, 20, 30]]
    gray = decode_image(png(COLUMNS), "a", Preprocessing(size=12, fit="pad", mode="gray"))
    assert gray.shape == (12, 12, 1)
    assert set(gray[:4].flat) == {255}


def test_stretching_keeps_the_edges_of_the_image():
    found = decode_image(png(COLUMNS), "a", Preprocessing(size=[12, 12], fit="stretch"))
    np.testing.assert_array_equal(found, np.repeat(COLUMNS, 3, axis=0))


def test_today_and_before_the_same_options_have_the_same_key():
    for options in ({}, {"size": 8}, {"size": [8, 8]}, {"fit": "crop", "mirror": False}):
        size = 8 if "size" in options else None
        assert Preprocessing(**options).options() == {"size": size, "mode": None, "crop": None}
    keys = [
        str(Preprocessing(size=[8, 9], **options).options())
        for options in (
            {}, {"fit": "pad"}, {"fit": "pad", "border": "red"}, {"fit": "stretch"},
            {"mirror": True},
        )
    ]  # fmt: skip
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": [8]}, r"size must be .* or two of them as \[height, width\]. Received: \[8\]"),
        ({"size": [8, 0]}, "size must be"),
        ({"size": 8, "fit": "fill"}, "fit must be 'crop', 'pad' or 'stretch'"),
        ({"fit": "pad"}, "the latter two with a size. Received: fit='pad', size=None"),
        ({"border": "greenish"}, "border must be a color such as 'white'"),
        ({"mirror": 1}, "mirror must be true or false"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        Preprocessing(**options)


@pytest.mark.parametrize(
    ("shapes", "size"),
    [
        ([(48, 80, 3)] * 3 + [(50, 50, 3)], [48, 80]),
        ([(3000, 4000), (1500, 2000), (3024, 4032)], [96, 128]),
        ([(60, 60), (64, 64), (70, 70)], 64),
        ([(5, 9), (4, 4)], 16),
    ],
)
def test_the_shape_most_images_have_or_the_median_is_proposed(shapes, size):
    assert propose_shape(shapes) == size


def test_each_image_is_followed_by_its_mirror_image_of_the_same_class(tmp_path, fill, image):
    files = {f"{kind}/{i}.png": image(i) for kind in "ab" for i in range(2)}
    data = str(fill(tmp_path / "mine", files))
    plain, mirrored = folder(data=data), folder(data=data, mirror=True)
    np.testing.assert_array_equal(mirrored.images[::2], plain.images)
    np.testing.assert_array_equal(mirrored.images[1::2], plain.images[:, :, ::-1])
    assert mirrored.labels.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert mirrored.fingerprint != plain.fingerprint


def test_two_domains_are_not_square_and_mirrored(tmp_path, fill, image):
    files = {f"train{side}/{i}.png": image(i) for side in "AB" for i in range(3)}
    data = str(fill(tmp_path / "mine", files))
    dataset = unpaired(data=data, size=[8, 12], fit="stretch", mirror=True)
    assert dataset.images.shape == dataset.labels.shape == (6, 8, 12, 3)


# --- several processes --------------------------------------------------------------------


@pytest.fixture
def many(tmp_path, fill, image):
    sizes = {f"{i:03d}.jpg": image(i, kind="JPEG", size=(40 + i % 7, 30)) for i in range(60)}
    return fill(tmp_path / "many", sizes)


@pytest.fixture
def pooled(monkeypatch):
    """Has every file after the first decoded by two processes, and counts these."""
    started = []
    monkeypatch.setattr(processes, "_WORTH", 0)
    monkeypatch.setattr(processes, "_TASK", 20_000)
    monkeypatch.setattr(processes, "_core_count", lambda: 2)
    start = processes._Processes.start

    def count(self, *args):
        started.append(self)
        start(self, *args)

    monkeypatch.setattr(processes._Processes, "start", count)
    return started


def prepared(data, cache):
    files, options = open_folder(data), Preprocessing(size=16)
    names = files.image_names()
    return prepare_files(files, names, dataset="many", preprocessing=options, folder=cache)


def test_several_processes_make_the_bytes_of_one(tmp_path, many, pooled, monkeypatch):
    events = []
    with reporting(events.append):
        two = prepared(many, tmp_path / "two")
    assert len(pooled) == 1
    assert events[-1]["done"] == 60
    monkeypatch.setattr(processes, "_core_count", lambda: 1)
    one = prepared(many, tmp_path / "one")
    assert len(pooled) == 1
    np.testing.assert_array_equal(two.images, one.images)
    assert two.about == one.about


def test_a_few_files_start_no_process(tmp_path, many, pooled, monkeypatch):
    monkeypatch.setattr(processes, "_WORTH", 1000.0)
    assert len(prepared(many, tmp_path / "cache").images) == 60
    assert pooled == []


def test_unusable_files_are_named_by_several_processes_too(tmp_path, many, fill, pooled):
    fill(many, {"007.jpg": b"", "031.jpg": b"no image"})
    with pytest.raises(InvalidInput, match=r"2 files .*'007\.jpg'.*'031\.jpg'.*not a"):
        prepared(many, tmp_path / "cache")


def test_where_processes_are_killed_the_rest_is_decoded_here(
    tmp_path, many, pooled, monkeypatch, capsys
):
    take = processes._take_task

    def kill_first(read, ahead):
        for process in pooled[-1]._running:
            os.kill(process.pid, signal.SIGKILL)
        return take(read, ahead)

    expected = prepared(many, tmp_path / "one").images
    monkeypatch.setattr(processes, "_take_task", kill_first)
    np.testing.assert_array_equal(prepared(many, tmp_path / "two").images, expected)
    assert "decoded by this process alone. Several did not work" in capsys.readouterr().err


def test_where_no_process_can_start_that_is_said(tmp_path, many, pooled, monkeypatch, capsys):
    def refuse(*args, **options):
        raise PermissionError("no more processes")

    monkeypatch.setattr(multiprocessing.get_context("spawn").Process, "start", refuse)
    assert len(prepared(many, tmp_path / "cache").images) == 60
    assert "Several did not work: no more processes" in capsys.readouterr().err


def test_few_bytes_lie_in_memory_though_many_images_are_decoded(
    tmp_path, many, pooled, monkeypatch
):
    flying, most = [0], [0]
    monkeypatch.setattr(processes, "_TASK", 1)
    monkeypatch.setattr(processes, "_IN_FLIGHT", 10_000)
    take = processes._take_task

    def count(read, ahead):
        task, size = take(read, ahead)
        flying[0] += 1
        return task, size

    monkeypatch.setattr(processes, "_take_task", count)
    files, names = open_folder(many), [f"{i:03d}.jpg" for i in range(60)]
    with files.reader() as read:
        for _ in processes.decode_files(read, names, decode_image):
            most[0] = max(most[0], flying[0])
            flying[0] -= 1
    assert most[0] <= 4  # of about 4,800 bytes each: two are not enough, a third one is too much


PROGRAM = """
    import pathlib, sys
    import numpy as np
    from ganzoo.data.decoding import processes
    from ganzoo.data.folder import open_folder
    from ganzoo.data.images import Preprocessing
    from ganzoo.data.prepare import prepare_files

    print("program runs", flush=True)
    processes._WORTH, processes._core_count = 0, lambda: 2
    files = open_folder(sys.argv[1])
    found = prepare_files(files, files.image_names(), dataset="many", preprocessing=Preprocessing(
        size=16), folder=pathlib.Path(sys.argv[2]))
    print(len(found.images), "keras" in sys.modules)
"""


def test_a_program_without_a_main_guard_runs_once(tmp_path, many):
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PROGRAM))
    done = subprocess.run(
        [sys.executable, program, many, tmp_path / "cache"], capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("program runs\n60 False\n", "")
