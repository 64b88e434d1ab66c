"""Labels of one's own images in a CSV file."""

import numpy as np
import pytest
from ganzoo_data.folder import folder
from ganzoo_data.zip_file import zip_file

from ganzoo import Dataset
from ganzoo.errors import InvalidInput


@pytest.fixture(params=["folder", "zip"])
def load(request, tmp_path, fill, pack, image):
    """Three images in two folders and a list of their labels."""

    def from_list(text, **options):
        files = {name: image(i) for i, name in enumerate(("1.png", "a/2.png", "a/3.png"))}
        files["labels.csv"] = text if isinstance(text, bytes) else text.encode()
        if request.param == "folder":
            return folder(data=str(fill(tmp_path / "mine", files)), **options)
        return zip_file(data=str(pack(tmp_path / "mine.zip", files)), **options)

    return from_list


@pytest.mark.parametrize(
    ("text", "labels", "classes"),
    [
        ("file,class\n1.png,dog\na/2.png,cat\na/3.png,dog\n", [1, 0, 1], ("cat", "dog")),
        ("\ufefffile;class\r\na/3.png;10\r\n1.png;9\r\n./a/2.png;9\r\n", [0, 0, 1], ("9", "10")),
        ("f\thot\tred\n1.png\t1\t0\na\\2.png\t1\t1\na/3.png\t0\t0\n", [[1, 0], [1, 1], [0, 0]],
         ("hot", "red")),
        ("f,age\n1.png,3.5\na/2.png,-1e3\na/3.png,7.0\n", [[3.5], [-1000], [7]], ("age",)),
        ('f,x,y\n"1.png",1,2\na/2.png,3,4\na/3.png,5,6\n', [[1, 2], [3, 4], [5, 6]], ("x", "y")),
    ],
)  # fmt: skip
def test_a_list_has_classes_attributes_or_numbers(load, capsys, text, labels, classes):
    dataset = load(text)
    assert (dataset.labels.tolist(), dataset.classes) == (labels, classes)
    kind = dataset.describe()["labels"]
    assert f"The labels are those of labels.csv ({len(classes)} {kind})" in capsys.readouterr().err
    assert kind == {"i": "classes", "u": "attributes", "f": "numbers"}[dataset.labels.dtype.kind]


def test_other_labels_are_another_data_set(load):
    text = "f,age\n1.png,3.5\na/2.png,1.5\na/3.png,{}\n"
    assert load(text.format(1.0)).fingerprint != load(text.format(1.5)).fingerprint


def test_each_mirror_image_has_the_label_of_its_image(load):
    dataset = load("f,x,y\n1.png,1,2\na/2.png,3,4\na/3.png,5,6\n", mirror=True)
    assert dataset.labels.tolist() == [[1, 2], [1, 2], [3, 4], [3, 4], [5, 6], [5, 6]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expected a line of names in labels.csv"),
        ("file\n1.png\n", "Expected a line of names"),
        ("f,c\n1.png,a\na/2.png,b\n", r"an image without a label, 'a/3\.png'"),
        ("f,c\n1.png,a\na/2.png,b\na/3.png,c\nb.png,c\n", r"a label without its image, 'b\.png'"),
        ("f,c\n1.png,a\n1.png,b\n", r"labels '1\.png' twice"),
        ("f,c\n1.png,a,b\n", r"must have 2 columns. Received: '1\.png' with 3"),
        ("f,c\n1.png,\na/2.png,b\na/3.png,c\n", "must have a class"),
        ("f,x,y\n1.png,1,2\na/2.png,3,old\na/3.png,5,6\n", "must be numbers. Received: 'old'"),
        ("f,x,y\n1.png,1,2\na/2.png,3,inf\na/3.png,5,6\n", "must be numbers. Received: 'inf'"),
        (b"f,c\n\xff.png,a\n", "is no CSV file in UTF-8"),
        ('f,c\n"1.png,a\n', "is no CSV file in UTF-8"),
    ],
)
def test_a_list_that_is_damaged_or_incomplete_is_refused(load, text, message):
    with pytest.raises(InvalidInput, match=message):
        load(text)


def test_numbers_that_are_not_finite_are_refused():
    facts = {"name": "a", "license": "b", "source": "c", "fingerprint": "0" * 64}
    images, labels = np.zeros((2, 4, 4, 1), np.uint8), np.array([[0], [np.nan]], np.float32)
    with pytest.raises(InvalidInput, match="must all be finite"):
        Dataset(images=images, labels=labels, classes=("x",), **facts)
