import io
import os
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from ganzoo_data.spoken_digits import spoken_digits

from ganzoo.errors import InvalidInput, UnknownName, UsageError

REAL = os.environ.get("GANZOO_TEST_DATA")


def wav(samples, *, channels=1, width=2, rate=8000):
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(channels)
        recording.setsampwidth(width)
        recording.setframerate(rate)
        recording.writeframes(np.asarray(samples, "<i2").tobytes())
    return file.getvalue()


@pytest.fixture
def recordings():
    """Digits 0, 3 and 9; index 4 is for testing, 5 and 12 are for training."""
    return {
        f"recordings/{digit}_jackson_{index}.wav": wav([100 * digit + index, -32768, 32767])
        for digit in (9, 0, 3)
        for index in (12, 5, 4)
    }


@pytest.fixture(params=["folder", "bare folder", "zip", "zip of the repository", "data folder"])
def where(request, tmp_path, home, fill, pack, recordings):
    match request.param:
        case "folder":
            return {"data": str(fill(tmp_path / "a", recordings))}
        case "bare folder":
            return {"data": str(fill(tmp_path / "a", recordings) / "recordings")}
        case "zip":
            return {"data": str(pack(tmp_path / "a.zip", recordings))}
        case "zip of the repository":
            more = {"README.md": b"x", "metadata.py": b"y", "acquire_data/logo.png": b"z"}
            members = {f"fsdd-master/{k}": v for k, v in (recordings | more).items()}
            return {"data": str(pack(tmp_path / "a.zip", members))}
        case "data folder":
            fill(home / "data" / "spoken-digits", recordings)
            return {}


def test_recordings_are_read_from_every_path(where, tmp_path, fill, recordings):
    dataset = spoken_digits(samples=5, **where)
    assert dataset.image_shape == (5, 1)
    assert dataset.images.dtype == np.float32
    assert (dataset.rate, dataset.classes) == (8000, tuple("0123456789"))
    assert dataset.labels.tolist() == [0, 0, 3, 3, 9, 9]
    # by name: index 12 before 5; silence after the end
    assert (dataset.images[0, :, 0] * 32768).tolist() == [12, -32768, 32767, 0, 0]
    assert (dataset.images[3, :, 0] * 32768).tolist() == [305, -32768, 32767, 0, 0]
    elsewhere = str(fill(tmp_path / "b", recordings))
    assert dataset.fingerprint == spoken_digits(samples=5, data=elsewhere).fingerprint


def test_parts_lengths_and_counts_are_distinguished(tmp_path, fill, recordings):
    data = str(fill(tmp_path / "a", recordings))
    options = [{}, {"split": "test"}, {"split": "all"}, {"samples": 2}, {"images": 2}]
    found = [spoken_digits(**{"data": data, "samples": 5, **option}) for option in options]
    assert [len(dataset) for dataset in found] == [6, 3, 9, 6, 2]
    assert found[3].images[0, :, 0].tolist() == [12 / 32768, -1.0]  # cut off after two
    assert len({dataset.fingerprint for dataset in found}) == len(options)


def claiming(data, size):
    """The file with another size of its samples in the header."""
    at = data.index(b"data") + 4
    return data[:at] + struct.pack("<I", size) + data[at + 4 :]


GOOD = wav(range(100))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "damaged or no wav"),
        (b"RIFF\x00\x00\x00\x00WAVE", "damaged or no wav"),
        (b"ID3 not a wav at all", "damaged or no wav"),
        (GOOD[:-10], "95 samples where 100 are stated"),
        (claiming(GOOD, 2**31), "100 samples where 1,073,741,824 are stated"),
        (GOOD[:30], "damaged or no wav"),
        (wav([1, 2], channels=2), "2 channels with 16 bits at 8,000 Hz"),
        (wav([1, 2], width=1), "1 channels with 8 bits"),
        (wav([1, 2], rate=16_000), "at 16,000 Hz"),
        (wav([]), "0 samples where 0 are stated"),
        (GOOD + bytes(1 << 20), "the limit is 1,048,576"),
    ],
)
def test_a_recording_that_cannot_be_used_is_named(tmp_path, fill, recordings, content, message):
    recordings["recordings/3_jackson_5.wav"] = content
    with pytest.raises(InvalidInput, match=rf"'3_jackson_5\.wav' cannot be used.*{message}"):
        spoken_digits(data=str(fill(tmp_path / "a", recordings)))


@pytest.mark.parametrize("name", ["10_jackson_5.wav", "3_5.wav", "a.wav", "more/3_jackson_1.wav"])
def test_a_recording_with_another_name_is_refused(tmp_path, fill, recordings, name):
    recordings[f"recordings/{name}"] = GOOD
    with pytest.raises(InvalidInput, match="must be called {digit}_{speaker}_{index}"):
        spoken_digits(data=str(fill(tmp_path / "a", recordings)))


def test_another_layout_is_refused(tmp_path, fill, recordings):
    with pytest.raises(InvalidInput, match="one folder recordings .*Received: none"):
        spoken_digits(data=str(fill(tmp_path / "a", {"sounds/0_jackson_5.wav": GOOD})))
    fill(tmp_path / "b", recordings)
    fill(tmp_path / "b" / "copy", recordings)
    with pytest.raises(InvalidInput, match="Received: 2"):
        spoken_digits(data=str(tmp_path / "b"))
    only_tests = fill(tmp_path / "c", {"recordings/0_jackson_4.wav": GOOD})
    with pytest.raises(InvalidInput, match="no recordings of the split 'train'"):
        spoken_digits(data=str(only_tests))


@pytest.mark.parametrize(
    ("option", "error"),
    [
        ({"samples": 0}, UsageError),
        ({"samples": True}, UsageError),
        ({"samples": 1 << 20}, UsageError),
        ({"split": "val"}, UnknownName),
        ({"images": 0}, UsageError),
        ({"data": "/nowhere"}, UsageError),
    ],
)
def test_options_out_of_range_are_refused(option, error):
    with pytest.raises(error, match="Received"):
        spoken_digits(**option)


@pytest.mark.skipif(not REAL, reason="GANZOO_TEST_DATA names no folder")
def test_the_real_recordings_have_270_of_each_digit_to_train_on():
    dataset = spoken_digits(data=str(Path(REAL) / "spoken_digits.zip"))
    assert dataset.images.shape == (2700, 4096, 1)
    assert np.bincount(dataset.labels).tolist() == [270] * 10
    assert 0.01 < dataset.images.std() < 0.2
    fits = (dataset.images[:, -1, 0] == 0).mean()  # silence after the end
    assert 0.7 < fits < 0.8
