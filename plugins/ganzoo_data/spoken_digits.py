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
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from ganzoo.data.dataset import Dataset, check_max_images
from ganzoo.data.fetching import Known, described
from ganzoo.data.folder import Files
from ganzoo.data.prepare import prepare_files
from ganzoo.errors import InvalidInput, UsageError, unknown
from ganzoo.files.digests import bytes_digest
from ganzoo.files.text import quote

from .places import at_home, not_here, open_files, own_name, within

RATE = 8000  # Hz
_FOLDER = "recordings"
_NAME = re.compile(r"([0-9])_([A-Za-z]\w{0,63})_([0-9]{1,4})\.wav", re.ASCII)
_TESTS = 5  # recordings of each digit and speaker: "Usage" on its page
_PARTS = {"train": 2700, "test": 300, "all": 3000}  # recordings in each
_LICENSE = "CC-BY-SA-4.0"
_SOURCE = "Jackson et al., https://github.com/Jakobovski/free-spoken-digit-dataset"
_CLASSES = tuple("0123456789")
_MOST_SAMPLES = 1 << 17  # 16 seconds
_MOST_BYTES = 1 << 20  # of a file; the longest of the set has 37 kB
_WAYS = (
    "download https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/heads/master.zip"
    " and give that as it is, or unpack it there."
)


@dataclass(frozen=True, kw_only=True)
class _Cut:
    """How a recording becomes samples, for the cache's key."""

    wav_samples: int

    def options(self) -> dict[str, Any]:
        return asdict(self)


def spoken_digits(
    *,
    data: str | None = None,
    samples: int = 4096,
    part: str = "train",
    images: int | None = None,
) -> Dataset:
    """Spoken digits from zero to nine, 8 kHz, 10 classes.

    Args:
        data: Folder or zip with `recordings`. By default `spoken-digits` in the data folder
            (GANZOO_DATA).
        samples: How many samples each recording has: the first ones, or silence after the end.
            Three of four recordings fit into 4,096, and all but 1 % into 8,192.
        part: `"train"` (index 5 and up), `"test"` (index 0 to 4) or `"all"`.
        images: Use at most so many recordings, in the order of their names.

    Returns:
        float32 (n, samples, 1) in [-1, 1], labeled with the digit.

    Raises:
        UsageError: Nothing is at `data`, or an option is out of range.
        InvalidInput: Not that layout, or a recording that cannot be used.
        EnvironmentProblem: Nothing is there.
    """
    count = check_max_images(images)
    if type(samples) is not int or not 1 <= samples <= _MOST_SAMPLES:
        raise UsageError(
            f"samples must be an integer from 1 to {_MOST_SAMPLES:,}. Received: {samples!r}."
        )
    if part not in _PARTS:
        raise unknown("part", str(part), _PARTS)
    with described(_known(min(count or _PARTS[part], _PARTS[part]), samples)):
        path = data if data is not None else at_home("spoken-digits", _bring)
    files = open_files(path, suffixes=(".wav",))
    files, recordings = _recordings(files, part)
    recordings = recordings[:count]
    prepared = prepare_files(
        files,
        recordings,
        dataset="spoken-digits",
        preprocessing=_Cut(wav_samples=samples),
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


def _known(count: int, samples: int) -> Known:
    return Known(
        name="spoken-digits",
        license=_LICENSE,
        source=_SOURCE,
        classes=_CLASSES,
        rate=RATE,
        count=count,
        image_shape=(samples, 1),
    )


def _bring(root) -> None:
    raise not_here("The Free Spoken Digit Dataset", root, _WAYS)


def _recordings(files: Files, part: str) -> tuple[Files, tuple[str, ...]]:
    """The recordings of a part, sorted, named from their folder."""
    sounds = [PurePosixPath(name) for name in files.names if name.lower().endswith(".wav")]
    # a bare folder counts if it has the official name itself
    folders = {path.parent for path in sounds if (path.parent.name or own_name(files)) == _FOLDER}
    if len(folders) != 1:
        raise InvalidInput(
            f"Expected one folder {_FOLDER} with 0_george_0.wav and so on in {quote(files.where)}."
            f" Received: {len(folders) or 'none'}."
        )
    folder = folders.pop()
    files = within(files, "" if str(folder) == "." else str(folder))
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
        if part == "all" or (part == "test") == (int(match[3]) < _TESTS):
            names.append(name)
    if not names:
        raise InvalidInput(f"There are no recordings of the part {part!r} in {quote(files.where)}.")
    return files, tuple(names)


def decode_wav(data: bytes, name: str, *, samples: int) -> np.ndarray:
    """A recording of one channel with 16 bits at 8 kHz, read whole.

    Args:
        data: The file's bytes.
        name: The file's name, for the error.
        samples: How many to take, or to fill up with silence.

    Returns:
        float32 (samples, 1) in [-1, 1).

    Raises:
        InvalidInput: Anything else, or cut off.
    """
    if len(data) > _MOST_BYTES:
        raise _unusable(name, f"{len(data):,} bytes; the limit is {_MOST_BYTES:,}")
    try:
        with wave.open(io.BytesIO(data)) as recording:
            form = recording.getparams()
            content = recording.readframes(form.nframes)
    except Exception as fault:  # the reader may raise anything on a hostile file
        reason = " ".join(str(fault).split()) or type(fault).__name__
        raise _unusable(name, f"a file that is damaged or no wav ({reason})") from fault
    if (form.nchannels, form.sampwidth, form.framerate) != (1, 2, RATE):
        raise _unusable(
            name,
            f"{form.nchannels} channels with {8 * form.sampwidth} bits at {form.framerate:,} Hz",
        )
    if form.nframes < 1 or len(content) != 2 * form.nframes:
        raise _unusable(name, f"{len(content) // 2:,} samples where {form.nframes:,} are stated")
    found = np.frombuffer(content, "<i2")[:samples].astype(np.float32) / 32768
    return np.pad(found, (0, samples - len(found)))[:, None]  # (samples, 1)


def _unusable(name: str, received: str) -> InvalidInput:
    return InvalidInput(
        f"The recording {name!r} cannot be used: expected wav, one channel with 16 bits at"
        f" {RATE:,} Hz. Received: {received}."
    )
