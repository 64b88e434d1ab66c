"""Evaluating runs and images: the numbers are those of the metrics, and say how they came about."""

import dataclasses
import zipfile

import numpy as np
import pytest
from ganzoo_data.digits import digits
from PIL import Image

from ganzoo.catalog.recipe.recipe import Part
from ganzoo.catalog.registry.cards import Card
from ganzoo.catalog.registry.cards import Result as CardResult
from ganzoo.data.order import permutation
from ganzoo.errors import EnvironmentProblem, PluginError, UnknownName, UsageError
from ganzoo.files.home import cache_home
from ganzoo.jobs.evaluation import features as featuring
from ganzoo.jobs.evaluation import measure as measuring
from ganzoo.jobs.evaluation.evaluate import evaluate, evaluate_gan, record_results
from ganzoo.jobs.evaluation.features import (
    Batch,
    default_features,
    generated_samples,
    load_extractor,
    real_samples,
)
from ganzoo.jobs.evaluation.generated import is_image_source
from ganzoo.jobs.evaluation.measure import aggregate_seeds
from ganzoo.jobs.models.load import load
from ganzoo.jobs.training.train import train
from ganzoo.metrics import METRICS, MetricResult
from ganzoo.metrics.extractor import Extractor
from ganzoo.metrics.frechet import Moments, frechet_distance

QUICK = ("frechet", "kernel", "inception_score", "coverage", "patch_wasserstein")


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("GANZOO_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.delenv("GANZOO_CACHE", raising=False)


def counting(classes: tuple[str, ...] = ()) -> tuple[Extractor, list[int]]:
    """An extractor of plain pixels that needs no framework, and what it was given."""
    given = []

    def network(images):
        given.append(len(images))
        flat = images.reshape(len(images), -1).astype("float32")
        return flat, flat[:, : len(classes)] if classes else None

    extractor = Extractor(
        name="pixels", digest="1" * 64, resize="none", size=(8, 8), channels=1,
        feature_size=64, classes=classes, network=network, batch=100,
    )  # fmt: skip
    return extractor, given


def batches(images, labels=None, size=64):
    for start in range(0, len(images), size):
        rows = slice(start, start + size)
        yield Batch(images[rows], None if labels is None else labels[rows])


def save_images(folder, images, mode=None):
    folder.mkdir()
    for i, image in enumerate(images):
        image = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
        (image.convert(mode) if mode else image).save(folder / f"{i:05}.png")
    return folder


# What needs no framework


def test_the_features_for_a_data_set_are_called_like_it():
    assert default_features("fashion-mnist") == "fashion-mnist"
    assert default_features("keras-ganzoo:cifar10") == "cifar10"
    assert default_features("folder") == default_features("celeba") == "photo"


def test_real_features_are_computed_once_and_then_read_from_the_cache():
    extractor, given = counting()
    dataset = digits(images=250)
    first = real_samples(dataset, ["features", "moments"], extractor)
    assert sum(given) == 250
    second = real_samples(dataset, ["features", "moments"], extractor)
    assert sum(given) == 250
    assert np.array_equal(first.features, second.features)
    assert np.array_equal(second.features, dataset.images.reshape(250, 64))
    wanted = Moments.of(dataset.images.reshape(250, 64))
    assert frechet_distance(second.moments, wanted) < 1e-6
    assert {"features"} == {path.name for path in cache_home().iterdir()}


@pytest.mark.parametrize(("images", "changes"), [(100, {"digest": "2" * 64}), (101, {})])
def test_other_weights_or_other_data_have_features_of_their_own(images, changes):
    extractor, given = counting()
    featuring.real_features(digits(images=100), extractor)
    featuring.real_features(digits(images=images), dataclasses.replace(extractor, **changes))
    assert sum(given) == 100 + images


def test_a_damaged_cache_is_computed_again():
    extractor, given = counting()
    whole = np.array(featuring.real_features(digits(images=50), extractor))
    for path in (cache_home() / "features").rglob("images.npy"):
        path.write_bytes(path.read_bytes()[:-8])
    assert np.array_equal(featuring.real_features(digits(images=50), extractor), whole)
    assert sum(given) == 100


def test_for_moments_alone_no_features_are_kept():
    extractor, _ = counting()
    images = digits(images=300).images
    side = generated_samples(batches(images), 300, ["moments"], extractor)
    assert side.available == {"moments"} and len(side) == 300
    wanted = Moments.of(images.reshape(300, 64))
    assert np.abs(side.moments.covariance - wanted.covariance).max() < 1e-8


def test_generated_images_are_kept_in_the_forms_that_are_asked_for():
    extractor, _ = counting(classes=("a", "b"))
    images, labels = digits(images=130).images, np.arange(130) % 2
    wanted = ["images", "labels", "logits"]
    side = generated_samples(batches(images, labels), 130, wanted, extractor)
    assert side.available == {"images", "labels", "logits"}
    assert np.array_equal(side.images, images) and np.array_equal(side.labels, labels)
    assert np.array_equal(side.logits, images.reshape(130, 64)[:, :2])


def test_what_is_too_much_for_the_memory_is_kept_in_a_file_without_a_name(monkeypatch):
    monkeypatch.setattr(featuring, "_MAX_MEMORY", 5000)
    extractor, _ = counting()
    images = digits(images=330).images
    side = generated_samples(batches(images), 330, ["images", "features"], extractor)
    assert isinstance(side.images, np.memmap) and isinstance(side.features, np.memmap)
    assert np.array_equal(side.images, images)
    assert np.array_equal(side.features, images.reshape(330, 64))
    assert list(cache_home().iterdir()) == []


def test_points_are_their_own_features():
    points = np.random.default_rng(0).normal(size=(40, 2)).astype("float32")
    side = generated_samples(batches(points), 40, ["points", "moments", "features"], None)
    assert np.array_equal(side.features, points) and side.moments.count == 40


def test_seeds_become_a_mean_and_a_spread():
    def one(seed, value):
        protocol = {"real": 5, "seed": seed}
        return [MetricResult(metric="kernel", value=value, error=0.5, protocol=protocol)]

    (table,) = aggregate_seeds([one(3, 1.0), one(4, 2.0), one(9, 6.0)], [3, 4, 9])
    assert table["value"] == 3.0 and table["seeds"] == [3, 4, 9] and table["better"] == "lower"
    assert table["spread"] == pytest.approx(np.std([1, 2, 6], ddof=1))
    assert table["protocol"] == {"real": 5} and "error" not in table
    assert aggregate_seeds([one(3, 1.0)], [3])[0]["error"] == 0.5


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"metrics": ["frechett"]}, UnknownName, "Did you mean 'frechet'"),
        ({"features": "inceptoin"}, UnknownName, "Did you mean"),
        ({"n": 9}, UsageError, "At least 10 generated"),
        ({"seeds": [1, 1]}, UsageError, "Seeds must be different"),
        ({"seeds": []}, UsageError, "Seeds must be different"),
        ({"against": None}, UsageError, "--against"),
        ({"raw": True}, UsageError, "Images have neither weights"),
        ({"truncation": 0.5}, UsageError, "Images have neither weights"),
        ({"against": Part(name="nowhere")}, UnknownName, "data set"),
        ({"against": Part(name="folder")}, UsageError, "data"),
    ],
)
def test_what_is_asked_wrongly_is_refused_before_anything_is_read(tmp_path, options, error, words):
    folder = save_images(tmp_path / "images", digits(images=3).images)
    asked = {"against": Part(name="digits")} | options
    with pytest.raises(error, match=words):
        evaluate(folder, **asked)


# Runs and images


@pytest.fixture(scope="module")
def trained(plain, tmp_path_factory):
    """A run of four steps, trained once for the module."""
    return train(plain("training.steps=4"), run=tmp_path_factory.mktemp("trained") / "run")


@pytest.mark.backend
def test_a_run_is_evaluated_and_each_number_says_how(trained, plain):
    tables = evaluate(trained.path, metrics=QUICK, n=300, seeds=[5])
    assert [table["metric"] for table in tables] == list(QUICK)
    for table in tables:
        assert np.isfinite(table["value"])
        assert CardResult.model_validate(table).value == table["value"]
        assert table["better"] == METRICS[table["metric"]].better
    protocol = tables[0]["protocol"]
    extractor = load_extractor("digits")
    assert protocol == {
        "features": "digits", "digest": extractor.digest, "resize": "none", "channels": "none",
        "data": "digits", "fingerprint": digits(images=64).fingerprint, "weights": "ema",
        "split": "train", "step": 4, "seed": 5, "real": 64, "fake": 300,
    }  # fmt: skip
    assert "features" not in tables[-1]["protocol"]  # pixels are compared as they are


@pytest.mark.backend
def test_results_are_recorded_in_the_run_s_card_once_for_each_protocol(trained):
    before = Card.read(trained.card_path)
    for n in (100, 100, 120):
        record_results(trained.path, evaluate(trained.path, metrics=["frechet"], n=n))
    card = Card.read(trained.card_path)
    assert [result.protocol.fake for result in card.results] == [100, 120]
    assert card.results[0].metric == "frechet" and card.results[0].better == "lower"
    assert card.model_copy(update={"results": []}) == before


@pytest.mark.backend
def test_the_distance_is_that_of_the_features_of_the_run_s_own_images(trained):
    extractor = load_extractor("digits")
    fake = Moments.of(extractor.extract(load(trained.path).sample(300, seed=2))[0])
    real = Moments.of(extractor.extract(digits(images=64).images)[0])
    wanted = frechet_distance(real, fake)
    (table,) = evaluate(trained.path, metrics=["frechet"], n=300, seeds=[2])
    assert table["value"] == pytest.approx(wanted, rel=1e-4)
    cut = evaluate(trained.path, metrics=["frechet"], n=300, seeds=[2], truncation=0.5)[0]
    assert cut["protocol"] == table["protocol"] | {"truncation": 0.5}
    assert cut["value"] != pytest.approx(wanted, rel=1e-4)
    raw = evaluate(trained.path, metrics=["frechet"], n=300, seeds=[2], raw=True)[0]
    assert raw["protocol"]["weights"] == "raw" and raw["value"] != pytest.approx(wanted, rel=1e-6)


@pytest.mark.backend
def test_a_weights_file_is_evaluated_as_its_run(trained, tmp_path):
    (one,) = evaluate(trained.path, metrics=["frechet"], n=100, seeds=[0])
    against = Part(name="digits", images=64)
    (other,) = evaluate(trained.weights_path, against=against, metrics=["frechet"], n=100)
    assert one == other


@pytest.mark.backend
def test_real_images_in_a_folder_or_an_archive_are_as_good_as_real(tmp_path):
    half = digits().images[::2]
    folder = save_images(tmp_path / "images", half, mode="RGB")
    with zipfile.ZipFile(tmp_path / "images.ZIP", "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
    noise = np.random.default_rng(0).integers(0, 256, (300, 8, 8, 1), dtype=np.uint8)
    bad = save_images(tmp_path / "noise", noise)
    found = [
        {table["metric"]: table for table in evaluate(
            place, against=Part(name="digits"), metrics=["frechet", "coverage", "precision"]
        )}
        for place in (folder, tmp_path / "images.ZIP", bad)
    ]  # fmt: skip
    good, same, worst = ({name: t["value"] for name, t in one.items()} for one in found)
    assert good == pytest.approx(same)
    assert good["frechet"] < 1 < worst["frechet"]
    assert good["coverage"] > 0.9 > 0.5 > worst["coverage"]
    assert good["precision"] > 0.9 > 0.5 > worst["precision"]
    protocol = found[0]["frechet"]["protocol"]
    assert protocol["fake"] == len(half) and "seed" not in protocol and "weights" not in protocol
    assert len(protocol["images"]) == 64


@pytest.mark.backend
def test_images_of_another_size_are_refused_with_a_way_out(tmp_path):
    folder = save_images(tmp_path / "large", np.zeros((12, 9, 9, 1), np.uint8))
    with pytest.raises(UsageError, match=r"one shape. Expected: \(8, 8, 1\).*--set size=64"):
        evaluate(folder, against=Part(name="digits"))
    with pytest.raises(UsageError, match="'cifar10' take images of 32x32 pixels"):
        evaluate(folder, against=Part(name="digits"), features="cifar10")


@pytest.mark.backend
def test_without_features_the_pixels_can_still_be_evaluated(tmp_path, monkeypatch):
    monkeypatch.setattr(measuring, "default_features", lambda name: "inception")
    folder = save_images(tmp_path / "images", digits(images=40).images)
    options = {"against": Part(name="digits", images=40)}
    with pytest.raises(EnvironmentProblem, match="ganzoo_features.convert_inception"):
        evaluate(folder, **options)
    (table,) = evaluate(folder, metrics=["patch_wasserstein"], **options)
    assert table["value"] == pytest.approx(0, abs=1e-9)


@pytest.mark.backend
def test_the_kernel_distance_comes_first_where_few_images_bias_the_other(tmp_path):
    images = digits(images=300).images
    for count, first in ((40, "kernel"), (256, "frechet")):  # four times 64 features
        folder = save_images(tmp_path / str(count), images[:count])
        assert evaluate(folder, against=Part(name="digits"))[0]["metric"] == first


@pytest.mark.backend
def test_points_are_evaluated_by_their_modes(plain):
    run = train(plain("dataset.name=mixture", "dataset.points=400"))
    found = {t["metric"]: t for t in evaluate(run.path, n=200)}
    assert {"frechet", "modes_covered", "high_quality", "sliced_wasserstein"} <= set(found)
    assert found["modes_covered"]["protocol"]["modes"] == 8
    assert "features" not in found["frechet"]["protocol"]
    with pytest.raises(UsageError, match="Points have no features"):
        evaluate(run.path, features="digits")
    with pytest.raises(UsageError, match="'class_accuracy' needs fake logits and fake labels"):
        evaluate(run.path, metrics=["class_accuracy"])


@pytest.mark.backend
def test_a_conditional_generator_gets_the_classes_of_the_data():
    seen = []

    class Conditional:
        """A GAN that generates the first real images of the requested classes."""

        conditional, image_shape, label_shape, ema = True, (8, 8, 1), (), None

        @property
        def sampler(self):
            return self

        def sample_latents(self, n, seed, truncation):
            return np.zeros((n, 2))

        def generate_images(self, latents, labels, *, use_ema, truncation):
            seen.extend(labels)
            firsts = [np.flatnonzero(dataset.labels == label)[0] for label in labels]
            return dataset.images[firsts]

    dataset = digits(images=500)
    results = evaluate_gan(
        Conditional(), dataset, load_extractor("digits"), ["class_accuracy"], n=700, seed=3,
        protocol={"step": 12},
    )  # fmt: skip
    assert results[0].value > 0.9
    assert results[0].protocol["weights"] == "raw" and results[0].protocol["step"] == 12
    order = permutation(500, 3, 0)
    assert np.array_equal(seen, dataset.labels[order[np.arange(700) % 500]])
    nameless = dataclasses.replace(dataset, labels=None, classes=())
    with pytest.raises(UsageError, match="conditional"):
        evaluate_gan(Conditional(), nameless, None, ["patch_wasserstein"], n=10)


class Translator:
    """Returns the sources, a little brighter: by 5, and by how far on the latent is."""

    ema, conditional, image_shape, label_shape = None, True, (8, 8, 1), (8, 8, 1)

    def __init__(self, later=0):
        self.later = later  # of latents behind the first hundred

    @property
    def sampler(self):
        return self

    def sample_latents(self, n, seed, truncation):
        return np.repeat([0, self.later], [100, n - 100])

    def generate_images(self, latents, labels, *, use_ema, truncation):
        return labels + np.uint8(5) + latents.astype("uint8")[:, None, None, None]


def test_a_translated_image_is_compared_with_its_own_target():
    targets = digits(images=60).images // 2
    dataset = dataclasses.replace(digits(images=60), images=targets, labels=targets, classes=())
    found = evaluate_gan(Translator(), dataset, None, ["psnr", "ssim"], n=100)
    assert found[0].value == pytest.approx(20 * np.log10(255 / 5)) and found[0].error < 1e-9
    assert 0.8 < found[1].value < 1
    assert "real" not in found[0].protocol and found[0].protocol["fake"] == 100
    unpaired = dataclasses.replace(dataset, paired=False)
    with pytest.raises(UsageError, match="'psnr' needs fake targets"):
        evaluate_gan(Translator(), unpaired, None, ["psnr"], n=100)


def test_translations_are_compared_as_they_look_with_targets_and_with_each_other():
    def distance(one, other):
        return np.abs(one.astype("float32") - other).mean((1, 2, 3))

    extractor = dataclasses.replace(counting()[0], distance=distance)
    targets = digits(images=60).images // 2
    dataset = dataclasses.replace(digits(images=60), images=targets, labels=targets, classes=())
    names = ["perceptual", "diversity"]
    to_target, to_other = evaluate_gan(Translator(later=7), dataset, extractor, names, n=100)
    assert (to_target.value, to_other.value) == pytest.approx((5, 7))
    assert to_target.protocol["features"] == "pixels" and to_other.protocol["resize"] == "none"
    assert set(names) <= {r.metric for r in evaluate_gan(Translator(), dataset, extractor, n=100)}
    unpaired = dataclasses.replace(dataset, paired=False)
    assert evaluate_gan(Translator(later=7), unpaired, extractor, ["diversity"], n=100)
    with pytest.raises(UsageError, match="'perceptual' needs fake target_distances"):
        evaluate_gan(Translator(), unpaired, extractor, ["perceptual"], n=100)
    with pytest.raises(UsageError, match="'diversity' needs fake pair_distances"):
        evaluate_gan(Translator(), dataset, counting()[0], ["diversity"], n=100)


@pytest.mark.backend
def test_progress_is_told_to_whoever_listens(tmp_path, capsys):
    folder = save_images(tmp_path / "images", digits(images=40).images)
    events = []
    evaluate(folder, against=Part(name="digits"), metrics=["frechet"], events=events.append)
    told = {event["what"]: event["done"] for event in events if event["event"] == "prepare"}
    assert told["digits: features digits"] == 1797 and told["generated images"] == 40
    assert capsys.readouterr().out == ""


@pytest.mark.backend
@pytest.mark.parametrize(
    ("body", "words"),
    [("return 3", "must be a ganzoo.metrics.extractor.Extractor"), ("raise OSError('x')", "x")],
)
def test_a_broken_extractor_is_named(monkeypatch, body, words):
    scope = {}
    exec(f"def made():\n    {body}", scope)
    monkeypatch.setattr(featuring.discovery, "load_plugin", lambda plugin: scope["made"])
    with pytest.raises(PluginError, match=words) as caught:
        load_extractor("digits")
    assert "keras-ganzoo:digits" in str(caught.value)


def test_a_run_is_no_folder_of_images_and_an_archive_is_known_by_its_name(tmp_path):
    (tmp_path / "x.zip").touch()
    assert is_image_source(tmp_path / "x.zip")
    assert is_image_source(tmp_path)
    (tmp_path / "recipe.toml").touch()
    assert not is_image_source(tmp_path)
    assert not is_image_source("dcgan-digits")
