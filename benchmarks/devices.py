"""Every architecture on one device and on several: one step, and the same training for longer.

    python benchmarks/devices.py --backend jax                   # 2 and 3 devices, a table
    python benchmarks/devices.py --backend torch --devices 2 --names dcgan biggan
    python benchmarks/devices.py --backend torch --into docs/devices.json

PyTorch and TensorFlow have a process for each device, JAX one for all, which takes its processor
for several. Networks are as small as the conformance suite has them, batches have 12 samples, and
the optimizer is gradient descent, so that a weight moves by its gradient. As a control one device
trains again, three times, each weight moved by one unit in the last place, up or down.
"""

import argparse
import gc
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parent))

from figures import keep  # noqa: E402

BATCH, RATE = 12, 0.01
QUICK = "--xla_backend_optimization_level=0"  # as in the conformance suite
States = dict[str, dict[str, np.ndarray]]  # by architecture and moment, then by name


def main() -> None:
    """Train in processes, compare, and print a table."""
    options = _arguments()
    if options.child:
        rank, count, folder = options.child
        train(int(rank), int(count), Path(folder), options)
        return
    with tempfile.TemporaryDirectory() as temporary:
        for count in (1, *options.devices):
            start(count, Path(temporary), options)
        rows = compare(Path(temporary), options)
    print(report(rows))
    if options.into:
        keep(options.into, "rows", rows, "architecture", "backend", "devices")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", choices=("jax", "torch", "tensorflow"), default="torch")
    parser.add_argument("--devices", nargs="+", type=int, default=[2, 3])
    parser.add_argument("--steps", type=int, default=20, help="of the longer training")
    parser.add_argument("--controls", type=int, default=3, help="trainings of moved weights")
    parser.add_argument("--names", nargs="*", default=[], help="architectures (default: all)")
    parser.add_argument("--into", type=Path, metavar="FILE", help="keep the figures in this JSON")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args()


def start(count: int, folder: Path, options: argparse.Namespace) -> None:
    """Run the processes of so many devices, each of which writes its states."""
    processes = 1 if options.backend == "jax" else count
    ports = list(_free_ports(processes))
    children = [
        subprocess.Popen(
            [sys.executable, str(HERE), "--backend", options.backend, "--steps",
             str(options.steps), "--controls", str(options.controls),
             "--child", str(rank), str(count), str(folder),
             "--names", *options.names],
            env=os.environ | _variables(options.backend, rank, count, ports),
        )
        for rank in range(processes)
    ]  # fmt: skip
    codes = [child.wait() for child in children]
    if any(codes):
        sys.exit(f"Training on {count} devices failed.")


def _free_ports(number: int) -> Iterator[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        yield from [one.getsockname()[1] for one in sockets]


def _variables(backend: str, rank: int, count: int, ports: list[int]) -> dict[str, str]:
    from ganzoo.jobs.devices.children import tensorflow_cluster

    own = {
        "torch": {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(ports[0])},
        "tensorflow": {"TF_CONFIG": tensorflow_cluster(rank, ports)} if count > 1 else {},
        "jax": {"XLA_FLAGS": f"--xla_force_host_platform_device_count={count} {QUICK}"},
    }[backend]
    return {"KERAS_BACKEND": backend, "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", **own}


def train(rank: int, count: int, folder: Path, options: argparse.Namespace) -> None:
    """Train each architecture with this process's rows, and write its states."""
    from ganzoo.backend import devices
    from ganzoo.catalog.plugins.discovery import discover
    from ganzoo.testing.architecture_case import ArchitectureCase
    from ganzoo.testing.check_report import NotRun

    with devices.joined(_group(options.backend, rank, count)) as group:
        for name in options.names or sorted(discover("architecture").plugins):
            try:
                case = ArchitectureCase(name)
                gan = case.build()
            except NotRun:
                continue
            controls = options.controls if count == 1 else 0
            states = trained(case, gan, group, options.steps, controls)
            for moment, state in states.items():
                np.savez(folder / f"{name}-{count}-{rank}-{moment}.npz", **state)
            del gan
            _forget(options.backend)
            if not rank:
                print(f"{count} devices: {name}", file=sys.stderr, flush=True)


def _group(backend: str, rank: int, count: int) -> Any:
    from ganzoo.backend import devices

    if count == 1:
        return devices.Group()
    if backend == "jax":
        from ganzoo.backend.devices.jax_mesh import Mesh

        return Mesh(count)
    if backend == "torch":
        from ganzoo.backend.devices.torch_group import TorchGroup

        return TorchGroup(rank, count, rank)
    from ganzoo.backend.devices.tensorflow_group import TensorFlowGroup

    return TensorFlowGroup(rank, count, rank)


def trained(case: Any, gan: Any, group: Any, steps: int, controls: int) -> States:
    """States after one step and after all, and on one device those of the controls."""
    import keras

    from ganzoo.jobs.models.weights import assign_arrays, state_arrays
    from ganzoo.testing.architecture_case import SEED

    gan.compile(*(keras.optimizers.SGD(RATE) for _ in range(2)), seed=SEED, **case.config)
    rows = BATCH // group.count
    mine = slice(group.rank * rows, (group.rank + 1) * rows)
    first, states = state_arrays(gan), {}

    def go_on(begin: int, end: int) -> dict[str, np.ndarray]:
        for step in range(begin, end):
            gan.train_on_batch(*(x[mine] for x in case.batch(step, BATCH)))
        return state_arrays(gan)

    states["one"] = go_on(0, 1)
    states["all"] = go_on(1, steps)
    for number in range(controls):
        generator = np.random.default_rng(number)
        moved = {name: _moved(name, array, generator) for name, array in first.items()}
        assign_arrays(gan.state(), moved, "the control")
        states[f"control{number}"] = go_on(0, steps)
    return states


def _moved(name: str, array: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Weights moved by one unit in the last place, up or down; whatever else a state has, as is."""
    if not _is_weight(name) or array.dtype != np.float32:
        return array
    toward = np.where(generator.random(array.shape) < 0.5, -np.inf, np.inf)
    return np.nextafter(array, toward.astype(array.dtype))


def _is_weight(name: str) -> bool:
    return name.startswith(("generator/", "discriminator/", "ema/")) and "seeds/" not in name


def _forget(backend: str) -> None:
    if backend == "jax":
        import jax

        jax.clear_caches()
    gc.collect()


def compare(folder: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each architecture and number of devices, in units of the largest weight."""

    def state(name: str, count: int, rank: int, moment: str) -> dict[str, np.ndarray]:
        with np.load(folder / f"{name}-{count}-{rank}-{moment}.npz") as arrays:
            return dict(arrays)

    rows = []
    for path in sorted(folder.glob("*-1-0-one.npz")):
        name = path.name.removesuffix("-1-0-one.npz")
        one, long = (state(name, 1, 0, moment) for moment in ("one", "all"))
        controls = [
            difference(long, state(name, 1, 0, f"control{number}"))
            for number in range(options.controls)
        ]
        for count in options.devices:
            ranks = 1 if options.backend == "jax" else count
            ends = [state(name, count, rank, "all") for rank in range(ranks)]
            rows.append({
                "architecture": name, "backend": options.backend, "devices": count,
                "step": difference(one, state(name, count, 0, "one")),
                "steps": options.steps, "after": difference(long, ends[0]),
                "control": max(controls),
                "ranks_equal": all(ends[0][key].tobytes() == other[key].tobytes()
                                   for other in ends for key in other),
            })  # fmt: skip
    return rows


def difference(expected: dict, found: dict) -> float:
    """The largest difference of weights, divided by the largest weight."""
    names = [name for name in expected if _is_weight(name)]
    largest = max(np.abs(expected[name]).max(initial=0) for name in names)
    off = (np.abs(expected[n].astype("f8") - found[n].astype("f8")).max(initial=0) for n in names)
    return float(max(off) / largest)


def report(rows: list[dict[str, Any]]) -> str:
    """A table of the rows."""
    lines = ["| architecture | devices | one step | longer | control | ranks |",
             "|---|---:|---:|---:|---:|---|"]  # fmt: skip
    for row in rows:
        cells = [row["architecture"], str(row["devices"])]
        cells += [f"{row[key]:.1e}" for key in ("step", "after", "control")]
        cells.append("equal" if row["ranks_equal"] else "**differ**")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
