"""Free Spoken Digit Dataset: 3,000 spoken digits, 8 kHz. Jackson et al., CC BY-SA 4.0.

https://github.com/Jakobovski/free-spoken-digit-dataset, in its layout:

    recordings/{digit}_{speaker}_{index}.wav     mono, 16 bits, 0.1 to 2.3 seconds

The recordings with index 0 to 4 are the official test set.
"""

import io
import re
import wave
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from ganzoo.data.availability import DatasetInfo, attach_info
from ganzoo.data.dataset import Dataset, check_max_images
from ganzoo.data.folder import Files
from ganzoo.data.prepare import prepare_files
from ganzoo.errors import InvalidInput, UsageError, unknown
from ganzoo.files.digests import bytes_digest
from ganzoo.files.text import quote

from .data_files import files_in_folder, find_in_data_home, missing_data, name_of_files, open_files

RATE = 8000  # Hz
_FOLDER = "recordings"
_NAME = re.compile(r"([0-9])_([A-Za-z]\w{0,63})_([0-9]{1,4})\.wav", re.ASCII)
_TESTS = 5  # recordings of each digit and speaker: "Usage" on its page
_SPLITS = {"train": 2700, "test": 300, "all": 3000}  # recordings in each
_LICENSE = "CC-BY-SA-4.0"
_SOURCE = "Jackson et al., https://github.com/Jakobovski/free-spoken-digit-dataset"
_CLASSES = tuple("0123456789")
_MAX_SAMPLES = 1 << 17  # 16 seconds
_MAX_BYTES = 1 << 20  # of a file; the longest of the set has 37 kB
_WAYS = (
    "download https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/heads/master.zip"
    " and give that as it is, or unpack it there."
)


@dataclass(frozen=True, kw_only=True)
class _WavOptions:
    """Options by which a recording becomes samples, for the cache's key."""

    wav_samples: int

    def options(self) -> dict[str, Any]:
        return asdict(self)


def spoken_digits(
    *, data: str | None = None, samples: int = 4096, split: str = "train", images: int | None = None
) -> Dataset:
    """Spoken digits from zero to nine, 8 kHz, 10 classes.

    Args:
        data: Path of a folder or zip with `recordings`. By default `spoken-digits` in the data
            folder (GANZOO_DATA).
        samples: Number of samples of each recording: the first ones, padded with silence. Three
            of four recordings fit into 4,096, and all but 1 % into 8,192.
        split: `"train"` (index 5 and up), `"test"` (index 0 to 4) or `"all"`.
        images: Largest number of recordings to use, in the order of their names.

    Returns:
        float32 (n, samples, 1) in [-1, 1], labeled with the digit.

    Raises:
        UsageError: Nothing is at `data`, or an option is out of range.
        InvalidInput: The layout is another, or a recording cannot be used.
        EnvironmentProblem: Nothing is there.
    """
    count = check_max_images(images)
    if type(samples) is not int or not 1 <= samples <= _MAX_SAMPLES:
        raise UsageError(
            f"samples must be an integer from 1 to {_MAX_SAMPLES:,}. Received: {samples!r}."
        )
    if split not in _SPLITS:
        raise unknown("split", str(split), _SPLITS)
    with attach_info(_info(min(count or _SPLITS[split], _SPLITS[split]), samples)):
        path = data if data is not None else find_in_data_home("spoken-digits", _raise_missing)
    files = open_files(path, suffixes=(".wav",))
    files, recordings = _recordings(files, split)
    recordings = recordings[:count]
    prepared = prepare_files(
        files,
        recordings,
        dataset="spoken-digits",
        preprocessing=_WavOptions(wav_samples=samples),
        decode=partial(decode_wav, samples=samples),
    )
    return Dataset(
        name="spoken-digits",
        images=prepared.images,
        labels=np.array([int(name[0]) for name in recordings], np.int32),
        classes=_CLASSES,
        rate=RATE,
        license=_LICENSE,
        source=_SOURCE,
        # the names, and so the labels, are part of it
        fingerprint=bytes_digest(f"spoken-digits {prepared.about['fingerprint']}".encode()),
    )


def _info(count: int, samples: int) -> DatasetInfo:
    return DatasetInfo(
        name="spoken-digits",
        license=_LICENSE,
        source=_SOURCE,
        classes=_CLASSES,
        rate=RATE,
        count=count,
        image_shape=(samples, 1),
    )


def _raise_missing(root: Path) -> None:
    raise missing_data("The Free Spoken Digit Dataset", root, _WAYS)


def _recordings(files: Files, split: str) -> tuple[Files, tuple[str, ...]]:
    """Return the recordings of a split, sorted, named from their folder."""
    sounds = [PurePosixPath(name) for name in files.names if name.lower().endswith(".wav")]
    # a bare folder counts if it has the official name itself
    folders = {
        path.parent for path in sounds if (path.parent.name or name_of_files(files)) == _FOLDER
    }
    if len(folders) != 1:
        raise InvalidInput(
            f"Expected one folder {_FOLDER} with 0_george_0.wav and so on in {quote(files.where)}."
            f" Received: {len(folders) or 'none'}."
        )
    folder = folders.pop()
    files = files_in_folder(files, "" if str(folder) == "." else str(folder))
    names = []
    for name in files.names:
        match = _NAME.fullmatch(name)
        if match is None:
            if name.lower().endswith(".wav"):
                raise InvalidInput(
                    "A recording must be called {digit}_{speaker}_{index}.wav."
                    f" Received: {quote(name)} in {quote(files.where)}."
                )
            continue
        if split == "all" or (split == "test") == (int(match[3]) < _TESTS):
            names.append(name)
    if not names:
        raise InvalidInput(
            f"There are no recordings of the split {split!r} in {quote(files.where)}."
        )
    return files, tuple(names)


def decode_wav(data: bytes, name: str, *, samples: int) -> np.ndarray:
    """Decode a recording of one channel with 16 bits at 8 kHz.

    Args:
        data: Bytes of the file.
        name: Name of the file, for the error.
        samples: Number of samples to return, padded with silence.

    Returns:
        float32 (samples, 1) in [-1, 1).

    Raises:
        InvalidInput: The file is another, damaged or cut off.
    """
    if len(data) > _MAX_BYTES:
        raise _unusable(name, f"{len(data):,} bytes; the limit is {_MAX_BYTES:,}")
    try:
        with wave.open(io.BytesIO(data)) as recording:
            found = recording.getparams()
            content = recording.readframes(found.nframes)
    except Exception as fault:  # the reader may raise anything on a hostile file
        reason = " ".join(str(fault).split()) or type(fault).__name__
        raise _unusable(name, f"a file that is damaged or no wav ({reason})") from fault
    if (found.nchannels, found.sampwidth, found.framerate) != (1, 2, RATE):
        raise _unusable(
            name,
            f"{found.nchannels} channels with {8 * found.sampwidth} bits at {found.framerate:,} Hz",
        )
    if found.nframes < 1 or len(content) != 2 * found.nframes:
        raise _unusable(name, f"{len(content) // 2:,} samples where {found.nframes:,} are stated")
    sound = np.frombuffer(content, "<i2")[:samples].astype(np.float32) / 32768
    return np.pad(sound, (0, samples - len(sound)))[:, None]  # (samples, 1)


def _unusable(name: str, received: str) -> InvalidInput:
    return InvalidInput(
        f"The recording {name!r} cannot be used: expected wav, one channel with 16 bits at"
        f" {RATE:,} Hz. Received: {received}."
    )
