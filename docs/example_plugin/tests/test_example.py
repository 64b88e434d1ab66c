import numpy as np
import pytest
from ganzoo_example.best import best
from ganzoo_example.cgan import cgan
from ganzoo_example.shapes import CLASSES, shapes

from ganzoo import GanzooError

SMALL = {"latent_size": 8, "latent_units": 8, "label_units": 8, "joint_units": 16}


def test_each_shape_has_an_equal_share():
    data = shapes(size=8, count=40)
    assert data.image_shape == (8, 8, 1)
    assert np.bincount(data.labels).tolist() == [10, 10, 10, 10]


def test_a_seed_always_gives_the_same_images():
    assert shapes(count=8).fingerprint == shapes(count=8).fingerprint
    assert shapes(count=8).fingerprint != shapes(count=8, seed=1).fingerprint


def test_it_trains_and_samples_one_image_for_each_label():
    data = shapes(size=8, count=64)
    gan = cgan(data.image_shape, len(data.classes), maxout_units=16, **SMALL)
    gan.compile("adam", "adam", loss="non_saturating")
    history = gan.fit(data.images, data.labels, batch_size=32, epochs=2, verbose=0)
    assert np.isfinite(history.history["d_loss"]).all()
    images = gan.sample(4, seed=7, labels=range(len(CLASSES)))
    assert images.shape == (4, 8, 8, 1)
    assert images.dtype == np.uint8


def test_large_images_are_refused():
    with pytest.raises(GanzooError, match="4,096"):
        cgan((128, 128, 3), 4)


def test_the_best_distance_is_kept(tmp_path):
    log = best()
    log({"event": "start", "run": str(tmp_path), "step": 0})
    for step, value in ((10, 3.0), (20, 2.0)):
        log({"event": "evaluation", "step": step, "frechet": value, "best": True})
    log({"event": "evaluation", "step": 30, "frechet": 2.5, "best": False})
    assert (tmp_path / "best.json").read_text() == '{"step": 20, "frechet": 2.0}'
