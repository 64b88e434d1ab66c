from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganzoo.data.dataset import Dataset
from ganzoo.data.feed import Feed
from ganzoo.data.order import rows_of_step
from ganzoo.errors import PluginError, UsageError


def dataset(n=40, labels=False):
    return Dataset(
        name="test",
        images=np.arange(n * 8, dtype=np.uint8).reshape(n, 2, 4, 1),
        labels=np.arange(n, dtype=np.int32) % 3 if labels else None,
        classes=("a", "b", "c") if labels else (),
        license="CC0-1.0",
        source="made here",
        fingerprint="f" * 64,
    )


def every(cadence):
    return lambda step: (step // cadence + 1) * cadence


def test_a_step_gets_the_rows_of_its_position():
    data = dataset(labels=True)
    feed = Feed(data, batch=4, n_critic=3, seed=5, start_step=2, stop_step=6)
    for i, (images, labels) in enumerate(feed):
        rows = rows_of_step(2 + i, n=40, per_step=12, seed=5)
        np.testing.assert_array_equal(images, data.images[rows])
        np.testing.assert_array_equal(labels, data.labels[rows])


def test_a_set_without_labels_gives_tuples_of_one():
    item = Feed(dataset(), batch=4, stop_step=1)[0]
    assert isinstance(item, tuple)
    assert [array.shape for array in item] == [(4, 2, 4, 1)]


def drawing(with_labels, **drawn):
    data = dataset(labels=with_labels)

    def draw(rows, epoch, seed):
        images, own = data.batch(rows)
        return drawn.get("images", 255 - images), drawn.get("labels", own)

    return replace(data, draw=draw)


def test_what_is_drawn_has_no_labels_where_the_data_set_has_none_any_more():
    data = drawing(True)
    images, _ = Feed(data, batch=4, stop_step=1)[0]
    rows = rows_of_step(0, n=40, per_step=4, seed=0)
    np.testing.assert_array_equal(images, 255 - data.images[rows])
    without = Feed(replace(data, labels=None, classes=()), batch=4, stop_step=1)
    np.testing.assert_array_equal(without[0], [images])
    assert len(without.signature) == 1


@pytest.mark.parametrize(
    ("drawn", "received"),
    [
        ({"images": np.zeros((4, 2, 4, 1), "float32")}, "float32"),
        ({"images": np.zeros((3, 2, 4, 1), "uint8")}, r"\(3, 2, 4, 1\)"),
        ({"labels": None}, "None"),
        ({"labels": np.zeros(4, "int64")}, "int64"),
    ],
)
def test_what_is_drawn_must_be_like_the_data(drawn, received):
    with pytest.raises(PluginError, match=f"`draw` of the data set 'test'.*Received: .*{received}"):
        Feed(drawing(True, **drawn), batch=4, stop_step=1)[0]


@given(
    fused=st.integers(2, 7),
    cadences=st.lists(st.integers(1, 9), max_size=3),
    start=st.integers(0, 12),
    length=st.integers(0, 25),
)
def test_fused_steps_get_the_images_of_single_ones_and_never_cross_an_edge(
    fused, cadences, start, length
):
    def boundaries(step):
        return min([every(cadence)(step) for cadence in cadences], default=10**6)

    options = {"batch": 3, "n_critic": 2, "seed": 1, "start_step": start}
    stop = start + length
    single = Feed(dataset(), stop_step=stop, **options)
    feed = Feed(
        dataset(), stop_step=stop, steps_per_dispatch=fused, boundaries=boundaries, **options
    )
    images = [step for (item,) in feed for step in item]
    assert len(images) == len(single) == length
    for fused_step, (alone,) in zip(images, single, strict=True):
        np.testing.assert_array_equal(fused_step, alone)
    for i in range(len(feed)):
        first, last = feed.start(i), feed.start(i) + feed.steps(i) - 1
        assert 1 <= feed.steps(i) <= fused
        assert all(first // cadence == last // cadence for cadence in cadences)


def test_dispatches_are_as_long_as_the_edges_allow():
    feed = Feed(dataset(), batch=4, stop_step=11, steps_per_dispatch=4, boundaries=every(6))
    assert [feed.steps(i) for i in range(len(feed))] == [4, 2, 4, 1]
    assert [feed.start(i) for i in range(len(feed))] == [0, 4, 6, 10]


def test_items_can_be_requested_in_any_order():
    feed = Feed(dataset(), batch=8, seed=2, stop_step=15, steps_per_dispatch=2)
    expected = [images.copy() for (images,) in feed]
    for i in (7, 0, 3, 7, -1):
        np.testing.assert_array_equal(feed[i][0], expected[i])


def test_a_feed_that_starts_later_gives_the_rest():
    whole = list(Feed(dataset(labels=True), batch=8, seed=2, stop_step=15))
    rest = list(Feed(dataset(labels=True), batch=8, seed=2, start_step=7, stop_step=15))
    assert len(rest) == 8
    for (images, labels), (same_images, same_labels) in zip(rest, whole[7:], strict=True):
        np.testing.assert_array_equal(images, same_images)
        np.testing.assert_array_equal(labels, same_labels)


@pytest.mark.parametrize("labels", [False, True])
@pytest.mark.parametrize("fused", [1, 3])
def test_the_signature_describes_every_item(labels, fused):
    feed = Feed(dataset(labels=labels), batch=4, stop_step=7, steps_per_dispatch=fused)
    for item in feed:
        assert len(item) == len(feed.signature)
        for array, (shape, dtype) in zip(item, feed.signature, strict=True):
            assert array.dtype == dtype
            assert len(array.shape) == len(shape)
            assert all(s in (None, a) for s, a in zip(shape, array.shape, strict=True))
            assert None not in shape[1:]
    assert (None in feed.signature[0][0]) == (fused > 1)


def test_a_feed_may_be_empty():
    assert list(Feed(dataset(), batch=4, start_step=5, stop_step=5, steps_per_dispatch=3)) == []


def test_an_index_past_the_end_ends_a_plain_loop():
    feed = Feed(dataset(), batch=4, stop_step=3)
    with pytest.raises(IndexError):
        feed[3]


def test_a_data_set_smaller_than_a_step_is_refused_at_once():
    with pytest.raises(UsageError, match="needs 48 images"):
        Feed(dataset(40), batch=16, n_critic=3, stop_step=5)


@pytest.mark.parametrize(
    "options",
    [
        {"batch": 0},
        {"n_critic": 0},
        {"steps_per_dispatch": 0},
        {"start_step": -1},
        {"start_step": 9, "stop_step": 8},
    ],
)
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(UsageError, match="Received"):
        Feed(dataset(), **{"batch": 4, "stop_step": 8, **options})


def test_an_edge_that_is_not_later_is_a_fault_of_the_program():
    with pytest.raises(ValueError, match="later step"):
        Feed(dataset(), batch=4, stop_step=8, steps_per_dispatch=2, boundaries=lambda step: step)


@pytest.mark.parametrize("fused", [1, 2])
@pytest.mark.parametrize("count", [2, 3])
def test_the_shares_of_a_batch_are_its_rows_in_order(count, fused):
    options = {"batch": 6, "n_critic": 2, "stop_step": 3, "steps_per_dispatch": fused}
    data = dataset(labels=True)
    whole = Feed(data, **options)
    shares = [Feed(data, **options, share=(rank, count)) for rank in range(count)]
    axis = int(fused > 1)
    for i in range(len(whole)):
        parts = zip(*(share[i] for share in shares), strict=True)
        for part, all_rows in zip(parts, whole[i], strict=True):
            np.testing.assert_array_equal(np.concatenate(part, axis), all_rows)
    assert shares[0].signature[0][0][axis] == 12 // count


def test_the_shares_of_microbatches_have_a_part_of_each():
    options = {"batch": 12, "stop_step": 2}
    (whole,) = Feed(dataset(), **options)[1]
    shares = [Feed(dataset(), **options, share=(r, 2), microbatches=3)[1][0] for r in range(2)]
    parts = np.split(whole, 6)
    for rank, share in enumerate(shares):
        np.testing.assert_array_equal(share, np.concatenate(parts[rank::2]))
