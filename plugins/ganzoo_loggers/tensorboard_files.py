"""A logger into event files of TensorBoard in the run's folder.

The writer that TensorBoard offers imports TensorFlow where it is installed. Its messages and its
records do not, and are all that is needed here.
"""

import socket
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from ganzoo_loggers.packages import import_package
from ganzoo_loggers.run_content import Event, flat_config, logged_numbers, run_config

_RGB = 3  # a color space of TensorBoard


def tensorboard_files() -> Callable[[Event], None]:
    """Event files in the folder tensorboard of the run: tensorboard --logdir runs."""
    return _EventFiles()


class _EventFiles:
    """The event files of one run."""

    def __init__(self):
        def part(name: str) -> Any:
            return import_package(f"tensorboard.{name}", extra="tensorboard")

        self._event = part("compat.proto.event_pb2")
        self._summary = part("compat.proto.summary_pb2").Summary
        self._tensor = part("compat.proto.tensor_pb2").TensorProto
        self._records = part("summary.writer.record_writer").RecordWriter
        self._text_metadata = part("plugins.text.metadata").create_summary_metadata

    def __call__(self, event: Event) -> None:
        step = event.get("step", 0)
        match event["event"]:
            case "start":
                self._start(event)
            case "log":
                numbers = logged_numbers(event).items()
                self._write(step, *({"tag": tag, "simple_value": value} for tag, value in numbers))
            case "sample":
                media = [self._media(Path(event["media"]))] if "media" in event else []
                self._write(step, self._image(Path(event["path"]), "samples"), *media)
            case "warning":
                self._write(self._step, self._text("warning", event["message"]))

    def _start(self, event: Event) -> None:
        """Begin a file, with the recipe; what earlier ones say of later steps is void."""
        folder = Path(event["run"]) / "tensorboard"
        folder.mkdir(exist_ok=True)
        name = f"events.out.tfevents.{time.time():.6f}.{socket.gethostname()}"
        self._path = folder / name
        self._record(0, file_version="brain.Event:2")
        session = self._event.SessionLog(status=self._event.SessionLog.START)
        self._record(event["step"] + 1 if event["step"] else 0, session_log=session)
        config = flat_config(run_config(event))
        rows = "".join(f"| {key} | {value} |\n" for key, value in config.items())
        self._write(event["step"], self._text("recipe", f"| key | value |\n|---|---|\n{rows}"))

    def _write(self, step: int, *values: dict[str, Any]) -> None:
        summary = self._summary(value=[self._summary.Value(**value) for value in values])
        self._record(step, summary=summary)

    def _record(self, step: int, **content: Any) -> None:
        self._step = step
        event = self._event.Event(wall_time=time.time(), step=step, **content)
        with self._path.open("ab") as file:
            self._records(file).write(event.SerializeToString())

    def _text(self, tag: str, text: str) -> dict[str, Any]:
        metadata = self._text_metadata(display_name=None, description=None)
        tensor = self._tensor(dtype="DT_STRING", string_val=[text.encode()])
        return {"tag": tag, "metadata": metadata, "tensor": tensor}

    def _image(self, path: Path, tag: str) -> dict[str, Any]:
        with Image.open(path) as image:
            size = {"width": image.width, "height": image.height}
        content = path.read_bytes()
        image = self._summary.Image(**size, colorspace=_RGB, encoded_image_string=content)
        return {"tag": tag, "image": image}

    def _media(self, path: Path) -> dict[str, Any]:
        """A sound, or an animation, which TensorBoard shows as an image."""
        if path.suffix != ".wav":
            return self._image(path, "video")
        with wave.open(str(path)) as sound:
            audio = self._summary.Audio(
                sample_rate=sound.getframerate(),
                num_channels=sound.getnchannels(),
                length_frames=sound.getnframes(),
                encoded_audio_string=path.read_bytes(),
                content_type="audio/wav",
            )
        return {"tag": "sound", "audio": audio}
