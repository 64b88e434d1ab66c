"""Axes of charts: ranges, round ticks, smoothing and thinning of curves."""

import math
from dataclasses import dataclass

import numpy as np

MIN_SMOOTHED = 24  # points; shorter curves are not smoothed
MIN_LOG_RATIO = 300  # of the greatest to the least value of a logarithmic axis
MAX_SPIKE = 3  # times the range of all other values; greater spikes lie outside the axis


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Range of values with its ticks, linear or logarithmic."""

    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool = False
    percent: bool = False

    def scale(self, values: np.ndarray | float) -> np.ndarray:
        """Scale values so that `low` is 0 and `high` is 1, clipped to [-20, 20]."""
        values = np.asarray(values, dtype=np.float64)
        low, high = self.low, self.high
        if self.log:
            values, low, high = np.log10(values), math.log10(low), math.log10(high)
        return ((values - low) / (high - low)).clip(-20, 20)

    def label(self, tick: float) -> str:
        """Return the text beside a tick."""
        if self.percent:
            return f"{100 * tick:.0f} %"
        first = list(self.ticks[:2])
        even = len(first) == 2 and not self.log
        return tick_label(tick, first[1] - first[0] if even else tick)


def tick_label(tick: float, step: float) -> str:
    """Format a tick, as exact as the step to the next one needs: `0.25`, `1.5M`, `20k`, `1e-07`."""
    if tick == 0:
        return "0"
    if abs(step) < 1e-4 or abs(tick) >= 1e13:
        labels = [f"{tick:.{decimals}e}" for decimals in range(9)]
        exact = (label for label in labels if math.isclose(tick, float(label), rel_tol=1e-9))
        return next(exact, labels[-1]).replace("-", "−")
    unit, sign = next(
        ((u, s) for u, s in ((1e9, "G"), (1e6, "M"), (1e4, "k")) if abs(tick) >= u), (1.0, "")
    )
    unit = min(unit, 1e3) if sign == "k" else unit
    decimals = max(0, -math.floor(math.log10(abs(step) / unit) + 1e-9))
    return f"{tick / unit:,.{decimals}f}{sign}".replace("-", "−")


def linear_ticks(low: float, high: float, max_count: int = 6) -> tuple[float, ...]:
    """Return at most `max_count` round numbers, 1, 2 or 5 times a power of ten apart."""
    power = 10.0 ** math.floor(math.log10((high - low) / max_count))
    step = next(f * power for f in (1, 2, 5, 10, 20) if (high - low) / (f * power) <= max_count)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(float(f"{k * step:.12g}") for k in range(first, last + 1))


def log_ticks(low: float, high: float) -> tuple[float, ...]:
    """Return powers of ten from low to high, about seven at most."""
    powers = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
    return tuple(float(f"1e{power}") for power in powers[:: -(-len(powers) // 7)])


def step_axis(last: int, max_ticks: int) -> Axis:
    """Return the horizontal axis, from 0 to the last step."""
    last = max(last, 1)
    whole = tuple(tick for tick in linear_ticks(0, last, max_ticks) if tick == int(tick))
    return Axis(low=0, high=last, ticks=whole)


def value_axis(
    logged: np.ndarray, smoothed: np.ndarray, *, percent: bool = False, zero: bool = False
) -> Axis:
    """Return a vertical axis: logarithmic over many decades, and not flattened by spikes.

    Args:
        logged: All values to be drawn, at least one of them finite.
        smoothed: The same values, smoothed; the axis holds all of these.
        percent: Whether values are fractions; the axis is all of [0, 1] then.
        zero: Whether the axis starts at zero, for values that are not negative.
    """
    if percent:
        return Axis(low=-0.04, high=1.04, ticks=(0.0, 0.25, 0.5, 0.75, 1.0), percent=True)
    logged = logged[np.isfinite(logged)]
    low, high = float(logged.min()), float(logged.max())
    usual_low, usual_high = low, high
    if len(logged) >= MIN_SMOOTHED:
        core = np.append(np.percentile(logged, (1, 99)), smoothed[np.isfinite(smoothed)])
        usual_low, usual_high = float(core.min()), float(core.max())
    if low > 0 and not zero and usual_high / usual_low >= MIN_LOG_RATIO:
        margin = (high / low) ** 0.05
        low, high = low / margin, high * margin
        return Axis(low=low, high=high, ticks=log_ticks(low, high), log=True)
    usual = usual_high - usual_low
    if high - low > MAX_SPIKE * usual > 0:
        low, high = usual_low - 0.25 * usual, usual_high + 0.25 * usual
    if high - low <= 1e-9 * max(abs(high), abs(low)):  # one value, or all the same
        low, high = low - max(0.1 * abs(low), 1e-6), high + max(0.1 * abs(high), 1e-6)
    margin = 0.06 * (high - low)
    from_zero = zero or 0 <= low < 0.5 * high  # nearby values start at zero as well
    low, high = 0.0 if from_zero else low - margin, high + margin
    return Axis(low=low, high=high, ticks=linear_ticks(low, high))


def smooth(values: np.ndarray) -> np.ndarray:
    """Smooth by a Gaussian filter of 1/40 of the length, without lag; NaN stays NaN.

    At ends and gaps the filter is normalized over the values that exist.
    """
    sigma = max(len(values) / 40, 1.5)
    radius = math.ceil(3 * sigma)
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    finite = np.isfinite(values)
    middle = slice(radius, radius + len(values))
    total = np.convolve(np.where(finite, values, 0.0), weights)[middle]
    weight = np.convolve(finite.astype(np.float64), weights)[middle]
    return np.where(finite, total / np.maximum(weight, 1e-12), np.nan)


def extremes(values: np.ndarray, buckets: int) -> np.ndarray:
    """Return indices that keep the shape of a curve: ends, gaps, extremes of each bucket."""
    if len(values) <= 2 * buckets:
        return np.arange(len(values))
    keep = {0, len(values) - 1}
    for bucket in np.array_split(np.arange(len(values)), buckets):
        finite = np.isfinite(values[bucket])
        if finite.any():
            known = bucket[finite]
            keep |= {int(known[values[known].argmin()]), int(known[values[known].argmax()])}
        if not finite.all():
            keep.add(int(bucket[~finite][0]))
    return np.array(sorted(keep))
