"""Pages of every architecture, compared in Chromium with the generator: a table in docs/page.md.

Usage: python docs/make_pages.py [--shots FOLDER] [NAME ...]

Generators are small and of random weights, biases and gains included. "no" in a cell: the page
cannot be written; the reason is printed.
"""

import argparse
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from ganzoo.catalog.plugins import discovery
from ganzoo.errors import GanzooError
from ganzoo.jobs.formats.web_page import write_page
from ganzoo.modalities import modality_of
from ganzoo.testing.architecture_case import ArchitectureCase

PAGE = Path(__file__).parent / "page.md"
BEGIN, END = "<!-- architectures: begin -->\n", "<!-- architectures: end -->\n"
SEEDS = 4
COLLECT = """
<script>
const given = /* SOURCE */;
if (given) {
  state.source = Float32Array.from(given);
  delete document.body.dataset.done;
  refresh();
}
const wait = () => {
  if (!document.body.dataset.done) return setTimeout(wait, 10);
  const samples = Array.from({ length: 4 }, (_, k) => Array.from(sampleOf(latentsOf(k), k)));
  const drawn = [...document.querySelectorAll("#seeds canvas")].slice(0, 4).map((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return facts.samples === "images" ? Array.from(data) : [new Set(data).size];
  });
  const found = Object.assign(document.createElement("pre"), { id: "found", hidden: true });
  found.textContent = JSON.stringify({ samples, drawn, sliders: model.directions.length });
  document.body.append(found);
};
setTimeout(wait);
</script></body>"""


def main() -> None:
    """Write, draw and compare pages; then write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--shots", type=Path, help="a folder for screenshots")
    options = parser.parse_args()
    names = options.names or sorted(discovery.discover("architecture").plugins)
    rows = []
    for name in names:
        rows.append(row_of(name, options.shots))
        print(rows[-1], end="", flush=True)
    if not options.names:
        head = "| architecture | draws | largest difference | sliders |\n|---|---|---:|---:|\n"
        before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
        after = rest.split(END)[1]
        PAGE.write_text(before + BEGIN + head + "".join(rows) + END + after, encoding="utf-8")


def row_of(name: str, shots: Path | None) -> str:
    """A row of the table: levels of 255 between page and generator, and the sliders."""
    case = ArchitectureCase(name)
    sampler = case.gan.sampler
    if None in sampler.image_shape:
        return f"| `{name}` | no: images of any size | | |\n"
    what = modality_of(sampler.image_shape).plural
    numbers = np.random.default_rng(0)
    for variable in case.gan.generator.weights:  # nothing is without effect
        if any(word in variable.path for word in ("gamma", "strength", "bias", "beta")):
            variable.assign(numbers.normal(0.7, 0.3, variable.shape))
    shape = sampler.label_shape
    classes = sampler.num_classes if shape == () else (shape or [0])[0] if shape else 0
    facts = {
        "model": name, "samples": what, "sample_shape": sampler.image_shape, "rate": 16000,
        "weights_digest": "0" * 64, "license": "none, of random weights",
    }  # fmt: skip
    source = labels = None
    if shape is not None and len(shape) > 1:
        source = case.labels(1, 2)[:1]
        source = np.asarray(sampler.scale_labels(source), "float32")
        labels = np.repeat(source, SEEDS, axis=0)
    elif shape == ():
        labels = np.arange(SEEDS) % (classes or 1)
    elif shape is not None:
        labels = np.full((SEEDS, *shape), 0.5, "float32")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        try:
            write_page(case.gan, facts, str(path))
        except GanzooError as error:
            print(f"{name}: {error.message}")
            return f"| `{name}` | no | | |\n"
        given = "null" if source is None else json.dumps(source.ravel().astype(float).tolist())
        script = COLLECT.replace("/* SOURCE */", given)
        path.write_text(path.read_text(encoding="utf-8").replace("</body>", script))
        text = in_chromium(path, "--dump-dom")
        if shots is not None:
            shots.mkdir(parents=True, exist_ok=True)
            in_chromium(path, "--window-size=1100,1500", f"--screenshot={shots / name}.png")
    match = re.search(r'id="found"[^>]*>(.*?)</pre>', text)
    if match is None:
        return f"| `{name}` | no: the page's script failed | | |\n"
    found = json.loads(match[1])
    expected = np.concatenate([
        np.asarray(case_samples(sampler, seed, None if labels is None else labels[seed : seed + 1]))
        for seed in range(SEEDS)
    ])  # fmt: skip
    if len(found["drawn"]) < SEEDS or not same_pixels(found["drawn"], expected, what, sampler):
        return f"| `{name}` | no: other pixels | | |\n"
    samples = np.array(found["samples"]).reshape(expected.shape)
    low, high = sampler.value_range
    scale = max(high - low, float(np.ptp(expected)))
    difference = 255 * float(np.abs(samples - expected).max()) / scale
    return f"| `{name}` | {what} | {difference:.1g} | {found['sliders'] or ''} |\n"


def same_pixels(canvases: list, expected: np.ndarray, what: str, sampler) -> bool:
    """Compare pixels, to one level; of what is no image, look for something."""
    if what != "images":
        return min(one[0] for one in canvases) > 1
    low, high = sampler.value_range
    levels = np.rint((expected - low) * (255 / (high - low))).clip(0, 255)
    colors = levels[..., :3] if levels.shape[-1] >= 3 else levels[..., :1].repeat(3, axis=-1)
    pixels = np.array(canvases).reshape(*levels.shape[:-1], 4)[..., :3]
    return bool(np.abs(pixels - colors).max() <= 1)


def case_samples(sampler, seed: int, labels):
    """Sample 0 of a seed, as floats."""
    from keras import ops

    latents = sampler.sample_latents(1, seed)
    return ops.convert_to_numpy(sampler.generate(latents, labels))


def in_chromium(path: Path, *options: str) -> str:
    """Return the output of a headless Chromium."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if browser is None:
        raise SystemExit("Chromium is not installed.")
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", *options]
        command += [f"--user-data-dir={profile}", "--virtual-time-budget=60000", path.as_uri()]
        return subprocess.run(command, capture_output=True, text=True, timeout=300).stdout


if __name__ == "__main__":
    main()
