"""Python in processes of their own."""

import os
import subprocess
import sys


def run_python(
    *words: object, code: int = 0, cwd: object = None, env: dict[str, object] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments and check its exit code; it finds what this process does."""
    path = os.pathsep.join(filter(None, map(os.path.abspath, sys.path)))
    done = subprocess.run(
        [sys.executable, *map(str, words)], cwd=cwd, capture_output=True, text=True, timeout=300,
        env=os.environ | {"PYTHONPATH": path} | {k: str(v) for k, v in (env or {}).items()},
    )  # fmt: skip
    assert done.returncode == code, f"{words}\n{done.stdout}\n{done.stderr}"
    return done
