"""Small images made by the tests, a home folder that is not the user's, and a Hub."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch) -> Path:
    """Everything that ganzoo keeps goes into a folder of this test."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("GANZOO_HOME", str(folder))
    monkeypatch.delenv("GANZOO_DATA", raising=False)
    return folder


def make_image(
    seed: int = 0,
    *,
    size: tuple[int, int] = (12, 10),
    mode: str = "RGB",
    kind: str = "PNG",
    **options,
) -> bytes:
    """A file of random pixels: width x height."""
    channels = len(Image.new(mode, (1, 1)).getbands())
    shape = (size[1], size[0], channels) if channels > 1 else (size[1], size[0])
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


@pytest.fixture
def image():
    return make_image


@pytest.fixture
def fill():
    """Writes files, by relative name, into a folder."""

    def write(folder: Path, files: dict[str, bytes]) -> Path:
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder

    return write


@pytest.fixture
def pack():
    """Writes files, by name, into a zip archive."""

    def write(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        return path

    return write


COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def serve(serve_hub):
    """Starts a Hub with the data set repository `some/faces` of the given files."""

    def start(files):
        server = serve_hub("some/faces", files, COMMIT)
        server.small = set()
        return server

    return start
