import numpy as np
import pytest
from ganzoo_data.celeba import celeba

from ganzoo.data.images import Preprocessing, decode_image
from ganzoo.errors import InvalidInput, UnknownName, UsageError

NAMES = ("5_o_Clock_Shadow", "Smiling", "Young")
ROWS = np.array([[0, 1, 1], [1, 0, 1], [0, 0, 0], [1, 1, 0], [0, 1, 0]])
COUNT = len(ROWS)


def attributes(rows=ROWS, names=NAMES, count=None):
    """list_attr_celeba.txt, spaces and all, as it is published."""
    lines = [str(len(rows) if count is None else count), " ".join(names) + " "]
    for i, row in enumerate(rows):
        values = " ".join(f"{2 * value - 1:2d}" for value in row)
        lines.append(f"{i + 1:06d}.jpg {values}")
    return ("\n".join(lines) + "\n").encode()


@pytest.fixture
def faces(image):
    return {
        f"img_align_celeba/{i + 1:06d}.jpg": image(i, size=(178, 218), kind="JPEG")
        for i in range(COUNT)
    }


@pytest.fixture
def official(faces):
    partition = "".join(f"{i + 1:06d}.jpg 0\n" for i in range(COUNT)).encode()
    lists = {"list_attr_celeba.txt": attributes(), "list_eval_partition.txt": partition}
    return faces | lists


@pytest.fixture(
    params=["folder", "folder of images", "zip", "zip beside a list", "folder with zip", "drive"]
)
def data(request, tmp_path, fill, pack, faces, official):
    """CelebA in every shape that people have it in."""
    root = tmp_path / "data"
    root.mkdir()
    lists = {name: content for name, content in official.items() if name not in faces}
    match request.param:
        case "folder":
            return fill(root, official)
        case "folder of images":
            return fill(root, official) / "img_align_celeba"
        case "zip":
            return pack(root / "celeba.zip", {f"celeba/{k}": v for k, v in official.items()})
        case "zip beside a list":
            return pack(fill(root, lists) / "img_align_celeba.zip", faces)
        case "folder with zip":
            return pack(fill(root, lists) / "img_align_celeba.zip", faces).parent
        case "drive":  # the folders of the official Google Drive
            fill(root, {"Img/readme": b"x", "Anno/list_attr_celeba.txt": attributes()})
            return pack(root / "Img" / "img_align_celeba.zip", faces).parent.parent


def test_every_official_shape_gives_the_same_faces(data, faces):
    dataset = celeba(data=str(data), size=32)
    expected = [decode_image(faces[name], name, Preprocessing(size=32)) for name in sorted(faces)]
    np.testing.assert_array_equal(dataset.images, expected)
    assert (dataset.labels, dataset.classes) == (None, ())


def test_an_attribute_gives_two_classes(data):
    dataset = celeba(data=str(data), size=8, attribute="Smiling")
    assert dataset.classes == ("not Smiling", "Smiling")
    assert dataset.labels.tolist() == ROWS[:, 1].tolist()
    assert dataset.labels.dtype == np.int32


def test_all_attributes_can_be_labels(data):
    dataset = celeba(data=str(data), size=8, attribute="all", images=3)
    assert dataset.classes == NAMES
    assert dataset.labels.tolist() == ROWS[:3].tolist()
    assert dataset.labels.dtype == np.uint8


@pytest.fixture
def folder(tmp_path, fill, official):
    return str(fill(tmp_path / "folder", official))


def test_a_crop_is_cut_from_the_originals(folder, faces):
    dataset = celeba(data=folder, size=128, crop=[0, 15, 178, 193])
    preprocessing = Preprocessing(size=128, crop=(0, 15, 178, 193))
    np.testing.assert_array_equal(
        dataset.images[0], decode_image(next(iter(faces.values())), "a", preprocessing)
    )


def test_the_first_images_are_those_with_the_lowest_numbers(folder):
    whole, some = celeba(data=folder, size=8), celeba(data=folder, size=8, images=2)
    np.testing.assert_array_equal(some.images, whole.images[:2])
    assert len(celeba(data=folder, size=8, images=10_000)) == COUNT


def test_the_identity_depends_on_attributes_crops_and_counts(folder):
    options = [{}, {"attribute": "Young"}, {"attribute": "all"}, {"images": 2}, {"size": 9}]
    options.append({"crop": [0, 0, 100, 100]})
    identities = [celeba(**{"data": folder, "size": 8, **option}).fingerprint for option in options]
    assert len(set(identities)) == len(options)
    assert celeba(data=folder, size=8).fingerprint == identities[0]


def test_another_attribute_needs_no_decoding(folder, monkeypatch):
    celeba(data=folder, size=8)

    def fail(*args):
        raise AssertionError("decoded again")

    monkeypatch.setattr("ganzoo.data.prepare.decode_image", fail)
    assert celeba(data=folder, size=8, attribute="Smiling").labels.sum() == 3


@pytest.mark.parametrize("where", ["celeba", "celeba/unpacked/here", "celeba.zip", "elsewhere"])
def test_faces_in_the_data_folder_are_found(
    home, tmp_path, fill, pack, official, monkeypatch, where
):
    (home / "data").mkdir()
    if where == "celeba.zip":
        pack(home / "data" / where, official)
    elif where == "elsewhere":
        monkeypatch.setenv("GANZOO_DATA", str(tmp_path / where))
        fill(tmp_path / where / "celeba", official)
    else:
        fill(home / "data" / where, official)
    assert len(celeba(size=8, attribute="Young")) == COUNT


def test_an_attribute_without_the_list_is_refused(tmp_path, fill, faces):
    data = str(fill(tmp_path / "a", faces))
    with pytest.raises(InvalidInput, match=r"need the official list list_attr_celeba\.txt"):
        celeba(data=data, attribute="Smiling")
    assert len(celeba(data=data, size=8)) == COUNT


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff\xfe", attributes(count=4), attributes(count="many"),
        attributes(names=NAMES[:2]), attributes(rows=ROWS + 1),
        attributes() + b"000001.jpg  1  1  1\n", attributes()[:-20],
    ],
)  # fmt: skip
def test_a_damaged_list_is_refused(folder, tmp_path, content):
    (tmp_path / "folder" / "list_attr_celeba.txt").write_bytes(content)
    with pytest.raises(InvalidInput, match="must hold a count"):
        celeba(data=folder, attribute="Smiling")


def test_an_image_that_is_not_in_the_list_is_named(folder, tmp_path):
    (tmp_path / "folder" / "list_attr_celeba.txt").write_bytes(attributes(rows=ROWS[:4]))
    with pytest.raises(InvalidInput, match=r"Received: '000005\.jpg'"):
        celeba(data=folder, attribute="Smiling")


def test_images_in_another_layout_are_refused(tmp_path, fill, image):
    data = fill(tmp_path / "a", {"faces/1.jpg": image(kind="JPEG")})
    with pytest.raises(InvalidInput, match="official layout.*ganzoo train --data"):
        celeba(data=str(data))


def test_two_sets_of_images_are_refused(tmp_path, fill, faces):
    twice = faces | {f"copy/{name}": data for name, data in faces.items()}
    with pytest.raises(InvalidInput, match="one folder img_align_celeba"):
        celeba(data=str(fill(tmp_path / "a", twice)))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"attribute": "smiling"}, UnknownName, "Did you mean 'Smiling'"),
        ({"data": "/nowhere"}, UsageError, "does not exist"),  # and nothing is downloaded
        ({"crop": [0, 0, 178, 219]}, InvalidInput, "smaller than the crop"),
        *[({"images": images}, UsageError, "images must be") for images in (0, -1, 2.5, True)],
    ],
)
def test_options_out_of_range_are_refused(folder, options, error, message):
    with pytest.raises(error, match=message):
        celeba(**{"data": folder, **options})
