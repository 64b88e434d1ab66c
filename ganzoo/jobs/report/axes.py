"""The arithmetic of curves: axes, round ticks, smoothing, thinning. Pure functions of arrays."""

import math
from dataclasses import dataclass

import numpy as np

SMOOTH_FROM = 24  # points; shorter curves are shown as they are
LOG_FROM = 300  # ratio of the greatest to the least value that asks for a logarithmic axis
SPIKE = 3  # times the height of all the rest: then the axis leaves the spike outside


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A range of values and its ticks."""

    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool = False
    percent: bool = False

    def place(self, values: np.ndarray | float) -> np.ndarray:
        """Where values lie: 0 is low, 1 is high; what is far outside stays near by."""
        values = np.asarray(values, dtype=np.float64)
        low, high = self.low, self.high
        if self.log:
            values, low, high = np.log10(values), math.log10(low), math.log10(high)
        return ((values - low) / (high - low)).clip(-20, 20)

    def label(self, tick: float) -> str:
        """The text beside a tick."""
        if self.percent:
            return f"{100 * tick:.0f} %"
        close = len(self.ticks) > 1 and not self.log
        return tick_label(tick, self.ticks[1] - self.ticks[0] if close else tick)


def tick_label(tick: float, step: float) -> str:
    """A tick, as exact as the step to the next one needs: `0.25`, `1.5M`, `20k`, `1e-07`."""
    if tick == 0:
        return "0"
    if abs(step) < 1e-4 or abs(tick) >= 1e13:
        label = next(f"{tick:.{p}e}" for p in range(9) if p == 8 or _same(tick, f"{tick:.{p}e}"))
        return label.replace("-", "−")
    unit, sign = next(
        ((u, s) for u, s in ((1e9, "G"), (1e6, "M"), (1e4, "k")) if abs(tick) >= u), (1.0, "")
    )
    unit = min(unit, 1e3) if sign == "k" else unit
    places = max(0, -math.floor(math.log10(abs(step) / unit) + 1e-9))
    return f"{tick / unit:,.{places}f}{sign}".replace("-", "−")


def _same(value: float, written: str) -> bool:
    return math.isclose(value, float(written), rel_tol=1e-9)


def ticks(low: float, high: float, about: int = 6) -> tuple[float, ...]:
    """Round numbers from low to high, 1, 2 or 5 times a power of ten apart, `about` at most."""
    power = 10.0 ** math.floor(math.log10((high - low) / about))
    step = next(f * power for f in (1, 2, 5, 10, 20) if (high - low) / (f * power) <= about)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(float(f"{k * step:.12g}") for k in range(first, last + 1))


def log_ticks(low: float, high: float) -> tuple[float, ...]:
    """Powers of ten from low to high, at most about seven."""
    powers = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
    return tuple(float(f"1e{power}") for power in powers[:: -(-len(powers) // 7)])


def step_axis(last: int, about: int) -> Axis:
    """The horizontal axis: from 0 to the last step."""
    last = max(last, 1)
    return Axis(low=0, high=last, ticks=tuple(t for t in ticks(0, last, about) if t == int(t)))


def value_axis(
    logged: np.ndarray, smoothed: np.ndarray, *, percent: bool = False, zero: bool = False
) -> Axis:
    """The vertical axis: round, logarithmic over many decades, and not flattened by spikes.

    Args:
        logged: Every value that is to be drawn, at least one of them finite.
        smoothed: The same, smoothed: these always fit.
        percent: The values are shares of one: the axis is all of [0, 1].
        zero: The values are not negative and mean something only beside zero.
    """
    if percent:
        return Axis(low=-0.04, high=1.04, ticks=(0.0, 0.25, 0.5, 0.75, 1.0), percent=True)
    logged = logged[np.isfinite(logged)]
    low, high = float(logged.min()), float(logged.max())
    usual_low, usual_high = low, high
    if len(logged) >= SMOOTH_FROM:
        core = np.append(np.percentile(logged, (1, 99)), smoothed[np.isfinite(smoothed)])
        usual_low, usual_high = float(core.min()), float(core.max())
    if low > 0 and not zero and usual_high / usual_low >= LOG_FROM:
        margin = (high / low) ** 0.05
        low, high = low / margin, high * margin
        return Axis(low=low, high=high, ticks=log_ticks(low, high), log=True)
    usual = usual_high - usual_low
    if high - low > SPIKE * usual > 0:
        low, high = usual_low - 0.25 * usual, usual_high + 0.25 * usual
    if high - low <= 1e-9 * max(abs(high), abs(low)):  # one value, or all the same
        low, high = low - max(0.1 * abs(low), 1e-6), high + max(0.1 * abs(high), 1e-6)
    margin = 0.06 * (high - low)
    stands = zero or 0 <= low < 0.5 * high  # a curve near zero stands on zero
    low, high = 0.0 if stands else low - margin, high + margin
    return Axis(low=low, high=high, ticks=ticks(low, high))


def smooth(values: np.ndarray) -> np.ndarray:
    """A centerd average under a Gaussian of 1/40 of the curve: no lag; NaN stays NaN.

    Ends and gaps are averaged over what is there.
    """
    sigma = max(len(values) / 40, 1.5)
    reach = math.ceil(3 * sigma)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    there = np.isfinite(values)
    middle = slice(reach, reach + len(values))
    total = np.convolve(np.where(there, values, 0.0), weights)[middle]
    weight = np.convolve(there.astype(np.float64), weights)[middle]
    return np.where(there, total / np.maximum(weight, 1e-12), np.nan)


def extremes(values: np.ndarray, buckets: int) -> np.ndarray:
    """Indices that keep the look of a curve: ends, least and greatest of each bucket, gaps."""
    if len(values) <= 2 * buckets:
        return np.arange(len(values))
    keep = {0, len(values) - 1}
    for bucket in np.array_split(np.arange(len(values)), buckets):
        finite = np.isfinite(values[bucket])
        if finite.any():
            there = bucket[finite]
            keep |= {int(there[values[there].argmin()]), int(there[values[there].argmax()])}
        if not finite.all():
            keep.add(int(bucket[~finite][0]))
    return np.array(sorted(keep))
