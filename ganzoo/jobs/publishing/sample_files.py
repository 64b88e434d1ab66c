"""Samples of a run that are published beside its weights, each whole."""

import io
import wave
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from ganzoo.catalog.registry import contents
from ganzoo.catalog.runs import Run
from ganzoo.files.reading import read_bytes
from ganzoo.files.text import quote

# What decoding raises for files that are torn, or larger than an image can be
_BROKEN = (OSError, EOFError, SyntaxError, ValueError, wave.Error, Image.DecompressionBombError)


def newest_samples(run: Run, step: int | None, report: Callable[[str], None]) -> dict[str, bytes]:
    """Return the newest samples of a run that weights of a step can have generated.

    Args:
        run: The run.
        step: The step; `None` for the run's last.
        report: Called with a sentence for each file that is torn, and left out.

    Returns:
        Content by the file's name in a version.
    """
    images = run.sample_images(report)
    fitting = [path for path in images if step is None or path.name <= f"step-{step:08d}.png"]
    found = {}
    for path in reversed(fitting):
        if contents.SAMPLES not in found and (content := _read_whole(path, report)):
            found[contents.SAMPLES] = content
    if fitting == images:  # of audio and video there is the newest only
        media = [run.path / name for name in (contents.AUDIO, contents.VIDEO)]
        for path in run.undamaged(media, report):
            if path.is_file() and (content := _read_whole(path, report)):
                found[path.name] = content
    return found


def _read_whole(path: Path, report: Callable[[str], None]) -> bytes | None:
    content = read_bytes(path, limit=contents.MAX_BYTES[contents.SAMPLES])
    try:
        if path.suffix == ".wav":
            _check_sound(content)
        else:
            _check_image(content)
    except _BROKEN as error:
        report(f"{quote(path)} is torn and not published: {error}.")
        return None
    return content


def _check_image(content: bytes) -> None:
    with Image.open(io.BytesIO(content)) as image:
        for frame in range(getattr(image, "n_frames", 1)):
            image.seek(frame)
            image.load()


def _check_sound(content: bytes) -> None:
    with wave.open(io.BytesIO(content)) as sound:
        frame = sound.getnchannels() * sound.getsampwidth()
        if len(sound.readframes(sound.getnframes())) != frame * sound.getnframes():
            raise EOFError("its end is missing")
