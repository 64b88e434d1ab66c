"""The formulas of DiffAugment and ADA as their papers state them, in NumPy and float64."""

import functools
import itertools

import numpy as np
from lazy_keras import ops


def numbers(x):
    return np.float64(ops.convert_to_numpy(x))


def by_hand(options, draw, shape):
    """One function per image: (m, h, w, c) -> (m, h, w, c), in pixels of [-1, 1]."""
    count = shape[0]
    if options["name"] == "diffaugment":
        shapes = {"color": (3, count, 1, 1, 1)}
        shapes |= dict.fromkeys(("translation", "cutout"), (2, count, 1))
        parts = [numbers(draw.uniform(name, shape)) for name, shape in shapes.items()]
        rows = np.concatenate([part.reshape(-1, count) for part in parts])
        return [functools.partial(diffaugment, numbers_of=row) for row in rows.T]
    numbers_of = {}
    for part in options.get("policy", ("blit", "geometry", "color")):
        rng = draw.fold_in(part)
        uniforms = 3 if part == "cutout" else 7
        numbers_of[part] = [*numbers(rng.uniform("numbers", (uniforms, count)))]
        if part in ("geometry", "color"):
            normals = {"geometry": 4, "color": 3}[part]
            numbers_of[part] += [*numbers(rng.normal("numbers", (normals, count)))]
    each = [
        {part: [row[k] for row in rows] for part, rows in numbers_of.items()} for k in range(count)
    ]
    p, color_p = options["probability"], options["probability"] * options.get("color_multiplier", 1)
    return [functools.partial(ada, p=p, color_p=color_p, numbers_of=one) for one in each]


def diffaugment(x, numbers_of):
    """Section 3 of Zhao et al.: color, translation, cutout."""
    colors, move, hole = numbers_of[:3], numbers_of[3:5], numbers_of[5:]
    height, width = x.shape[1:3]
    x = x + colors[0] - 0.5
    gray = x.mean(3, keepdims=True)
    x = gray + (x - gray) * 2 * colors[1]
    middle = x.mean((1, 2, 3), keepdims=True)
    x = middle + (x - middle) * (0.5 + colors[2])
    shifted = np.zeros_like(x)
    reach = [int(size / 8 + 0.5) for size in (height, width)]
    down, right = (int(np.floor(u * (2 * r + 1))) - r for u, r in zip(move, reach, strict=True))
    for i, j in itertools.product(range(height), range(width)):
        if 0 <= i - down < height and 0 <= j - right < width:
            shifted[:, i, j] = x[:, i - down, j - right]
    inside = []
    for number, size in zip(hole, (height, width), strict=True):
        side = round(size / 2 + 0.01)  # up
        first = int(number * (size + (side % 2 == 0))) - side // 2
        inside.append((first <= np.arange(size)) & (np.arange(size) < first + side))
    shifted[:, np.outer(*inside)] = 0
    return shifted


def ada(x, p, color_p, numbers_of):
    """Appendix B of Karras et al.: a matrix of the plane and one of colors."""
    size = np.array(x.shape[2:0:-1])
    steps = []
    if "blit" in numbers_of:
        a, b, c, flip, quarter, *move = numbers_of["blit"]
        steps += [scale(1 - 2 * int(2 * flip), 1)] * int(a < p)
        steps += [turn(-np.pi / 2 * int(4 * quarter))] * int(b < p)
        steps += [shift(*np.round((np.array(move) / 4 - 0.125) * size))] * int(c < p)
    if "geometry" in numbers_of:
        a, b, c, d, e, first, second, zoom, stretch, *move = numbers_of["geometry"]
        zoom, stretch, q = 2 ** (0.2 * zoom), 2 ** (0.2 * stretch), 1 - np.sqrt(1 - p)
        steps += [scale(zoom, zoom)] * int(a < p)
        steps += [turn(-np.pi * (2 * first - 1))] * int(b < q)
        steps += [scale(stretch, 1 / stretch)] * int(c < p)
        steps += [turn(-np.pi * (2 * second - 1))] * int(d < q)
        steps += [shift(*(np.array(move) / 8 * size))] * int(e < p)
    plane = functools.reduce(lambda done, step: step @ done, steps, np.eye(3))
    if not np.array_equal(plane, np.eye(3)):
        x = warped(x, np.linalg.inv(plane))
    if "color" in numbers_of:
        a, b, c, d, e, flip, hue, light, contrast, saturation = numbers_of["color"]
        colors, axis = np.eye(4), np.array([1, 1, 1, 0]) / np.sqrt(3)
        if a < color_p:
            colors[:3, 3] += 0.2 * light
        if b < color_p:
            colors = np.diag([2 ** (0.5 * contrast)] * 3 + [1]) @ colors
        if c < color_p:
            colors = (np.eye(4) - 2 * np.outer(axis, axis) * int(2 * flip)) @ colors
        if x.shape[3] == 3:
            if d < color_p:
                colors = about(axis, np.pi * (2 * hue - 1)) @ colors
            if e < color_p:
                gray = np.outer(axis, axis)
                strong = gray + (np.diag([1, 1, 1, 0]) - gray) * 2**saturation
                colors = (strong + np.diag([0, 0, 0, 1])) @ colors
        channels = x.shape[3]
        x = np.repeat(x, 3 // channels, axis=3) @ colors[:3, :3].T + colors[:3, 3]
        x = x[..., :channels]
    if "cutout" in numbers_of and numbers_of["cutout"][0] < p:
        places = [(np.arange(n) + 0.5) / n for n in x.shape[1:3]]
        inside = [abs(u - c) < 0.25 for u, c in zip(places, numbers_of["cutout"][1:], strict=True)]
        x = x * ~np.outer(*inside)[:, :, None]
    return x


def scale(x, y):
    return np.diag([x, y, 1.0])


def shift(x, y):
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def turn(angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def about(axis, angle):
    """Rodrigues' formula."""
    x, y, z, _ = axis
    cross = np.zeros((4, 4))
    cross[:3, :3] = [[0, -z, y], [z, 0, -x], [-y, x, 0]]
    return np.eye(4) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def warped(images, source, pad=40):
    """Images, (m, h, w, c), padded by mirrors, doubled, sampled, halved."""
    from ganzoo.gan.regularizers import warp

    def filtered(x, half):
        for axis in (1, 2):
            x = sum(half[abs(k)] * np.roll(x, k, axis) for k in range(1 - len(half), len(half)))
        return x

    height, width = images.shape[1:3]
    padded = np.pad(images, ((0, 0), (pad, pad), (pad, pad), (0, 0)), "reflect")
    double = np.zeros((len(images), 2 * height + 4 * pad, 2 * width + 4 * pad, images.shape[3]))
    double[:, ::2, ::2] = padded
    double = filtered(double, warp._DOUBLING)
    y, x = np.mgrid[-4 : 2 * height + 3, -4 : 2 * width + 3] / 2.0  # in pixels
    middle = (np.array([width, height]) - 1) / 2
    places = np.stack([x - middle[0], y - middle[1], np.ones_like(x)], -1) @ source.T
    x, y = 2 * (places[..., 0] + middle[0] + pad), 2 * (places[..., 1] + middle[1] + pad)
    i, j = np.int64(np.floor(y)), np.int64(np.floor(x))
    u, v = (y - i)[..., None], (x - j)[..., None]
    above = (1 - v) * double[:, i, j] + v * double[:, i, j + 1]
    below = (1 - v) * double[:, i + 1, j] + v * double[:, i + 1, j + 1]
    return filtered((1 - u) * above + u * below, warp._HALVING)[:, 4:-4:2, 4:-4:2]


def centered(images, value_range):
    low, high = value_range
    return (np.float64(images) * 2 - high - low) / (high - low)
