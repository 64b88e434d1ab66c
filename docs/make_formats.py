"""Exports of every architecture in every format, compared with Keras: a table in docs/formats.md.

Usage: python docs/make_formats.py   (each backend runs in its own process)

"no" in a cell: the backend cannot write the format; the reason is printed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

PAGE = Path(__file__).parent / "formats.md"
BEGIN, END = "<!-- formats: begin -->\n", "<!-- formats: end -->\n"
KINDS = {".keras": ("jax", "torch", "tensorflow"), ".onnx": ("torch",), ".pt2": ("torch",)}
KINDS |= {"": ("tensorflow",)}
_FACTORS = (1.0, 1e2, 1e3, 1e4, 1e5)  # of latents: first weights may be small
TITLES = {".keras": "Keras", ".onnx": "ONNX", ".pt2": "torch.export", "": "SavedModel"}


def main() -> None:
    """Measure on each backend, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(differences_on(options.child)))
        return
    found: dict[str, dict[str, dict[str, str]]] = {}
    for backend in ("jax", "torch", "tensorflow"):
        command = [sys.executable, __file__, "--child", backend]
        environment = {**os.environ, "KERAS_BACKEND": backend}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
        done.check_returncode()
        for architecture, kinds in json.loads(done.stdout.splitlines()[-1]).items():
            for kind, difference in kinds.items():
                found.setdefault(architecture, {}).setdefault(kind, {})[backend] = difference
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    tail = rest.partition(END)[2]
    PAGE.write_text(head + BEGIN + table(found) + END + tail, encoding="utf-8")


def table(found: dict) -> str:
    """Return the differences as a Markdown table."""
    lines = ["| architecture | " + " | ".join(TITLES[kind] for kind in KINDS) + " |"]
    lines += ["|---" * (len(KINDS) + 1) + "|"]
    for architecture, kinds in sorted(found.items()):
        cells = []
        for kind in KINDS:
            each = kinds.get(kind, {})
            cells.append(", ".join(f"{value} ({name})" for name, value in each.items()) or "-")
        lines.append(f"| `{architecture}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def differences_on(backend: str) -> dict[str, dict[str, str]]:
    """Return the largest difference on one backend, by architecture and file extension."""
    from ganzoo.backend import select

    select.choose(backend)
    from ganzoo.catalog.plugins import discovery
    from ganzoo.testing.architecture_case import ArchitectureCase

    found: dict[str, dict[str, str]] = {}
    for name, plugin in discovery.discover("architecture").plugins.items():
        if plugin.distribution != "keras-ganzoo":
            continue
        try:
            case = ArchitectureCase(name)
            gan = case.gan
        except Exception as error:
            print(f"{backend}: {name} is not built: {error!r}"[:300], file=sys.stderr)
            found[name] = {kind: "no" for kind, backends in KINDS.items() if backend in backends}
            continue
        for kind, backends in KINDS.items():
            if backend not in backends:
                continue
            try:
                difference = _difference(gan, kind, case)
            except Exception as error:
                print(f"{backend}: {name}{kind} is not written: {error!r}"[:300], file=sys.stderr)
                found.setdefault(name, {})[kind] = "no"
                continue
            found.setdefault(name, {})[kind] = f"{difference:.0e}"
    return found


def _difference(gan, kind: str, case) -> float:
    """The largest difference between an exported file and Keras, for one sample and for five."""
    import keras
    import numpy as np

    from ganzoo.gan.sampling import generator_inputs

    with tempfile.TemporaryDirectory() as folder:
        run = _exported(gan, kind, Path(folder) / f"generator{kind}")
        differences = []
        for n in (1, 5):
            latents = keras.ops.convert_to_numpy(gan.sampler.sample_latents(n, 3))
            taken, labels = generator_inputs(gan.generator), None
            if "labels" in taken:
                labels = np.asarray(case.labels(3, n)).astype(taken["labels"].dtype)
            for factor in _FACTORS:
                given = {"latents": factor * latents, "labels": labels}
                if "latents" not in taken:
                    given["labels"] = factor * labels
                inputs = [given[name] for name in taken]
                made = gan.sampler.generate(given["latents"], given["labels"])
                expected = keras.ops.convert_to_numpy(made)
                if expected.std() > 0.01:
                    break
            else:
                raise ValueError("its images are almost blank")
            differences.append(np.abs(run(inputs) - expected).max())
    return max(differences)


def _exported(gan, kind: str, path: Path):
    """Write the file and return a function that runs it: inputs -> images."""
    import numpy as np

    from ganzoo.jobs.formats.file_formats import FORMATS, call_generator

    call_generator(gan)
    facts = {"samples": "images", "sample_shape": gan.sampler.image_shape}
    FORMATS[kind].write(gan, facts, str(path))
    if kind == ".onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(path)
        inputs_of_file = {one.name for one in session.get_inputs()}  # those that have an effect
        names = [one.name for one in gan.generator.inputs]

        def run_session(inputs):
            given = dict(zip(names, inputs, strict=True))
            return session.run(None, {name: given[name] for name in inputs_of_file})[0]

        return run_session
    if kind == ".pt2":
        import torch

        module = torch.export.load(path).module()

        def run(inputs):
            given = [torch.tensor(one) for one in inputs]
            with torch.no_grad():
                return module(given if len(given) > 1 else given[0]).numpy()

        return run
    if kind == ".keras":
        import keras

        model = keras.saving.load_model(path)
        return lambda inputs: keras.ops.convert_to_numpy(
            keras.ops.stop_gradient(model(inputs if len(inputs) > 1 else inputs[0]))
        )
    import tensorflow as tf

    served = tf.saved_model.load(str(path))
    return lambda inputs: np.array(served.serve(inputs if len(inputs) > 1 else inputs[0]))


if __name__ == "__main__":
    main()
