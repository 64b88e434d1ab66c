"""Data sets behind keras.datasets. Keras is real, in processes of their own; only the function
that fetches a file from the network is replaced."""

import io
import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from children import run_python
from ganzoo_data.cifar10 import cifar10
from ganzoo_data.cifar100 import cifar100
from ganzoo_data.fashion_mnist import fashion_mnist
from ganzoo_data.mnist import mnist

from ganzoo.errors import InvalidInput, UsageError

REAL = os.environ.get("GANZOO_TEST_DATA")

# Lays out what Keras would have downloaded: ten numbered images of each kind.
FETCHED = """
import gzip, pickle, struct, sys
from pathlib import Path
import numpy as np

folder = Path(sys.argv[1])
pixels = np.arange(10 * 28 * 28, dtype=np.uint8).reshape(10, 28, 28)
labels = np.arange(10, dtype=np.uint8)
np.savez(folder / "mnist.npz", x_train=pixels, y_train=labels, x_test=pixels, y_test=labels)
for part in ("train", "t10k"):
    with gzip.open(folder / f"{part}-images-idx3-ubyte.gz", "wb") as file:
        file.write(struct.pack(">IIII", 2051, 10, 28, 28) + pixels.tobytes())
    with gzip.open(folder / f"{part}-labels-idx1-ubyte.gz", "wb") as file:
        file.write(struct.pack(">II", 2049, 10) + labels.tobytes())
(folder / "cifar" / "cifar-10-batches-py").mkdir(parents=True)
for i in (1, 2, 3, 4, 5):  # one image a batch: Keras repeats it to its 10,000
    image = np.full((1, 3072), i, np.uint8)
    batch = {b"data": image, b"labels": [i]}
    for name in (f"data_batch_{i}", "test_batch"):
        (folder / "cifar" / "cifar-10-batches-py" / name).write_bytes(pickle.dumps(batch))
(folder / "cifar" / "cifar-100-python").mkdir()
batch = {b"data": np.full((10, 3072), 9, np.uint8), b"coarse_labels": [0] * 10}
batch[b"fine_labels"] = [*range(0, 90, 10), 99]
for name in ("train", "test"):
    (folder / "cifar" / "cifar-100-python" / name).write_bytes(pickle.dumps(batch))
"""

NETWORK = """
import keras

fetched = []

def get_file(fname=None, origin=None, **options):
    print("Downloading data from", origin)  # as Keras does, on stdout
    fetched.append(fname)
    return str(folder / ("cifar" if "cifar" in fname else fname))

for name in ("mnist", "fashion_mnist", "cifar10", "cifar100"):
    getattr(keras.datasets, name).load_data.__globals__["get_file"] = get_file
"""

LOAD = """
import json, sys
from ganzoo_data.cifar10 import cifar10
from ganzoo_data.cifar100 import cifar100
from ganzoo_data.fashion_mnist import fashion_mnist
from ganzoo_data.mnist import mnist

facts = {}
for load in (mnist, fashion_mnist, cifar10, cifar100):
    data = load()
    facts[data.name] = data.describe() | {
        "sum": int(data.images.sum(dtype="int64")),
        "labels": data.labels[::len(data) // 10].tolist(),
        "first": data.images[0, :2, :3, 0].tolist(),
    }
print(json.dumps(facts))
"""

WITHOUT_KERAS = "import sys\nsys.modules['keras'] = None\n"

FORBIDDEN = """
from ganzoo.data.availability import DataMissing, downloads_forbidden
from ganzoo_data.mnist import mnist
with downloads_forbidden():
    try:
        mnist()
    except DataMissing as absent:
        print(absent)
print(fetched)
mnist()
print(fetched)
with downloads_forbidden():
    print(len(mnist()))
"""

FAILURE = """
import keras

def get_file(*args, **options):
    raise Exception("URL fetch failure on https://storage.googleapis.com/...: None -- no network")

keras.datasets.mnist.load_data.__globals__["get_file"] = get_file
from ganzoo_data.mnist import mnist
from ganzoo.errors import EnvironmentProblem
try:
    mnist()
except EnvironmentProblem as error:
    print(error)
"""


OFFLINE = """
import urllib.request
from ganzoo.data.availability import DataMissing
from ganzoo_data.cifar10 import cifar10
from ganzoo_data.mnist import mnist
for load in (mnist, cifar10):
    try:
        load()
    except DataMissing as absent:
        print(absent)
print(urllib.request._opener)
"""


@pytest.fixture
def run(tmp_path, home):
    def script(code, **environment):
        homes = {"GANZOO_HOME": home, "KERAS_HOME": tmp_path / "keras"}
        env = {"KERAS_BACKEND": "jax", **homes, **environment}
        return run_python("-c", code, tmp_path, env=env)

    return script


def test_the_second_start_needs_neither_keras_nor_the_network(run):
    first = run(FETCHED + NETWORK + LOAD)
    second = run(WITHOUT_KERAS + LOAD)

    facts = json.loads(first.stdout)  # what Keras prints is not on stdout
    assert json.loads(second.stdout) == facts
    assert "Downloading data" in first.stderr
    assert "Downloading data" not in second.stderr
    numbers = np.arange(10 * 28 * 28, dtype=np.uint8)
    for name, label in (("mnist", "3"), ("fashion-mnist", "Dress")):
        assert facts[name]["image_shape"] == [28, 28, 1]
        assert facts[name]["count"] == 10
        assert facts[name]["sum"] == numbers.sum(dtype=int)
        assert facts[name]["first"] == [[0, 1, 2], [28, 29, 30]]
        assert facts[name]["labels"] == list(range(10))
        assert facts[name]["classes"][3] == label
    assert facts["mnist"]["fingerprint"] == facts["fashion-mnist"]["fingerprint"]
    assert facts["cifar10"]["image_shape"] == [32, 32, 3]
    assert facts["cifar10"]["count"] == 50_000
    assert facts["cifar10"]["sum"] == sum(range(1, 6)) * 10_000 * 3072
    assert facts["cifar10"]["labels"] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert facts["cifar100"]["image_shape"] == [32, 32, 3]
    assert facts["cifar100"]["labels"] == [0, 10, 20, 30, 40, 50, 60, 70, 80, 99]  # fine ones
    assert facts["cifar100"]["classes"][98:] == ["woman", "worm"]


def test_keras_is_not_called_where_that_is_forbidden(run):
    lines = run(FETCHED + NETWORK + FORBIDDEN).stdout.splitlines()
    assert lines[0].startswith("mnist is not here, and nothing is downloaded now.")
    assert "(11 MB)" in lines[0] and "--data mnist.npz" in lines[0]
    # until it is asked for by a block in which it may be; then it is here
    assert lines[1:] == ["[]", "['mnist.npz']", "10"]


def test_offline_keras_downloads_nothing(run):
    lines = run(OFFLINE, GANZOO_OFFLINE="1").stdout.splitlines()
    assert lines[0].startswith("mnist is not here, and offline mode is on. Unset GANZOO_OFFLINE")
    assert lines[1].startswith("cifar10 is not here, and offline mode is on.")
    assert lines[2:] == ["None"]  # as it was


def test_a_failed_download_names_the_ways_in_one_line(run):
    message = run(FAILURE).stdout
    assert message.count("\n") == 1
    assert "no network" in message
    for way in ("put mnist.npz into", "KERAS_HOME", "--data mnist.npz"):
        assert way in message


# --- an .npz file instead -----------------------------------------------------------------


@pytest.fixture
def npz(tmp_path):
    """Writes arrays under Keras' names."""

    def write(pixels, labels, save=np.savez_compressed, **more):
        path = tmp_path / "data.npz"
        save(path, x_train=pixels, y_train=labels, **more)
        return str(path)

    return write


SETS = [
    (mnist, (28, 28, 1), 10),
    (fashion_mnist, (28, 28, 1), 10),
    (cifar10, (32, 32, 3), 10),
    (cifar100, (32, 32, 3), 100),
]


@pytest.mark.parametrize(("load", "shape", "classes"), SETS)
def test_an_npz_file_needs_no_keras(npz, load, shape, classes, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    pixels = np.random.default_rng(0).integers(0, 256, (6, *shape), np.uint8)
    dataset = load(data=npz(pixels, np.arange(6)[:, None]))
    np.testing.assert_array_equal(dataset.images, pixels)
    assert dataset.labels.tolist() == [0, 1, 2, 3, 4, 5]
    assert len(set(dataset.classes)) == classes


def test_gray_images_may_have_no_axis_of_channels(npz):
    assert mnist(data=npz(np.zeros((3, 28, 28), np.uint8), [1, 2, 3])).image_shape == (28, 28, 1)


def test_the_first_images_can_be_requested(npz):
    assert len(mnist(data=npz(np.zeros((9, 28, 28), np.uint8), np.zeros(9, int)), images=4)) == 4


@pytest.mark.parametrize(
    ("pixels", "labels"),
    [
        (np.zeros((3, 28, 28), np.float32), [1, 2, 3]),
        (np.zeros((3, 32, 32, 3), np.uint8), [1, 2, 3]),
        (np.zeros((0, 28, 28), np.uint8), []),
        (np.zeros((3, 28, 28), np.uint8), [1, 2]),
        (np.zeros((3, 28, 28), np.uint8), [1, 2, 10]),
        (np.zeros((3, 28, 28), np.uint8), [1.0, 2.0, 3.0]),
        (np.array([{}, {}, {}]), [1, 2, 3]),  # Python objects: never unpickled
    ],
)
def test_arrays_that_do_not_fit_are_refused(npz, pixels, labels):
    with pytest.raises(InvalidInput, match="Received"):
        mnist(data=npz(pixels, labels))


def test_an_array_that_states_terabytes_is_refused(tmp_path, pack):
    header = io.BytesIO()
    stated = {"descr": "|u1", "fortran_order": False, "shape": (2**32, 28, 28)}
    np.lib.format.write_array_header_1_0(header, stated)
    path = pack(tmp_path / "data.npz", {"x_train.npy": header.getvalue() + bytes(784)})
    with pytest.raises(InvalidInput, match="more than it holds"):
        mnist(data=str(path))


def test_a_bomb_is_refused_before_it_is_read(npz, monkeypatch):
    monkeypatch.setattr("ganzoo_data.keras_arrays._MAX_IMAGES", 10)
    path = npz(np.zeros((11, 28, 28), np.uint8), np.zeros(11, int))
    with pytest.raises(InvalidInput, match="unpacks to 8,752 bytes; the limit is 7,840"):
        mnist(data=path)


def test_a_file_that_is_no_npz_of_keras_is_refused(tmp_path):
    path = tmp_path / "data.npz"
    np.savez(path, images=np.zeros(3))
    for content in (path.read_bytes(), b"", b"\x93NUMPY", b"PK\x03\x04"):
        path.write_bytes(content)
        with pytest.raises(InvalidInput, match="x_train"):
            mnist(data=str(path))


def test_a_path_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        mnist(data=str(tmp_path / "missing.npz"))


# --- the real data, where a developer has it ----------------------------------------------


@pytest.mark.skipif(not REAL, reason="GANZOO_TEST_DATA does not name a folder with the real sets")
def test_the_real_fashion_mnist_has_6000_garments_of_each_class(run, tmp_path):
    home = shutil.copytree(Path(REAL) / "keras", tmp_path / "keras", copy_function=shutil.copyfile)
    done = run(
        "import json, numpy as np\n"
        "from ganzoo_data.fashion_mnist import fashion_mnist\n"
        "data = fashion_mnist()\n"
        "print(json.dumps([list(data.images.shape), np.bincount(data.labels).tolist()]))",
        KERAS_HOME=str(home),
    )
    assert json.loads(done.stdout) == [[60_000, 28, 28, 1], [6_000] * 10]


@pytest.mark.skipif(not REAL, reason="GANZOO_TEST_DATA does not name a folder with the real sets")
def test_the_real_mnist_has_the_published_counts():
    dataset = mnist(data=str(Path(REAL) / "mnist.npz"))
    assert dataset.images.shape == (60_000, 28, 28, 1)
    # LeCun et al., train-labels-idx1-ubyte
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(dataset.labels).tolist() == counts
