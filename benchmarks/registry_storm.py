"""Many processes push, tag and read the same model; some of them are killed.

    python benchmarks/registry_storm.py [--workers 8] [--rounds 100] [--kills 20] [--no-locks]

The exit code is 1 if a version is not complete, a content was published twice, or anything is
left over but temporary files of killed processes.
"""

import argparse
import fcntl
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from ganzoo.catalog.registry import aliases
from ganzoo.catalog.registry.cards import Card
from ganzoo.catalog.registry.maintenance import check_model
from ganzoo.catalog.registry.versions import publish_version
from ganzoo.jobs.hub.bundle import build_bundle

CARD = Card.from_tables(
    {
        "schema": 1,
        "name": "small",
        "summary": "A card",
        "license": {"data": "CC0-1.0", "weights": "MIT"},
        "recipe": {
            "architecture": {"name": "mlp"},
            "dataset": {"name": "digits"},
            "generator_optimizer": {"name": "adam"},
            "discriminator_optimizer": {"name": "adam"},
            "training": {"steps": 4},
        },
    }
).toml()


def work(registry: Path, worker: int, rounds: int) -> None:
    """Push, tag and read versions in one process."""
    rng = random.Random(worker)
    folder = registry / "small"
    for number in range(rounds):
        value = rng.choice([number, number, 10**6 + worker * rounds + number])
        files = {"card.toml": CARD.encode(), "generator.safetensors": b"%d" % value * 5000}
        bundle = build_bundle("small", files)
        version = publish_version(registry, "small", bundle.files, bundle.manifest)
        aliases.set_alias(folder, version.number, "best")
        selector = rng.choice(["best", "latest", str(version.number)])
        assert aliases.select_version(folder, selector).read_all()["card.toml"] == CARD.encode()


def main() -> int:
    """Run the processes and check the registry."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--no-locks", action="store_true", help="as on a disk that has none")
    options = parser.parse_args()
    if options.no_locks:
        fcntl.flock = lambda descriptor, operation: None
    rng, begun = random.Random(0), time.perf_counter()
    with tempfile.TemporaryDirectory() as home:
        registry = Path(home, "registry")
        children = {}
        for worker in range(options.workers + options.kills):
            child = os.fork()
            if child == 0:
                work(registry, worker, options.rounds)
                os._exit(0)
            children[child] = worker >= options.workers
        for child in [child for child, doomed in children.items() if doomed]:
            time.sleep(rng.uniform(0.02, 0.3))
            os.kill(child, signal.SIGKILL)
        ended = {child: os.waitpid(child, 0)[1] for child in children}
        failed = [c for c, doomed in children.items() if not doomed and ended[c]]
        for path in (registry / "small").glob(".ganzoo-*.tmp"):
            os.utime(path, (1, 1))  # as if an hour had passed
        whole, findings = check_model(registry / "small")
        wrong = [f for f in findings if not f.harmless and "aliases" not in str(f.path)]
        contents = [version.read("generator.safetensors") for version in whole]
        twice = len(contents) - len(set(contents))
        seconds = time.perf_counter() - begun
    print(
        f"{options.workers} x {options.rounds} rounds, {options.kills} killed, {seconds:.1f} s: "
        f"{len(whole)} versions whole, {len(failed)} workers "
        f"failed, {len(wrong)} findings, {twice} contents twice, "
        f"{len(findings) - len(wrong)} leftovers of the killed"
    )
    for finding in wrong:
        print(finding.path, finding.reason)
    return int(bool(failed or wrong or twice))


if __name__ == "__main__":
    sys.exit(main())
