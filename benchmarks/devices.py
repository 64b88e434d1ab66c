"""One step of every architecture on one device and on several, in real processes (PyTorch, gloo).

    python benchmarks/devices.py                      # 2 and 3 devices, a table
    python benchmarks/devices.py --devices 2 --names dcgan biggan

Networks are as small as the conformance suite has them, batches have 12 samples, and the optimizer
is gradient descent, so that a weight moves by its gradient.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

BATCH, RATE = 12, 0.01


def main() -> None:
    """Train in processes, compare, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--devices", nargs="+", type=int, default=[2, 3])
    parser.add_argument("--names", nargs="*", default=[], help="architectures (default: all)")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        rank, count, folder = options.child
        train(int(rank), int(count), Path(folder), options.names)
        return
    with tempfile.TemporaryDirectory() as temporary:
        for count in (1, *options.devices):
            start(count, Path(temporary), options.names)
        report(Path(temporary), options.devices)


def start(count: int, folder: Path, names: list[str]) -> None:
    """Run as many processes, each of which writes its states."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {"KERAS_BACKEND": "torch", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
                 "OMP_NUM_THREADS": "1"}  # fmt: skip
    children = [
        subprocess.Popen(
            [sys.executable, __file__, "--child", str(rank), str(count), str(folder), "--names",
             *names], env=os.environ | variables,
        )
        for rank in range(count)
    ]  # fmt: skip
    codes = [child.wait() for child in children]
    if any(codes):
        sys.exit(f"{count} processes failed.")


def train(rank: int, count: int, folder: Path, names: list[str]) -> None:
    """Make a step of each architecture with this process's rows."""
    import keras

    from ganzoo.backend import devices
    from ganzoo.backend.devices.torch_group import TorchGroup
    from ganzoo.catalog.plugins.discovery import discover
    from ganzoo.jobs.models.weights import state_arrays
    from ganzoo.testing.architecture_case import SEED, ArchitectureCase
    from ganzoo.testing.check_report import NotRun

    group = TorchGroup(rank, count, rank) if count > 1 else devices.Group()
    rows, states = BATCH // count, {}
    with devices.joined(group):
        for name in names or sorted(discover("architecture").plugins):
            try:
                case = ArchitectureCase(name)
                gan = case.build()
            except NotRun:
                continue
            gan.compile(*(keras.optimizers.SGD(RATE) for _ in range(2)), seed=SEED, **case.config)
            data = (x[rank * rows : (rank + 1) * rows] for x in case.batch(0, BATCH))
            gan.train_step(tuple(map(keras.ops.convert_to_tensor, data)))
            states[name] = state_arrays(gan)
    flat = {f"{name}:{key}": x for name, state in states.items() for key, x in state.items()}
    np.savez(folder / f"{count}-{rank}.npz", **flat)


def states_of(path: Path) -> dict[str, dict[str, np.ndarray]]:
    """The states that a process has written, by architecture."""
    found: dict[str, dict[str, np.ndarray]] = {}
    with np.load(path) as arrays:
        for both in arrays.files:
            name, _, key = both.partition(":")
            found.setdefault(name, {})[key] = arrays[both]
    return found


def report(folder: Path, numbers: list[int]) -> None:
    """Print the largest difference in units of the largest weight, and whether ranks agree."""
    one = states_of(folder / "1-0.npz")
    print(f"| architecture | {' | '.join(f'{n} devices' for n in numbers)} | ranks |")
    print(f"|---|{'---:|' * len(numbers)}---|")
    several = {n: [states_of(folder / f"{n}-{rank}.npz") for rank in range(n)] for n in numbers}
    for name, expected in one.items():
        cells, equal = [], True
        for ranks in several.values():
            states = [states[name] for states in ranks]
            equal &= all(
                states[0][key].tobytes() == other[key].tobytes()
                for other in states for key in states[0]
            )  # fmt: skip
            cells.append(f"{difference(expected, states[0]):.1e}")
        print(f"| {name} | {' | '.join(cells)} | {'equal' if equal else '**differ**'} |")


def difference(expected: dict, found: dict) -> float:
    """The largest difference of weights, divided by the largest weight."""
    names = [n for n in expected if n.startswith(("generator/", "discriminator/", "ema/"))]
    largest = max(np.abs(expected[n]).max(initial=0) for n in names if "seeds/" not in n)
    off = max(
        np.abs(expected[n].astype("f8") - found[n].astype("f8")).max(initial=0) for n in names
    )
    return float(off / largest)


if __name__ == "__main__":
    main()
