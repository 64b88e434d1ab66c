"""Samples beside their nearest training images: the right ones, in the right places."""

import json

import numpy as np
import pytest
from ganzoo_data.digits import digits
from PIL import Image

from ganzoo.cli import main
from ganzoo.errors import UsageError
from ganzoo.jobs.evaluation import nearest as job
from ganzoo.jobs.evaluation.features import load_extractor
from ganzoo.jobs.evaluation.nearest import nearest
from ganzoo.jobs.models.load import load

pytestmark = pytest.mark.backend


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_row_is_a_sample_and_its_nearest_training_images(place, capsys, monkeypatch):
    drawn = []
    grid = job.image_grid
    monkeypatch.setattr(job, "image_grid", lambda x, **kw: drawn.append((x, kw)) or grid(x, **kw))
    words = ["nearest", "dcgan-digits", "-n", "3", "--seed", "5", "--neighbors", "2", "--json"]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["file"] == "dcgan-digits-1-nearest.png" and found["features"] == "digits"
    with Image.open(place / found["file"]) as file:
        assert file.size[0] == file.size[1] > 300
    (images, options), samples = drawn[0], np.asarray(load("dcgan-digits").sample(3, seed=5))
    indices = np.array([row["indices"] for row in found["nearest"]])
    distances = np.array([row["distances"] for row in found["nearest"]])
    assert indices.shape == (3, 2) and (np.diff(distances, axis=1) >= 0).all()
    rows = images.reshape(3, 3, 8, 8, 1)
    assert options == {"columns": 3} and np.array_equal(rows[:, 0], samples)
    assert np.array_equal(rows[:, 1:], digits().images[indices])
    extractor = load_extractor("digits")
    real, fake = extractor.extract(digits().images)[0], extractor.extract(samples)[0]
    everything = np.linalg.norm(fake[:, None] - real, axis=2)
    assert np.array_equal(indices, everything.argsort(axis=1)[:, :2])
    assert main(words) == 0 and main([*words, "--out", found["file"]]) == 2


def test_a_copy_is_its_own_neighbor(monkeypatch):
    from ganzoo.gan.sampling.sampler import Sampler

    copies = digits().images[[40, 7]]
    monkeypatch.setattr(Sampler, "generate_images", lambda self, *args, **options: copies)
    found = nearest("dcgan-digits", n=2, neighbors=1)
    assert [row["indices"] for row in found["nearest"]] == [[40], [7]]
    assert [row["distances"] for row in found["nearest"]] == [[0.0], [0.0]]


def test_what_has_no_neighbors_is_refused():
    with pytest.raises(UsageError, match="ends in one of .png"):
        nearest("dcgan-digits", out="a.gif")
    with pytest.raises(UsageError, match="at least 5000 images"):
        nearest("dcgan-digits", neighbors=5000)
