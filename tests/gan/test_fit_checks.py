"""What `fit` refuses, and that a model is whole after it."""

import numpy as np
import pytest
from lazy_keras import keras

from ganzoo.errors import Diverged, UsageError

pytestmark = pytest.mark.backend


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (12, 2, 2, 1), dtype="uint8")


@pytest.fixture
def gan(small, pixels):
    trained = small.compiled(small.gan(size=4, shape=(2, 2, 1)))
    trained.fit(pixels, batch_size=6, verbose=0)
    return trained


@pytest.mark.parametrize("option", ["validation_data", "sample_weight", "class_weight"])
def test_what_would_change_nothing_is_refused_by_name(gan, pixels, option):
    with pytest.raises(UsageError, match=f"no use for {option}"):
        gan.fit(pixels, verbose=0, **{option: {0: 0.0} if option == "class_weight" else pixels})


@pytest.mark.parametrize("kind", ["int32", "int64", "uint16", "int8", "bool"])
def test_integers_other_than_pixels_are_refused(gan, pixels, kind):
    with pytest.raises(UsageError, match=f"uint8.*Received: {kind}"):
        gan.fit(pixels.astype(kind), verbose=0)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.full((4, 2, 2, 1), 255.0), "from -1 to 1. Received: from 255 to 255"),
        (np.full((4, 2, 2, 1), np.nan), "Received: from nan"),
        (np.zeros((4, 3, 2, 1), "uint8"), r"Expected: .*2, 2, 1.*Received: .*\(4, 3, 2, 1\)"),
        (np.zeros((4, 2, 2, 3), "uint8"), r"Received: .*\(4, 2, 2, 3\)"),
        (np.zeros((0, 2, 2, 1), "uint8"), r"Received: .*\(0, 2, 2, 1\)"),
    ],
)
def test_arrays_that_are_not_samples_in_the_range_are_refused(gan, images, words):
    with pytest.raises(UsageError, match=words):
        gan.fit(images, verbose=0)


def test_points_have_no_range(small, points):
    small.compiled(small.gan()).fit(100 * points, batch_size=6, verbose=0)


@pytest.mark.parametrize("call", ["evaluate", "test_on_batch", "predict"])
def test_after_a_mistaken_call_the_model_samples_what_it_sampled(gan, small, pixels, call):
    state, samples = small.arrays(gan), gan.sample(3, seed=1)
    with pytest.raises(Exception):  # noqa: B017 - whatever the framework says of wrong shapes
        getattr(gan, call)(pixels)
    assert not small.differing(state, small.arrays(gan))
    np.testing.assert_array_equal(gan.sample(3, seed=1), samples)
    gan.fit(pixels, batch_size=6, verbose=0)
    assert int(gan.steps.value) == 4


def stream(*batches):
    """A generator, whose arrays nobody looks at before they are on the device."""
    yield from batches


# Labels

Y = np.arange(12) % 4


@pytest.fixture
def conditional(small):
    gan = small.compiled(small.gan(size=4, shape=(2, 2, 1), classes=4))
    gan.num_classes = 4
    return gan


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (Y + 1, r"in \[0, 4\).*from 1 to 4.*labels - 1"),
        (Y - 1, "from -1 to 2"),
        (Y * 1000, "from 0 to 3000"),
        (Y[:, None] + 1, "from 1 to 4"),
        (Y + 0.5, "from 0.5 to 3.5, with fractions"),
        (np.full(12, np.nan), "nan"),
        (np.eye(4)[Y], r"shape \(12, 4\).*argmax"),
        (np.eye(4)[Y][:, :, None], r"shape \(12, 4, 1\)"),
        (Y.astype(str), "an array of <U"),
        (Y[:5], "one label per sample. Expected: 12. Received: 5"),
        (None, "images and labels"),
    ],
)
def test_labels_that_do_not_exist_are_refused(conditional, pixels, labels, words):
    for train in (conditional.fit, conditional.train_on_batch):
        with pytest.raises(UsageError, match=words):
            train(pixels, labels)
    assert int(conditional.steps.value) == 0


@pytest.mark.parametrize("kind", ["uint8", "int64", "float32"])
def test_labels_come_as_in_the_data_sets_of_keras(conditional, small, pixels, kind):
    conditional.fit(pixels, Y[:, None].astype(kind), batch_size=6, verbose=0)
    labels = stream((pixels[:6], Y[:6, None].astype(kind)))
    conditional.fit(labels, steps_per_epoch=1, verbose=0, shuffle=False)
    assert int(conditional.steps.value) == 3


def test_fewer_is_known_where_the_number_of_classes_is_not(small, pixels):
    gan = small.compiled(small.gan(size=4, shape=(2, 2, 1), classes=9))
    gan.fit(pixels, Y + 1, batch_size=6, verbose=0)
    with pytest.raises(UsageError, match="whole numbers from 0.*from -1 to 2"):
        gan.fit(pixels, Y - 1, verbose=0)


@pytest.mark.parametrize("labels", [Y + 1, Y - 1, Y * 1000, Y + 0.5, Y[:, None] + 1])
def test_a_stream_of_labels_that_do_not_exist_ends_where_losses_are_read(
    conditional, pixels, labels
):
    with pytest.raises(Diverged, match="classes that do not exist"):
        conditional.fit(
            stream((pixels, labels.astype("float32"))), steps_per_epoch=1, verbose=0, shuffle=False
        )


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.full((4, 2, 2, 1), 3, "int32"), "uint8, or floats.*Received: int32"),
        (np.zeros((4, 3, 2, 1), "uint8"), r"Expected: .*2, 2, 1.*Received: .*3, 2, 1"),
        (np.zeros((4, 2, 2, 3), "float32"), r"Received: .*2, 2, 3"),
    ],
)
def test_a_stream_of_other_samples_is_refused(gan, small, pixels, images, words):
    with pytest.raises(UsageError, match=words):
        gan.fit(stream((images,)), steps_per_epoch=1, verbose=0, shuffle=False)
    gan.sample(1)
    gan.fit(pixels, batch_size=6, verbose=0)


def test_a_stream_of_floats_beside_the_range_ends_where_losses_are_read(gan):
    with pytest.raises(Diverged, match="floats far beside the GAN's range"):
        images = np.full((4, 2, 2, 1), 255.0, "float32")
        gan.fit(stream((images,)), steps_per_epoch=1, verbose=0, shuffle=False)


def test_a_stream_may_overshoot_the_range_a_little_as_resampling_does(gan):
    images = np.full((4, 2, 2, 1), 0.5, "float32")
    images[1] = 1.1
    gan.fit(stream((images,)), steps_per_epoch=1, verbose=0, shuffle=False)
    assert all(np.isfinite(weight).all() for weight in gan.get_weights())


def test_a_keras_file_knows_its_classes(conditional, tmp_path):
    conditional.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    assert again.num_classes == 4
    with pytest.raises(UsageError, match=r"in \[0, 4\)"):
        again.sample(2, labels=4)


def test_a_generator_that_is_called_by_itself_draws_no_class_that_there_is_not(tmp_path):
    from ganzoo_classic.cdcgan import cdcgan

    gan = cdcgan((8, 8, 1), 4, generator_base_channels=4, discriminator_base_channels=4)
    gan.generator.save(tmp_path / "generator.keras")
    latents, labels = np.zeros((3, 100), "float32"), np.array([3, 4, -1], "int32")
    for generator in (gan.generator, keras.saving.load_model(tmp_path / "generator.keras")):
        images = keras.ops.convert_to_numpy(generator([latents, labels]))
        assert np.isfinite(images[0]).all()
        assert np.isnan(images[1:]).all()


def test_generate_refuses_arrays_of_labels_that_do_not_exist(conditional):
    latents = conditional.sampler.sample_latents(2, 0)
    with pytest.raises(UsageError, match=r"in \[0, 4\).*Received: \[0, 4\]"):
        conditional.sampler.generate(latents, np.array([0, 4]))
