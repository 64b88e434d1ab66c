"""Parquet tables of images on the Hub: the layouts that `datasets` writes, on loopback."""

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ganzoo_data import parquet_tables
from ganzoo_data.hub import hub

from ganzoo.data.images import decode_image
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.rendering.exact import encode_deep_png

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAMES = ["cat", "dog"]


def table(columns, features=None):
    found = pa.table(columns)
    if features is not None:
        written = json.dumps({"info": {"features": features}})
        found = found.replace_schema_metadata({"huggingface": written})
    file = io.BytesIO()
    pq.write_table(found, file, row_group_size=4)
    return file.getvalue()


@pytest.fixture
def images(image):
    return [image(i, size=(8, 8)) for i in range(7)]


LABELS = [0, 1, 1, 0, 1, 0, 0]
CLASS_LABEL = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": NAMES}}


def structs(images):
    return [{"bytes": data, "path": f"{i}.png"} for i, data in enumerate(images)]


def layouts(images):
    """Files, options and classes of each layout."""
    cells = structs(images)
    paths = [f"more/{i}.png" for i in range(7)]
    loose = dict(zip(paths, images, strict=True))
    rows = lambda a, b: {"image": cells[a:b], "label": LABELS[a:b]}  # noqa: E731
    column = {"image_column": "file"}
    first, second = (f"data/train-0000{i}-of-00002.parquet" for i in range(2))
    return {
        "struct, one file, ClassLabel": (
            {first: table(rows(0, 7), CLASS_LABEL)}, {}, NAMES),
        "struct, several files, ClassLabel": (
            {first: table(rows(0, 3), CLASS_LABEL), second: table(rows(3, 7), CLASS_LABEL)}, {},
            NAMES),
        "struct, no labels": ({"a.parquet": table({"image": cells})}, {}, []),
        "bytes, words as labels": (
            {"a.parquet": table({"x": images, "class": [NAMES[i] for i in LABELS]})}, {}, NAMES),
        "bytes, several files, no labels": (
            {"a.parquet": table({"x": images[:2]}), "b.parquet": table({"x": images[2:]})}, {}, []),
        "paths, numbers as labels": (
            {"a.parquet": table({"file": paths, "label": LABELS})} | loose, column, ["0", "1"]),
        "paths in structs, beside the table": (
            {"more/a.parquet": table({
                "file": [{"bytes": None, "path": f"{i}.png"} for i in range(7)]})} | loose,
            column, []),
    }  # fmt: skip


@pytest.mark.parametrize("layout", layouts([b""] * 7))
def test_every_layout_becomes_a_data_set(serve, images, monkeypatch, layout):
    monkeypatch.setattr(parquet_tables, "_BATCH", 3)
    files, options, classes = layouts(images)[layout]
    serve(files)
    dataset = hub(id="some/faces", revision=COMMIT, **options)
    expected = np.stack([decode_image(data, "") for data in images])
    np.testing.assert_array_equal(dataset.images, expected)
    assert list(dataset.classes) == classes
    assert (None if dataset.labels is None else dataset.labels.tolist()) == (
        LABELS if classes else None
    )
    assert dataset.license == "cc-by-4.0"


def test_the_second_start_asks_nobody_and_options_are_those_of_images(serve, images):
    server = serve({"a.parquet": table({"image": structs(images), "label": LABELS}, CLASS_LABEL)})
    first = hub(id="some/faces", revision=COMMIT)
    server.requests.clear()
    second = hub(id="some/faces", revision=COMMIT, size=[4, 6], mirror=True)
    assert server.requests == []
    assert second.images.shape == (14, 4, 6, 3) and len(second.labels) == 14
    assert first.fingerprint != second.fingerprint


def test_numbers_of_16_bits_are_kept_and_their_range_may_be_given(serve):
    deep = np.arange(4 * 16, dtype="uint16").reshape(4, 4, 4, 1) * 1000
    serve({"a.parquet": table({"image": structs([encode_deep_png(one) for one in deep])})})
    for levels, expected in ((None, (0, 63_000)), ([0, 65_535], (0, 65_535))):
        dataset = hub(id="some/faces", revision=COMMIT, mode="raw", levels=levels)
        np.testing.assert_array_equal(dataset.images, deep)
        assert dataset.levels == expected


def test_splits_are_not_mixed(serve, images):
    data = table({"image": structs(images)})
    serve({f"data/{split}-00000-of-00001.parquet": data for split in ("train", "test")})
    with pytest.raises(InvalidInput, match=r"several splits .*: test, train\..*only=data/train\*"):
        hub(id="some/faces", revision=COMMIT)
    assert len(hub(id="some/faces", revision=COMMIT, only="data/train*")) == 7


@pytest.mark.parametrize(
    ("columns", "options", "error", "message"),
    [
        ({"a": [1]}, {}, InvalidInput, "no column of images: a"),
        ({"a": [b"x"], "b": [b"x"]}, {}, UsageError, "can be the images: a, b"),
        ({"image": [b"x"]}, {"image_column": "no"}, UsageError, "has the columns image"),
        ({"image": [b"x"]}, {"label_column": "no"}, UsageError, "label_column='no'"),
        ({"image": [b"x"], "label": [-1]}, {}, InvalidInput, "words, or classes.*Received: -1"),
        ({"image": [b"x"], "label": [0.5]}, {}, InvalidInput, "Received: 0.5"),
        ({"image": [b"x"], "label": [0], "class": [0]}, {}, UsageError, "can be the labels"),
        ({"image": [b"x"]}, {}, InvalidInput, r"'a\.parquet/00000000' cannot be used"),
        ({"image": ["x.png"]}, {}, InvalidInput, r"'x\.png' in row 0 of .* is not there"),
        ({"image": pa.array([None], pa.binary())}, {}, InvalidInput, "Row 0 .* has no image"),
        ({"image": pa.array([], pa.binary())}, {}, InvalidInput, "holds no image"),
    ],
)
def test_a_table_that_is_broken_or_unclear_is_refused_by_name(
    serve, columns, options, error, message
):
    serve({"a.parquet": table(columns)})
    with pytest.raises(error, match=message):
        hub(id="some/faces", revision=COMMIT, **options)


@pytest.mark.parametrize("cut", [0, 10, 300])
def test_a_table_that_is_cut_off_is_refused_by_name(serve, images, cut):
    serve({"a.parquet": table({"image": structs(images)})[:cut]})
    with pytest.raises(InvalidInput, match=r"'a\.parquet' is damaged or cut off"):
        hub(id="some/faces", revision=COMMIT)
