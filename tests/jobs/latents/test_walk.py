"""Walks through latents: closed, the same frames as samples, in files that animate."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from ganzoo.cli import main
from ganzoo.errors import UsageError
from ganzoo.jobs.latents import walk as walking
from ganzoo.jobs.models.load import load

pytestmark = pytest.mark.backend
WALK = ["walk", "dcgan-digits", "--seeds", "4,9,2", "--seconds", "1.2", "--fps", "10"]


def frames_of(path):
    with Image.open(path) as file:
        frames, times = [], []
        for i in range(file.n_frames):
            file.seek(i)
            file.load()
            frames.append(np.asarray(file.convert("RGB")))
            times.append(file.info["duration"])
    return np.array(frames), times


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_a_walk_passes_its_seeds_and_closes(tmp_path, suffix):
    out = tmp_path / f"walk{suffix}"
    assert main([*WALK, "--size", "16", "--out", str(out)]) == 0
    frames, times = frames_of(out)
    assert frames.shape == (12, 16, 16, 3) and sum(times) == 1200
    gan = load("dcgan-digits")
    shown = [np.asarray(gan.sample(1, seed=seed))[0, ..., 0] for seed in (4, 9, 2)]
    for frame, image in zip(frames[::4], shown, strict=True):
        assert np.array_equal(frame[..., 0], image.repeat(2, axis=0).repeat(2, axis=1))
    jumps = np.abs(np.diff(frames[[*range(12), 0]].astype(int), axis=0)).mean(axis=(1, 2, 3))
    assert 0 < jumps[-1] < 1.5 * jumps[:-1].max()  # from the last frame to the first


def test_a_walk_is_a_video_of_its_frames(tmp_path):
    av = pytest.importorskip("av")
    out = tmp_path / "walk.mp4"
    assert main([*WALK, "--size", "64", "--out", str(out)]) == 0
    with av.open(out) as file:
        stream = file.streams.video[0]
        assert stream.average_rate == 10 and stream.codec_context.name == "h264"
        frames = np.array([one.to_ndarray(format="rgb24") for one in file.decode(stream)])
    assert frames.shape == (12, 64, 64, 3)
    shown = np.asarray(load("dcgan-digits").sample(1, seed=4))[0, ..., 0]
    expected = shown.repeat(8, axis=0).repeat(8, axis=1)
    assert np.abs(frames[0].mean(axis=-1) - expected).mean() < 4


def test_a_walk_rests_at_its_seeds_and_lies_on_spheres():
    gan = load("dcgan-digits")
    keys = gan.sampler.sample_latents(3, 0)
    way = np.asarray(gan.sampler.walk_latents(keys, 30))
    lengths = np.linalg.norm(np.asarray(keys), axis=1)
    assert np.allclose(way[::10], np.asarray(keys), atol=1e-6)
    found = np.linalg.norm(way, axis=1)
    assert lengths.min() - 1e-3 < found.min() and found.max() < lengths.max() + 1e-3
    steps = np.linalg.norm(np.diff(way[:11], axis=0), axis=1)
    assert steps[0] < steps[4] / 3 and steps[-1] < steps[5] / 3
    with pytest.raises(UsageError, match="at least two seeds"):
        gan.walk([3], 10)
    with pytest.raises(UsageError, match="4 seeds, 3 samples"):
        gan.walk([1, 2, 3, 4], 3)


def test_labels_change_on_the_way(tmp_path):
    found = SimpleNamespace(classes=["a", "b", "c"])
    same = walking._labels_on_the_way(np.array([1, 1]), found, 4)
    assert same.tolist() == [1, 1, 1, 1]
    classes = walking._labels_on_the_way(np.array([2, 0]), found, 4)
    assert np.allclose(classes, [[0, 0, 1], [0.5, 0, 0.5], [1, 0, 0], [0.5, 0, 0.5]])
    rows = walking._labels_on_the_way(np.array([[0.0, 1], [1, 3]], "float32"), found, 4)
    assert np.allclose(rows, [[0, 1], [0.5, 2], [1, 3], [0.5, 2]]) and rows.dtype == "float32"
    out = tmp_path / "one.gif"
    words = ["walk", "cdcgan-mnist", "--seeds", "0,1", "--seconds", "0.4", "--labels", "8,1"]
    assert main([*words, "--fps", "10", "--size", "28", "--out", str(out)]) == 0
    frames, _ = frames_of(out)
    gan = load("cdcgan-mnist")
    keys = [np.asarray(gan.sampler.sample_latents(1, seed)) for seed in (0, 1)]
    way = gan.sampler.walk_latents(np.concatenate(keys), 4)
    for i, labels in ((2, np.array([1])), (3, (np.eye(10)[[8]] + np.eye(10)[[1]]) / 2)):
        expected = gan.sampler.generate_images(way[i : i + 1], labels)[0]
        assert np.abs(frames[i][..., :1].astype(int) - expected).max() <= 1
    for wrong in (np.full((1, 10), 0.2), np.full((1, 9), 1 / 9), np.full((2, 10), 0.1)):
        with pytest.raises(UsageError, match="Soft labels are a row for each sample"):
            gan.sample(1, labels=wrong)
        with pytest.raises(UsageError, match="Soft labels are a row for each sample"):
            gan.sampler.generate_images(keys[0], wrong)


def test_what_is_no_walk_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.gif").touch()
    for words, told in (
        (["--out", "walk.avi"], "ends in one of .gif, .webp, .png"),
        (["--out", "there.gif"], "nothing is overwritten"),
        (["--seeds", "5"], "two seeds or more"),
        (["--seconds", "600", "--fps", "50"], "at most 10,000 frames"),
        (["--labels", "1"], "takes no labels"),
    ):
        assert main(["walk", "dcgan-digits", *words]) == 2
        assert told in capsys.readouterr().err
    assert main([*WALK, "--size", "8"]) == 0
    assert capsys.readouterr().out == "dcgan-digits-1-walk.gif\n"
