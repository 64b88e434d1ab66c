"""CelebA in its official layout, from a folder and from a zip, to generated faces."""

import io
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image

from ganzoo.cli import main
from ganzoo.files import safetensors

pytestmark = pytest.mark.backend

SMALL = ["dataset.size=8", "dataset.crop=[29, 49, 149, 169]", "architecture.latent_size=4",
         "architecture.generator_base_channels=2", "architecture.discriminator_base_channels=2",
         "steps_per_dispatch=1", "log_every=1"]  # fmt: skip


@pytest.fixture
def celeba(tmp_path, monkeypatch):
    """Eight noisy faces as `img_align_celeba/000001.jpg`, ..., in a folder and in a zip."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "celeba" / "img_align_celeba"
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    for i in range(1, 9):
        content = io.BytesIO()
        noise = random.integers(0, 256, (218, 178, 3), dtype="uint8")
        Image.fromarray(noise).save(content, "JPEG")
        (folder / f"{i:06d}.jpg").write_bytes(content.getvalue())
    with zipfile.ZipFile("celeba.zip", "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"img_align_celeba/{path.name}")
    return tmp_path


@pytest.mark.parametrize(
    ("setting", "message"),
    [("dataset.size=3", "3x3"), ("dataset.size=25", "25x25"),
     ("architecture.start_resolution=3", "3"), ("architecture.latent_size=0", "at least")],
)  # fmt: skip
def test_sizes_that_the_architecture_does_not_support_are_refused(setting, message, celeba, capsys):
    sets = [word for s in [*SMALL, setting] for word in ("--set", s)]
    code = main(["train", "dcgan-celeba", "--data", "celeba", "--batch", "4", *sets])
    error = capsys.readouterr().err
    assert (code, error.count("\n")) == (2, 1), error
    assert message in error
    assert not (celeba / "runs").exists()


def test_faces_train_from_a_folder_and_from_a_zip_alike(celeba, capsys):
    sets = [word for setting in SMALL for word in ("--set", setting)]
    for data in ("celeba", "celeba.zip"):
        argv = ["train", "dcgan-celeba", "--data", data, "--batch", "4", "--steps", "2", *sets]
        assert main([*argv, "--run", f"run-{data}"]) == 0, capsys.readouterr().err
    one, other = (
        safetensors.load(celeba / f"run-{data}" / "weights.safetensors")
        for data in ("celeba", "celeba.zip")
    )
    assert all(one[name].tobytes() == other[name].tobytes() for name in one)
    shutil.rmtree("celeba")  # sampling needs no data
    assert main(["sample", "run-celeba", "-n", "4", "--out", "faces.png"]) == 0
    with Image.open("faces.png") as image:
        assert image.mode == "RGB"
