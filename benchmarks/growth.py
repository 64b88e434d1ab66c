"""Growth of what stands around the training: with data, plugins, samples, bytes and widths.

Each quantity is measured at several sizes, in processor seconds of this process and its children,
the least of three, or the first where it is long. The exponent is the slope of time over size in
logarithms between the largest size and the second one below it: 0 is constant, 1 linear. The
bounds leave a tenth or more for noise and for caches. The order of an epoch sorts, n log n;
precision compares all pairs; a step's arithmetic is quadratic in the width.

Usage: python benchmarks/growth.py [--only NAME ...] [--backend NAME] [--into FILE]
"""

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1]), str(HERE.parents[1] / "plugins")]

from figures import keep  # noqa: E402

LONG = 5.0  # seconds
DATA = (1_000, 10_000, 100_000, 1_000_000)


def cpu() -> float:
    """Processor seconds of this process and of its children that have ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def order(n: int, folder: Path) -> Callable:
    """The order of the images in one epoch."""
    from ganzoo.data.order import permutation

    return lambda: permutation(n, 0, 1)


def mapped(n: int, folder: Path, shape=(8, 8, 1)):
    """A data set of n images in a memory map that takes no disk."""
    from ganzoo.data.dataset import Dataset

    images = np.lib.format.open_memmap(folder / f"{n}.npy", "w+", "uint8", (n, *shape))
    about = {"name": "blank", "license": "none", "source": "none", "fingerprint": "none"}
    return Dataset(images=images, **about)


def feed(n: int, folder: Path) -> Callable:
    """A feed of 100 epochs, its marks and its first batch, the order found before."""
    from ganzoo.data.feed import Feed

    dataset = mapped(n, folder)
    return lambda: Feed(dataset, batch=64, stop_step=100 * n // 64)[0]


def batches(n: int, folder: Path) -> Callable:
    """200 batches of 64 images of 64x64, in the order of an epoch that was found before."""
    from ganzoo.data.feed import Feed

    made = Feed(mapped(n, folder, (64, 64, 3)), batch=64, stop_step=n // 64)
    return lambda: [made[i % len(made)] for i in range(200)]


def prepare(n: int, folder: Path) -> Callable:
    """JPEGs of 128x128 pixels prepared to 64x64."""
    from ganzoo_data.folder import folder as dataset
    from PIL import Image

    source = folder / f"jpegs-{n}"
    source.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (n, 16, 16, 3), "uint8")
    for number, one in enumerate(pixels):
        Image.fromarray(one).resize((128, 128)).save(source / f"{number}.jpg")

    def run() -> None:
        with tempfile.TemporaryDirectory(dir=folder) as cache:
            os.environ["GANZOO_CACHE"] = cache
            dataset(data=str(source), size=64)

    return run


def checkpoint(size: int, folder: Path) -> Callable:
    """A checkpoint of so many bytes, written and verified."""
    from ganzoo.files import checkpoints, safetensors

    arrays = {"weights": np.zeros(size // 4, "float32")}

    def run() -> None:
        with tempfile.TemporaryDirectory(dir=folder) as path:
            files = {"state.safetensors": safetensors.dump(arrays)}
            checkpoints.save(path, 1, files, {}, keep=1)

    return run


def watching(n: int, folder: Path) -> Callable:
    """A look at n numbers of a state, whether all are finite."""
    import keras

    from ganzoo.jobs.monitoring.guard import nonfinite_names

    variables = {str(i): keras.Variable(np.ones(n // 64, "float32")) for i in range(64)}
    return lambda: nonfinite_names(variables)


def plugins(n: int, folder: Path) -> Callable:
    """`ganzoo list` with n further packages of one architecture each."""
    site = folder / f"site-{n}"
    for number in range(n):
        info = site / f"further_{number}-1.0.dist-info"
        info.mkdir(parents=True)
        about = f"Metadata-Version: 2.1\nName: further-{number}\nVersion: 1.0\n"
        (info / "METADATA").write_text(about)
        points = f"[ganzoo.architectures]\nfurther-{number} = further_{number}:build\n"
        (info / "entry_points.txt").write_text(points)
        source = (
            f'"""One."""\n\ndef build(image_shape, *, width: int = {number + 1}):\n    """Two."""\n'
        )
        (site / f"further_{number}.py").write_text(source)
    path = os.pathsep.join([str(site), *sys.path[1:3], os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "ganzoo.cli", "list"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    options = {"env": {**os.environ, "PYTHONPATH": path}, **quiet}
    return lambda: subprocess.run(command, check=True, **options)


def features(metric: str) -> Callable:
    """A metric of n rows of 2,048 numbers."""

    def make(n: int, folder: Path) -> Callable:
        from ganzoo.metrics.frechet import Moments, frechet_distance
        from ganzoo.metrics.kernel import kernel_distance
        from ganzoo.metrics.precision_recall import precision

        real, fake = np.random.default_rng(0).standard_normal((2, n, 2048), "float32")
        return {
            "frechet": lambda: frechet_distance(Moments.of(real), Moments.of(fake)),
            "kernel": lambda: kernel_distance(real, fake),
            "precision": lambda: precision(real, fake),
        }[metric]

    return make


def sample(n: int, folder: Path) -> Callable:
    """n images of the small DCGAN for digits, sampled by the backend."""
    from contenders import random_images

    from ganzoo.catalog.registry.lookup import find_model
    from ganzoo.jobs.models.build import build_gan

    gan = build_gan(find_model("dcgan-digits").recipe, random_images((8, 8, 1), 64)[1])
    return lambda: gan.sample(n)


def width(channels: int, folder: Path) -> Callable:
    """Two steps of a DCGAN of 32x32 images, whose arithmetic is quadratic in its width."""
    from contenders import of_ganzoo, random_images

    from ganzoo.catalog.recipe.overrides import apply_settings
    from ganzoo.catalog.registry.lookup import find_model

    settings = [
        f"architecture.{n}_base_channels={channels}" for n in ("generator", "discriminator")
    ]
    recipe = apply_settings(find_model("dcgan-cifar10").recipe, [*settings, "training.batch=32"])
    images, dataset = random_images((32, 32, 3), 64)
    return of_ganzoo(recipe, dataset, images, "", 2)


# name: how it is made, sizes, the largest exponent
MEASURES = {
    "order of an epoch": (order, DATA, 1.15),
    "feed of 100 epochs": (feed, DATA, 1.15),
    "200 batches": (batches, (2_000, 20_000, 200_000), 0.4),
    "preparing JPEGs": (prepare, (100, 200, 400, 800), 1.1),
    "a checkpoint's bytes": (checkpoint, tuple(2**k for k in (20, 22, 24, 26)), 1.1),
    "watching a state, numbers": (watching, tuple(2**k for k in (24, 25, 26)), 1.1),
    "list with plugins": (plugins, (1, 10, 50, 200), 1.1),
    "Fréchet distance, rows": (features("frechet"), (2_500, 5_000, 10_000), 1.1),
    "kernel distance, rows": (features("kernel"), (2_500, 5_000, 10_000), 1.1),
    "precision, rows": (features("precision"), (2_500, 5_000, 10_000), 2.1),
    "sampling": (sample, (256, 1_024, 4_096), 1.1),
    "a step's width": (width, (16, 32, 64), 2.1),
}
COMMANDS = ("--help", "list", "info dcgan-digits", "doctor", "train dcgan-digits --dry-run")


def commands() -> dict[str, float]:
    """Seconds of processors that a command takes from its start to its end, the least of three."""

    def run(words: str) -> None:
        command = [sys.executable, "-m", "ganzoo.cli", *words.split()]
        path = os.pathsep.join(sys.path[1:3])
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": path}, **quiet)

    return {words: min(_seconds(lambda w=words: run(w)) for _ in range(3)) for words in COMMANDS}


def measure(name: str) -> dict:
    """Seconds by size, and the exponent."""
    make, sizes, bound = MEASURES[name]
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            run = make(size, Path(folder))
            seconds.append(fastest(run))
    exponent = math.log(seconds[-1] / seconds[-3]) / math.log(sizes[-1] / sizes[-3])
    row = {"name": name, "sizes": list(sizes), "seconds": seconds, "exponent": exponent}
    return {**row, "bound": bound, "within": exponent <= bound}


def fastest(run: Callable) -> float:
    """Seconds of the fastest of three, the first one aside; of a long one, the first alone."""
    first = _seconds(run)  # imports and compiles
    return first if first > LONG else min(_seconds(run) for _ in range(3))


def _seconds(run: Callable) -> float:
    begin, clock = cpu(), time.perf_counter()
    run()
    used, clock = cpu() - begin, time.perf_counter() - clock
    return used if used > 0.05 else clock  # ticks of the kernel are hundredths


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=list(MEASURES))
    parser.add_argument("--no-commands", action="store_true", help="leave out the command line")
    parser.add_argument("--backend", default="jax", help="for sampling and steps (default: jax)")
    parser.add_argument("--into", type=Path, metavar="FILE", help="keep the figures in this JSON")
    options = parser.parse_args()
    from ganzoo.jobs.models.environment import prepare_environment

    prepare_environment(options.backend)
    if options.into and not options.no_commands:
        keep(options.into, "commands", commands())
    for name in options.only:
        row = measure(name)
        if options.into:
            keep(options.into, "growth", [row], "name")
        cells = zip(row["sizes"], row["seconds"], strict=True)
        text = ", ".join(f"{size:,}: {1000 * seconds:.4g} ms" for size, seconds in cells)
        mark = "" if row["within"] else f"  above {row['bound']}"
        print(f"{row['name']:24} {text}  exponent {row['exponent']:.2f}{mark}", flush=True)


if __name__ == "__main__":
    main()
