"""Batches of real images for each dispatch of the training loop, by its number alone."""

from collections.abc import Callable, Iterator

import numpy as np

from ganzoo.data.dataset import Dataset
from ganzoo.data.order import rows_of_step
from ganzoo.errors import PluginError, UsageError


class Feed:
    """Real images of steps `start_step` to `stop_step`, one item per dispatch.

    A dispatch covers up to `steps_per_dispatch` steps and never crosses a boundary: a step at
    which the weights are looked at or saved, or the training stops. Nothing is remembered between
    items, so `feed[i]` is the same whenever and in whatever order it is read.

    Args:
        dataset: Data set of the images.
        batch: Number of real images per discriminator update.
        n_critic: Number of discriminator updates per step.
        seed: Seed of the order of the images.
        start_step: First step, counted from the start of the training.
        stop_step: Step before which to stop.
        steps_per_dispatch: Largest number of steps in one item. At 1, items have no axis of steps.
        value_range: Range to which images that are not uint8 are scaled, by the data set's levels.
        boundaries: Function from a step to the next later step that a dispatch may not cross.
        share: Which of how many equal parts of every batch to return, from 0: `(0, 1)`.
        microbatches: Number of pieces of every batch of each of which a share has an equal part.

    Raises:
        PluginError: An item is read, and what the data set draws is not like its own samples.
        UsageError: The data set is smaller than one step, or a number is out of range.
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        batch: int,
        n_critic: int = 1,
        seed: int = 0,
        start_step: int = 0,
        stop_step: int,
        steps_per_dispatch: int = 1,
        value_range: tuple[float, float] = (-1.0, 1.0),
        boundaries: Callable[[int], int] | None = None,
        share: tuple[int, int] = (0, 1),
        microbatches: int = 1,
    ):
        for name, value in (
            ("batch", batch),
            ("n_critic", n_critic),
            ("steps_per_dispatch", steps_per_dispatch),
        ):
            if value < 1:
                raise UsageError(f"{name} must be at least 1. Received: {name}={value!r}.")
        if not 0 <= start_step <= stop_step:
            raise UsageError(
                "The first step must be at least 0 and at most the last."
                f" Received: start_step={start_step}, stop_step={stop_step}."
            )
        self.dataset = dataset
        self.per_step = batch * n_critic
        self._own = self.per_step // share[1]  # rows of a step
        self._rank, self._pieces = share[0], (microbatches, share[1], -1)
        self.seed = seed
        self.start_step = start_step
        self.stop_step = stop_step
        self.steps_per_dispatch = steps_per_dispatch
        self.value_range = value_range
        self._starts = self._cut(boundaries or (lambda step: stop_step))
        self._rows(start_step)  # a data set that is too small is refused here, not while training

    def __len__(self) -> int:
        return len(self._starts) - 1

    def start(self, i: int) -> int:
        """Return the first step of dispatch `i`, counted from the start of the training."""
        return int(self._starts[self._index(i)])

    def steps(self, i: int) -> int:
        """Return the number of steps that dispatch `i` covers."""
        i = self._index(i)
        return int(self._starts[i + 1] - self._starts[i])

    def __getitem__(self, i: int) -> tuple[np.ndarray, ...]:
        """Return the real images of dispatch `i`: `(images,)` or `(images, labels)`.

        Returns:
            Arrays of shape (batch * n_critic, ...), or their share of that, with a leading axis
            of `steps(i)` if `steps_per_dispatch` is more than 1.
        """
        start, steps = self.start(i), self.steps(i)
        images, labels = self._batch(range(start, start + steps))
        if self.dataset.deep is not None:
            images = self.dataset.deep.scale(images, self.value_range)
        return tuple(self._shaped(part, steps) for part in (images, labels) if part is not None)

    def __iter__(self) -> Iterator[tuple[np.ndarray, ...]]:
        for i in range(len(self)):
            yield self[i]

    @property
    def signature(self) -> tuple[tuple[tuple[int | None, ...], np.dtype], ...]:
        """Shape and dtype of each array of an item; `None` only for the axis of steps."""
        lead: tuple[int | None, ...] = () if self.steps_per_dispatch == 1 else (None,)
        arrays = (self.dataset.images, self.dataset.labels)
        scaled = np.dtype("float32") if self.dataset.deep is not None else arrays[0].dtype
        dtypes = (scaled, None if arrays[1] is None else arrays[1].dtype)
        return tuple(
            ((*lead, self._own, *array.shape[1:]), dtype)
            for array, dtype in zip(arrays, dtypes, strict=True)
            if array is not None and dtype is not None
        )

    def _batch(self, steps: range) -> tuple[np.ndarray, np.ndarray | None]:
        rows = [self._rows(step) for step in steps]
        if self.dataset.draw is None:
            return self.dataset.batch(rows[0] if len(rows) == 1 else np.concatenate(rows))
        made = [self._fresh_rows(own, step) for own, step in zip(rows, steps, strict=True)]
        images, labels = zip(*made, strict=True)
        return np.concatenate(images), None if labels[0] is None else np.concatenate(labels)

    def _fresh_rows(self, rows: np.ndarray, step: int) -> tuple[np.ndarray, np.ndarray | None]:
        assert self.dataset.draw is not None
        epoch = step // (len(self.dataset) // self.per_step)
        images, labels = self.dataset.draw(rows, epoch, self.seed)
        if self.dataset.labels is None:
            labels = None  # which an architecture that takes none has had left out
        for name, fresh in (("images", images), ("labels", labels)):
            known = getattr(self.dataset, name)
            expected = known if known is None else (str(known.dtype), (len(rows), *known.shape[1:]))
            received = fresh if fresh is None else (str(fresh.dtype), fresh.shape)
            if received != expected:
                raise PluginError(
                    f"`draw` of the data set {self.dataset.name!r} must return {name} like its "
                    f"own, a row for each. Expected: {expected}. Received: {received}."
                )
        return images, labels

    def _rows(self, step: int) -> np.ndarray:
        n = len(self.dataset)
        rows = rows_of_step(step, n=n, per_step=self.per_step, seed=self.seed)
        return rows.reshape(self._pieces)[:, self._rank].ravel()

    def _shaped(self, rows: np.ndarray, steps: int) -> np.ndarray:
        if self.steps_per_dispatch == 1:
            return rows
        return rows.reshape(steps, self._own, *rows.shape[1:])

    def _index(self, i: int) -> int:
        if not -len(self) <= i < len(self):
            raise IndexError(f"There are {len(self)} dispatches. Received: {i}.")
        return i % len(self)

    def _cut(self, boundaries: Callable[[int], int]) -> np.ndarray:
        """Return the first steps of all dispatches, and the end of the last."""
        if self.steps_per_dispatch == 1:
            return np.arange(self.start_step, self.stop_step + 1)
        starts, step = [self.start_step], self.start_step
        while step < self.stop_step:
            boundary = boundaries(step)
            if boundary <= step:
                raise ValueError(f"boundaries({step}) must be a later step. Received: {boundary}.")
            step = min(step + self.steps_per_dispatch, boundary, self.stop_step)
            starts.append(step)
        return np.array(starts)
