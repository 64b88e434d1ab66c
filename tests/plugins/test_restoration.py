"""ESRGAN's networks: those of published files draw what ncnn draws, at any size."""

from pathlib import Path

import numpy as np
import pytest
from lazy_keras import Lazy, keras, tensor, to_numpy
from ncnn_networks import compact_shapes, image, rrdb_shapes, write_ncnn
from published_layouts import numbers, write

from ganzoo.errors import UsageError
from ganzoo.files import safetensors
from ganzoo.jobs.models.load import load
from ganzoo.jobs.publishing.convert import convert, file_of_package
from ganzoo.jobs.publishing.import_weights import FileDescription, import_weights

pytestmark = pytest.mark.backend

esrgan = Lazy("ganzoo_restoration.esrgan")
batches = Lazy("ganzoo.gan.batches")
random = Lazy("ganzoo.gan.random")
RECORDED = Path(__file__).parent / "recorded" / "realesrgan-ncnn.safetensors"
SHAPES = {"compact": compact_shapes, "rrdb": rrdb_shapes}
SCALES = {"compact": 2, "rrdb": 4}
PREFIXES = {"compact": "params", "rrdb": "params_ema"}


@pytest.mark.parametrize("name", SHAPES)
def test_an_imported_network_draws_what_ncnn_draws(name, tmp_path, monkeypatch, cheap_weights):
    monkeypatch.setenv("GANZOO_HOME", str(tmp_path / "home"))
    path = write_ncnn(tmp_path, numbers(SHAPES[name](), 1.0))
    data = FileDescription(data_license="CC0-1.0")
    import_weights(path, "mine", license="BSD-3-Clause", description=data)
    gan = load("mine")
    assert gan.sampler.label_shape == (None, None, 3) and gan.sampler.latent_shape == (0,)
    expected = safetensors.load(RECORDED)[name]
    made = to_numpy(gan.sampler.generate(None, image()[None]))[0]
    assert expected.std() > 0.1
    np.testing.assert_allclose(made, expected, rtol=0, atol=2e-5)
    pixels = gan.sample(1, labels=image()[None])[0]
    np.testing.assert_allclose(pixels, np.clip(expected * 255, 0, 255), rtol=0, atol=0.51)


@pytest.mark.parametrize("name", SHAPES)
def test_the_authors_file_is_the_network_of_ncnns(name, tmp_path, monkeypatch):
    arrays = numbers(SHAPES[name](), 1.0)
    for key, array in arrays.items():  # as ncnn has them
        if array.ndim == 4:
            arrays[key] = array.astype("f2").astype("f4")
    pytest.importorskip("torch")
    write(tmp_path / "net.pth", f"state {PREFIXES[name]}", arrays, monkeypatch)
    one, other = convert(tmp_path / "net.pth"), convert(write_ncnn(tmp_path, arrays))
    assert (one.architecture, one.options) == (other.architecture, other.options)
    assert one.image_shape == other.image_shape
    assert one.source_shape == (64, 64, 3) and one.image_shape[0] == 64 * SCALES[name]
    assert one.arrays.keys() == other.arrays.keys()
    for key, array in one.arrays.items():
        np.testing.assert_array_equal(array, other.arrays[key], err_msg=key)
    larger = one.resized((40 * SCALES[name], 48 * SCALES[name], 3))
    assert larger.source_shape == (40, 48, 3)


def test_a_resize_at_the_end_is_left_out_and_said(tmp_path):
    found = convert(write_ncnn(tmp_path, numbers(compact_shapes(), 1.0), resize=True))
    assert "resize to another scale" in found.dropped[0]


OTHERS = {
    "rrdb": [
        ("BinaryOp", "Noop"), (" 0=1 1=2.0", " 0=2 1=2.0"), ("-23310=1,2.0", "-23310=1,1.0"),
        (" 9=2 -23310=1,2.000000e-01", ""), ("-23301=2,2.0", "-23301=2,1.0"),
        (" 4=1 ", " 3=2 4=1 "), (" 4=1 ", " 2=2 4=1 "), (" 4=1 ", " 4=1 14=0 "),
        ("1=2.000000e+00", "1=3.000000e+00"),
        ("-23301=2,2.000000e-01,1.000000e+00", ""),
    ],
    "compact": [("0=1 1=2.0", "0=2 1=2.0"), ("1=2.0", "1=4.0"), (" 4=1 ", " 3=2 4=1 "),
                (" 5=1 ", " 5=1 9=1 ")],
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_a_network_that_computes_something_else_is_not_recognized(name, tmp_path):
    path = write_ncnn(tmp_path, numbers(SHAPES[name](), 1.0))
    text = path.read_text()
    for before, after in OTHERS[name]:
        path.write_text(text.replace(before, after))
        assert path.read_text() != text
        with pytest.raises(UsageError, match="none of the converters"):
            convert(path)


@pytest.mark.parametrize(
    ("name", "shapes", "match"),
    [
        ("esrgan", ((24, 24, 3), (8, 8, 3)), "2 to 8 times"),
        ("esrgan", ((32, 16, 3), (8, 8, 3)), "from .8, 8, 3. to .32, 16, 3."),
        ("esrgan_compact", ((8, 8, 3), (8, 8, 3)), "2 to 8 times"),
        ("esrgan_compact", ((16, 16, 1), (8, 8, 3)), "Received: from"),
        ("esrgan_compact", ((12, 12, 3), (6, 6, 3)), "multiples of 8"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(name, shapes, match):
    with pytest.raises(UsageError, match=match):
        getattr(esrgan, name)(*shapes)


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_scales(scale):
    sizes = (8 * scale, 16 * scale, 3), (8, 16, 3)
    made = [esrgan.esrgan_compact(*sizes, base_channels=4, discriminator_base_channels=2)]
    if scale != 3:
        made += [esrgan.esrgan(*sizes, base_channels=4, growth_channels=2, num_blocks=1,
                               discriminator_base_channels=2)]  # fmt: skip
    for gan in made:
        assert gan.sample(2, labels=np.zeros((2, 8, 16, 3), "uint8")).shape == (2, *sizes[0])
        logits = gan.discriminator(tensor(np.zeros((2, *sizes[0]))))
        assert tuple(logits.shape) == (2, *sizes[0][:2], 1)


def test_the_paper_has_so_many_parameters():
    compact = esrgan.esrgan_compact((64, 64, 3), (16, 16, 3))
    assert compact.generator.count_params() == 621_424
    assert compact.tile_overlap == 18
    six = esrgan.esrgan((64, 64, 3), (16, 16, 3), num_blocks=6, discriminator_base_channels=2)
    assert six.generator.count_params() == 4_467_779
    assert six.tile_overlap == 64
    # of the U-Net discriminator of Real-ESRGAN: 4,376,897, and the estimates of spectral norm
    trained = sum(np.prod(w.shape) for w in compact.discriminator.trainable_weights)
    assert trained == 4_376_897


def test_the_loss_adds_the_distance_from_the_original():
    gan = esrgan.esrgan_compact((16, 16, 3), (8, 8, 3), base_channels=4, l1_weight=3.0,
                                discriminator_base_channels=2)  # fmt: skip
    real = tensor(np.full((2, 16, 16, 3), 0.25))
    batch = batches.Batch(real, tensor(np.zeros((2, 0))), tensor(np.zeros((2, 8, 8, 3))), None)
    terms = gan.generator_loss_terms(batch, real + 0.5, [])
    assert to_numpy(terms["l1"]) == pytest.approx(1.5)
    again = type(gan).from_config(gan.get_config())
    assert (again.l1_weight, again.tile_overlap) == (3.0, gan.tile_overlap)


def test_the_perceptual_loss_reaches_the_generator_through_a_frozen_network():
    gan = esrgan.esrgan_compact((32, 32, 3), (16, 16, 3), base_channels=4, num_convolutions=1,
                                l1_weight=0.0, perceptual_weight=2.0,
                                discriminator_base_channels=2)  # fmt: skip
    data = np.random.default_rng(0)
    images = data.integers(0, 256, (4, 32, 32, 3), "uint8")
    photo = gan.frozen_networks["photo"]
    before = [to_numpy(v.value).copy() for v in photo.variables]
    last = gan.generator.get_layer("last").kernel
    start = to_numpy(last.value).copy()
    gan.compile("adam", "adam")
    history = gan.fit(images, images[:, ::2, ::2], batch_size=4, epochs=1, verbose=0).history
    assert 0 < history["perceptual"][0] < 8  # twice a distance from 0 to 4
    assert (to_numpy(last.value) != start).any()
    for variable, value in zip(photo.variables, before, strict=True):
        np.testing.assert_array_equal(to_numpy(variable.value), value)
    assert not any("photo" in name for name in gan.state())


def test_every_pixel_within_the_overlap_counts_and_none_beyond():
    gan = esrgan.esrgan_compact((16, 16, 1), (8, 8, 1), base_channels=4, num_convolutions=2,
                                discriminator_base_channels=2)  # fmt: skip
    numbers = np.random.default_rng(0)
    for variable in gan.generator.weights:
        variable.assign(numbers.normal(0, 0.5, variable.shape))
    x = numbers.random((1, 21, 21, 1)).astype("float32")
    moved = x.copy()
    moved[0, 10, 10] += 1
    one, other = (to_numpy(gan.generator(keras.ops.convert_to_tensor(v))) for v in (x, moved))
    rows = np.flatnonzero((one != other).any(axis=(0, 2, 3))) // 2
    assert (rows.min(), rows.max()) == (10 - gan.tile_overlap, 10 + gan.tile_overlap)


def test_a_file_of_an_installed_package_is_named_by_it(tmp_path, monkeypatch):
    (tmp_path / "some_networks" / "models").mkdir(parents=True)
    (tmp_path / "some_networks" / "__init__.py").write_text("raise RuntimeError('imported')")
    write_ncnn(tmp_path / "some_networks" / "models", numbers(compact_shapes(), 1.0))
    monkeypatch.syspath_prepend(tmp_path)
    path = file_of_package("some_networks:models/net.param")
    assert convert(path).architecture == "esrgan-compact"
    assert file_of_package(tmp_path / "net.pth") == tmp_path / "net.pth"
    with pytest.raises(UsageError, match="no installed package 'other_networks'"):
        file_of_package("other_networks:models/net.param")
