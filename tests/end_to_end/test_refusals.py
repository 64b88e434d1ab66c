"""Invalid input gives one line that names it and an exit code; no framework, no files.

All cases run in one process that reads them from a file: starting one for each would take
longer than all of them.
"""

import io
import json

import pytest
from PIL import Image

DIGITS, FOLDER = (
    ["train", "dcgan-digits"],
    ["train", "dcgan-digits", "--set", "dataset.name=folder"],
)
RECIPE = {
    "training.batch": ["0", "-1", "1.5", "2147483648", '"8"', "true"],
    "generator_optimizer.learning_rate": ["0", "-1", "nan", "inf", "1e10", '"fast"'],
    "training.steps": ["0", "-3", "1e3"],
    "training.seed": ["-1", "18446744073709551616"],
    "training.precision": ["float17"],
    "training.checkpoint_every": ["0"],
    "training.evaluate_every": ["-1", "0.5", "true"],
    "training.evaluate_samples": ["9", "16777216"],
    "training.evaluate_features": ["3", "true"],
    "gan.loss": ["hing", "1"],
    "gan.n_critic": ["0"],
    "gan.ema_half_life": ["-0.1", '"long"'],
    "gan.label_flip_prob": ["0.5", "-0.1"],
    "gan.regularizers": ['[{name = "r3", weight = 1.0}]', '[{name = "r1", weight = -1.0}]', "[1]"],
    "architecture.latent_size": ['"many"', "1.5"],
}

# Arguments, exit code, parts of the message.
CASES = [
    (["train", "dcgan-digit"], 2, ["dcgan-digit'", "Did you mean 'dcgan-digits'"]),
    (["trian", "dcgan-digits"], 2, ["trian"]),
    ([*DIGITS, "--step", "3"], 2, ["--step"]),
    ([*DIGITS, "--set", "architecture.name=dcgen"], 2, ["architecture", "Did you mean"]),
    ([*DIGITS, "--set", "dataset.name=digit"], 2, ["data", "Did you mean 'digits'"]),
    ([*DIGITS, "--set", "training.batchs=3"], 2, ["batchs", "Did you mean 'batch'"]),
    ([*DIGITS, "--set", "no_such_key=3"], 2, ["no_such_key"]),
    ([*DIGITS, "--set", "batch"], 2, ["key=value"]),
    ([*DIGITS, "--backend", "jaxx"], 2, ["Did you mean 'jax'"]),
    ([*DIGITS, "--backend", "torch"], 5, ["not installed", 'pip install "keras-ganzoo[torch]"']),
    ([*DIGITS, "--steps", "3", "--epochs", "1"], 2, ["--steps", "--epochs"]),
    ([*DIGITS, "--run", "taken"], 2, ["taken", "empty folder"]),
    ([*DIGITS, "--run", "file"], 2, ["file"]),
    ([*DIGITS, "--batch", "4000"], 2, ["4,000", "1,797"]),
    ([*FOLDER, "--data", "nowhere"], 2, ["nowhere"]),
    ([*FOLDER, "--data", "empty"], 3, ["empty"]),
    ([*FOLDER, "--data", "truncated"], 3, ["cut.png"]),
    ([*FOLDER, "--data", "wrong"], 3, ["text.png"]),
    ([*FOLDER, "--data", "mixed"], 3, ["a.png", "b.png", "dataset.size"]),
    (["train", "dcgan-celeba"], 5, ["img_align_celeba.zip", "--data"]),
    (["train", "dcgan-celeba", "--data", "truncated"], 3, ["img_align_celeba/000001.jpg"]),
    (["train", "gan-mnist-small", "--data", "file"], 3, ["file"]),
    (["train", "missing.toml"], 2, ["missing.toml"]),
    (["train", "broken.toml"], 2, ["broken.toml"]),
    (["resume", "7"], 2, ["'7'"]),
    (["resume", "taken"], 3, ["taken", "recipe.toml"]),
    (["sample", "nowhere.safetensors"], 2, ["nowhere.safetensors"]),
    (["sample", "text.safetensors"], 3, ["text.safetensors"]),
    (["sample", "text.safetensors", "-n", "0"], 2, ["-n"]),
    (["sample", "text.safetensors", "--seed", "-1"], 2, ["--seed"]),
    (["sample", "text.safetensors", "--interpolate", "1,2,3"], 2, ["--interpolate"]),
    (["export", "nowhere", "out.safetensors"], 2, ["nowhere"]),
    *[
        ([*DIGITS, "--set", f"{key}={value}"], 2, [key.rpartition(".")[2]])
        for key, values in RECIPE.items()
        for value in values
    ],
]

RUN = """
import contextlib, io, json, sys
from ganzoo.cli import main

sys.modules["torch"] = None  # as if it were not installed
done = []
for argv in json.load(open("cases.json")):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(argv)
    loaded = [m for m in ("keras", "jax", "tensorflow") if m in sys.modules]
    done.append([code, out.getvalue(), err.getvalue(), loaded])
print(json.dumps(done))
"""


@pytest.fixture
def invalid_files(command):
    """Files that the cases read."""

    def png(mode: str, size: tuple[int, int]) -> bytes:
        content = io.BytesIO()
        Image.new(mode, size, 90).save(content, "PNG")
        return content.getvalue()

    files = {
        "taken/note.txt": b"mine",
        "file": b"mine",
        "truncated/cut.png": png("RGB", (20, 20))[:40],
        "mixed/a.png": png("RGB", (20, 20)),
        "mixed/b.png": png("L", (9, 30)),
        "wrong/text.png": b"not an image",
        "text.safetensors": b"not weights",
        "broken.toml": b"[training\nsteps = 3",
    }
    for name, data in files.items():
        path = command.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    (command.folder / "empty").mkdir()
    return files


def test_invalid_input_is_refused_in_one_line_before_any_framework(command, invalid_files):
    (command.folder / "cases.json").write_text(json.dumps([argv for argv, _, _ in CASES]))
    done = command.python(
        RUN, KERAS_BACKEND="", HF_ENDPOINT="http://127.0.0.1:9", HF_HUB_DISABLE_TELEMETRY="1",
        GANZOO_HOME=str(command.folder / "home"), KERAS_HOME=str(command.folder / "keras"),
    )  # fmt: skip

    wrong = []
    for (argv, code, parts), (got, out, err, loaded) in zip(
        CASES, json.loads(done.stdout), strict=True
    ):
        last = err.splitlines()[-1] if err else ""
        fine = (
            (got, out, loaded) == (code, "", [])
            and last.startswith("error: ")
            and err.count("error: ") == 1
            and "Traceback" not in err
            and all(part in last for part in parts)
        )
        if not fine:
            wrong.append(f"{argv}: expected {code} {parts}; got {got} {loaded} {out}{err}")
    assert not wrong, "\n".join(wrong)

    left = {p.name for p in command.folder.iterdir()} - {"cases.json", "empty", "home", "keras"}
    assert left == {name.partition("/")[0] for name in invalid_files}
    assert all((command.folder / name).read_bytes() == data for name, data in invalid_files.items())
