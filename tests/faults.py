"""The long forms of tests that kill, interrupt and damage: `make test-faults`, some hours.

Usage: python tests/faults.py [rounds]: by default 34, which are 102 kills and interrupts of a
training on each backend, 1,360 kills of a writer of checkpoints and 136,000 damaged weights files.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TRAINING = "tests/end_to_end/test_training.py"
DAMAGE = (
    "tests/files/test_crash.py",
    "tests/files/test_hostile_weights.py",
    "tests/registry/test_crash.py",
)


def main(rounds: int) -> int:
    """Run all of them, and return how many calls of pytest failed."""
    calls = [("core", *DAMAGE)]
    calls += [
        (backend, TRAINING, "-k", "killed or signal")
        for backend in ("jax", "torch", "tensorflow") for _ in range(rounds)
    ]  # fmt: skip
    failed = 0
    for part, *words in calls:
        command = [sys.executable, "tests/run.py", "--only", part, *words]
        variables = os.environ | {"GANZOO_TEST_ROUNDS": str(rounds)}
        failed += subprocess.run(command, cwd=ROOT, env=variables).returncode != 0
    print(f"{len(calls)} calls, {failed} failed")
    return failed


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 34) > 0)
