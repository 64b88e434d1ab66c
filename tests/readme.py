"""Runs README.md from top to bottom: every command of ganzoo and every block of Python.

Usage: python tests/readme.py BIN [BACKEND]

BIN is the folder of an environment's executables, with ganzoo and one backend installed from a
wheel; nothing else of this checkout is used. Commands run in the order of the page, in one empty
folder with a few images in `my-images`, offline and with a home of its own; trainings are short.
Installing and `make` are left out, and two lines may say what else must be installed (exit code
5): ONNX is written with PyTorch, and MNIST has to be downloaded.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
_BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.M | re.S)
_MAY_NEED_MORE = re.compile(r"\.onnx|hf://")
_SHORTER = {  # beginnings of lines, and what is added to them
    "ganzoo train dcgan-digits": "--steps 150",
    "ganzoo train --data": "--steps 10 --batch 2 --set dataset.size=16",
    "ganzoo evaluate": "-n 1000",
}
_IMAGES = """
import numpy as np
from pathlib import Path
from PIL import Image
Path("my-images").mkdir()
for i, noise in enumerate(np.random.default_rng(0).integers(0, 256, (48, 5, 4, 3), "uint8")):
    Image.fromarray(noise).resize((80, 100)).save(f"my-images/{i}.png")
"""


def steps(text: str) -> list[list[str]]:
    """The page's commands and blocks of Python, each as the words of a command."""
    found = []
    for kind, body in _BLOCK.findall(text):
        if kind == "python":
            found.append(["python", "-c", body])
            continue
        lines = body.replace("\\\n", " ").splitlines()
        commands = [shlex.split(line, comments=True) for line in lines]
        found += [words for words in commands if words and "ganzoo" in words[:2]]
    return found


def main() -> None:
    """Run all, and fail at the first that does not do what the page says."""
    programs = Path(sys.argv[1]).resolve()
    backend = sys.argv[2:3]
    environment = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    with tempfile.TemporaryDirectory() as folder:
        environment |= {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "HOME": folder,
            "GANZOO_OFFLINE": "1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        run = {"cwd": folder, "env": environment}
        subprocess.run(["python", "-c", _IMAGES], **run, check=True)
        for words in steps(README.read_text(encoding="utf-8")):
            while "=" in words[0]:  # VARIABLE=value before a command
                name, _, value = words.pop(0).partition("=")
                if name == "KERAS_BACKEND" and backend != [value]:
                    words = []  # another backend's line
                    break
            if not words:
                continue
            label = "the block of Python" if words[0] == "python" else shlex.join(words)
            for line, options in _SHORTER.items():
                words += options.split() if label.startswith(line) else []
            began = time.perf_counter()
            code = subprocess.run(words, **run).returncode
            print(f"{time.perf_counter() - began:6.1f} s  exit {code}  {label}", flush=True)
            if code and not (code == 5 and _MAY_NEED_MORE.search(label)):
                sys.exit(f"README.md does not hold: {label} ended with {code}.")


if __name__ == "__main__":
    main()
