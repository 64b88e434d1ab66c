"""The report: one page, self-contained, inert, whatever the run has or has not."""

import base64
import hashlib
import json
import os
import re
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

from ganzoo import rendering
from ganzoo.catalog.recipe.length import TrainingLength, training_length
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.jobs.report import render_report, report_of_run, sample_viewer

RECIPE = {
    "architecture": {"name": "dcgan", "width": 64},
    "dataset": {"name": "digits"},
    "gan": {"loss": "hinge", "regularizers": [{"name": "r1", "weight": 10.0}], "n_critic": 2},
    "generator_optimizer": {"name": "adam", "learning_rate": 2e-4},
    "discriminator_optimizer": {"name": "adam", "learning_rate": {"schedule": "cosine_decay"}},
    "training": {"batch": 64, "steps": 2000, "seed": 0, "log_every": 50},
}
MANIFEST = {
    "schema": 1,
    "ganzoo": "0.1.0",
    "model": "dcgan-digits",
    "backend": "jax",
    "versions": {"keras": "3.15.1", "jax": "0.10.0"},
    "python": "3.11.2",
    "platform": "Linux",
    "argv": ["/home/somebody/bin/ganzoo", "train", "dcgan-digits", "--set", "a b"],
    "seed": 0,
    "created": "2025-11-22T02:01:44+00:00",
    "recipe_digest": "9f" * 32,
    "data": {
        "name": "digits", "fingerprint": "ab" * 32, "count": 1797, "image_shape": [8, 8, 1],
        "license": "CC-BY-4.0", "source": "https://example.org/digits",
    },
    "plugins": {"dcgan": "keras-ganzoo 0.1.0"},
    "parameters": {"generator": 414209, "discriminator": 212865},
    "dispatch": {"steps_per_dispatch": 1, "xla": True},
    "resumed": [
        {"step": 1500, "argv": ["/home/somebody/bin/ganzoo", "resume", "7", "--set", "steps=2e3"]},
        {"step": 1750, "argv": []},  # in Python
    ],
    "state": "finished",
}  # fmt: skip


def line(step: int, **more) -> dict:
    noise = np.random.default_rng(step).normal()
    return {
        "step": step, "images": step * 128, "seconds": step / 10,
        "images_per_second": 1280.0 + noise, "d_loss": 1.0 + 0.1 * noise,
        "g_loss": 2.0 - 0.1 * noise, "d_real_accuracy": 0.75, "d_fake_accuracy": 0.5, "r1": 0.01,
        **more,
    }  # fmt: skip


def log(n: int) -> list[dict]:
    return [line(50 * k) for k in range(1, n + 1)]


def samples(folder, n: int) -> list:
    found = []
    for k in range(n):
        images = np.random.default_rng(k).integers(0, 256, (4, 8, 8, 1)).astype(np.uint8)
        path = folder / f"step-{500 * k:08d}.png"
        path.write_bytes(rendering.encode_png(rendering.render_samples(images)))
        found.append((500 * k, path))
    return found


class Page(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, html: str):
        super().__init__()
        self.elements, self.words, self.raw = [], [], None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.raw = tag if tag in ("style", "script") else None

    def handle_endtag(self, tag):
        self.raw = None

    def handle_data(self, data):
        if self.raw is None:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def all(self, tag) -> list[dict]:
        return [attributes for name, attributes in self.elements if name == tag]


def page(**parts) -> Page:
    return Page(render_report(**{"recipe": RECIPE, "manifest": MANIFEST, "log": log(40), **parts}))


def test_the_page_tells_what_was_trained_where_and_how_far():
    told = page().text
    for words in (
        "dcgan-digits finished",
        "dcgan on digits",
        "1,797 images of 8 × 8 × 1 · trained with JAX · started 22 Nov 2025, 02:01 UTC",
        "Images shown 256,000 142 epochs",
        "Time 3 min 20 s 1,280 per second",
        "414,209",
        "212,865",
        "r1 × 10.0",
        "adam cosine decay",
        "2 discriminator updates",
        "CC-BY-4.0",
        "keras 3.15.1",
        "steps_per_dispatch 1",
        "ganzoo train dcgan-digits --set 'a b' Resumed from step 1,500 ganzoo resume 7 --set "
        "steps=2e3 Resumed from step 1,750",
        "9f" * 32,
    ):
        assert words in told
    assert "somebody" not in told


def test_warnings_are_a_list_of_their_own_and_escaped():
    message = "Gray samples: <2 %. Try --set 'a=[]'."
    warned = page(warnings=[{"step": 1500, "illness": "gray_samples", "message": message}])
    assert f"Warnings Gray samples step 1,500 {message}" in warned.text
    assert "Warnings" not in page().text


def test_the_page_has_the_recipe_as_toml():
    recipe = page().text
    assert '[architecture] name = "dcgan" width = 64' in re.sub(r" +", " ", recipe)


def test_every_metric_has_its_chart_and_a_regularizer_its_name():
    labels = [svg["aria-label"] for svg in page().all("svg") if svg.get("class") == "chart"]
    titles = [label.split(":")[0] for label in labels]
    assert titles == ["Losses", "Discriminator accuracy", "Regularizers", "Speed"]
    assert "r1 from 0.01000" in labels[2]


def test_an_evaluation_has_its_charts_its_least_distance_and_its_protocol():
    protocol = {"features": "digits", "digest": "ab" * 32, "fingerprint": "cd" * 32, "fake": 2000}
    lines = [
        line(50, frechet=9.0, precision=0.1, recall=0.2),
        line(75),
        line(100, frechet=2.5, precision=0.6, recall=0.4),
        line(150, frechet=None, precision=None, recall=None),
    ]
    told = page(log=lines, manifest=MANIFEST | {"evaluation": protocol})
    labels = [svg["aria-label"] for svg in told.all("svg") if svg.get("class") == "chart"]
    assert any(label.startswith("Fréchet distance: Fréchet distance from 9") for label in labels)
    assert any(label.startswith("Precision and recall: precision from") for label in labels)
    assert "Least: 2.500 at step 100, whose checkpoint is kept." in told.text
    assert f"Measured with: features digits, digest {'ab' * 6}…, fake 2,000." in told.text
    assert "cd" * 32 not in told.text
    assert "Measured with" not in page().text


@pytest.mark.parametrize("broken", [{"a<b": "<i>x"}, {"digest": 5}, {"real": None}])
def test_a_protocol_of_any_content_is_inert(broken):
    told = page(log=[line(50, frechet=1.0)], manifest=MANIFEST | {"evaluation": broken})
    assert "Measured with:" in told.text
    assert {} not in told.all("i")  # the legend's own have a class


def test_a_measure_that_the_page_does_not_know_gets_a_chart_and_a_column():
    told = page(log=[line(50, kid_score=0.5), line(100, kid_score=0.25)])
    assert any("kid score: kid score from" in svg.get("aria-label", "") for svg in told.all("svg"))
    assert "kid score" in told.text


def test_an_odd_chart_is_wide_and_has_a_narrow_twin_for_small_screens():
    lines = [{k: v for k, v in entry.items() if k != "r1"} for entry in log(40)]
    boxes = [s["viewbox"].split()[2] for s in page(log=lines).all("svg") if "data-hover" in s]
    assert boxes == ["1104", "540", "540", "540"]


def test_the_page_needs_nothing_from_elsewhere(tmp_path):
    html = render_report(recipe=RECIPE, manifest=MANIFEST, log=log(3), samples=samples(tmp_path, 3))
    told = Page(html)
    policy = told.all("meta")[1]["content"]
    assert policy.startswith("default-src 'none'; img-src data:;")
    for tag in ("style", "script"):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert all(image["src"].startswith("data:image/png;base64,") for image in told.all("img"))
    assert all(link["href"].startswith("data:") for link in told.all("link"))
    assert not any("style" in attributes for _, attributes in told.elements)
    assert "url(" not in html and "@import" not in html


def test_images_are_embedded_as_they_are_in_the_order_of_time(tmp_path):
    shots = samples(tmp_path, 3)
    told = page(samples=shots[::-1])
    images = told.all("img")
    assert [image["alt"][-11:] for image in images] == ["s at step 0", "at step 500", " step 1,000"]
    assert base64.b64decode(images[1]["src"].split(",")[1]) == shots[1][1].read_bytes()
    assert "Step 500 64,000 images" in told.text


def test_many_images_are_thinned_and_the_page_says_so(tmp_path):
    told = page(samples=samples(tmp_path, 50))
    assert len(told.all("img")) == sample_viewer.MAX_IMAGES
    assert told.all("img")[-1]["alt"] == "Samples at step 24,500"
    assert "40 of the 50 images" in told.text


def test_large_images_are_thinned_by_their_size(tmp_path, monkeypatch):
    shots = samples(tmp_path, 9)
    monkeypatch.setattr(sample_viewer, "MAX_IMAGE_BYTES", 4 * shots[0][1].stat().st_size)
    assert 2 <= len(page(samples=shots).all("img")) <= 4


def test_what_is_gone_or_no_png_is_left_out(tmp_path):
    (tmp_path / "html.png").write_text("<script>alert(1)</script>")
    shots = [(1, tmp_path / "gone.png"), (2, tmp_path / "html.png"), *samples(tmp_path, 1)]
    assert len(page(samples=shots).all("img")) == 1


@pytest.mark.parametrize("kind", ["link", "pipe", "other"])
def test_nothing_is_embedded_but_regular_files_of_their_kind(tmp_path, kind):
    contents = {"a.png": samples(tmp_path, 1)[0][1].read_bytes(), "samples.wav": b"RIFF",
                "samples.gif": b"GIF89a"}  # fmt: skip
    for name, content in contents.items():
        if kind == "link":
            (tmp_path / f"secret-{name}").write_bytes(content)
            (tmp_path / name).symlink_to(tmp_path / f"secret-{name}")
        elif kind == "pipe":
            os.mkfifo(tmp_path / name)
        else:
            (tmp_path / name).write_bytes(b"secret" * 9)
    image, *media = (tmp_path / name for name in contents)
    told = page(samples=[(9, image), *samples(tmp_path, 1)], gif=media[1], media=media)
    assert len(told.all("img")) == 1 and not told.all("audio")
    assert not any("gif" in link["href"] for link in told.all("a"))


def test_the_animation_is_offered_unless_it_is_large(tmp_path, monkeypatch):
    shots = samples(tmp_path, 2)
    gif = rendering.progress_gif([path for _, path in shots], tmp_path / "progress.gif")
    (link,) = (a for a in page(samples=shots, gif=gif).all("a") if "download" in a)
    assert base64.b64decode(link["href"].split(",")[1]) == gif.read_bytes()
    monkeypatch.setattr(sample_viewer, "MAX_GIF_BYTES", 10)
    assert "is next to this page in progress.gif" in page(samples=shots, gif=gif).text
    assert len(page(samples=shots, gif=tmp_path / "gone.gif").all("img")) == 2


def test_points_are_told_as_points(tmp_path):
    data = {**MANIFEST["data"], "image_shape": [2], "count": 25000}
    told = page(manifest={**MANIFEST, "data": data}, samples=samples(tmp_path, 1)).text
    assert "25,000 points of 2 coordinates" in told and "Points shown" in told
    assert "Step 0 0 points" in told and "generated, outside the frame" in told


@pytest.mark.parametrize(
    ("shape", "told", "file", "tag"),
    [
        ([200, 2], "1,797 sounds of 200 × 2", "samples.wav", "audio"),
        ([5, 8, 8, 3], "1,797 videos of 5 × 8 × 8 × 3", "samples.gif", "img"),
    ],
)
def test_sounds_are_heard_and_videos_watched_in_the_page(
    tmp_path, monkeypatch, shape, told, file, tag
):
    data = {**MANIFEST["data"], "image_shape": shape, "rate": 16000}
    shots, newest = samples(tmp_path, 1), tmp_path / file
    start = {".wav": b"RIFF", ".gif": b"GIF89a"}[newest.suffix]
    newest.write_bytes(start + b"content")
    parts = {"manifest": {**MANIFEST, "data": data}, "samples": shots, "media": [newest]}
    found = page(**parts)
    assert told in found.text and "16,000" in found.text
    (element,) = (e for e in found.all(tag) if not e["src"].startswith("data:image/png"))
    kind, content = element["src"].split(",")
    assert kind == {"audio": "data:audio/wav;base64", "img": "data:image/gif;base64"}[tag]
    assert base64.b64decode(content) == start + b"content"
    assert "media-src data:" in found.all("meta")[1]["content"]
    monkeypatch.setattr(sample_viewer, "MAX_MEDIA_BYTES", 3)
    assert f"are next to this page in {file}" in page(**parts).text
    gone = page(**{**parts, "media": [tmp_path / "gone.wav", tmp_path / "samples.txt"]})
    assert len(gone.all("img")) == 1 and not gone.all("audio")


def test_of_translations_the_columns_are_told(tmp_path):
    data = {**MANIFEST["data"], "source_shape": [8, 6, 1]}
    shots = samples(tmp_path, 1)
    told = page(manifest={**MANIFEST, "data": data}, samples=shots).text
    assert "Columns: source image" in told and "8 × 6 × 1" in told
    assert "Columns" not in page(samples=shots).text


def test_a_run_without_a_log_has_a_report():
    told = page(log=[], manifest={**MANIFEST, "state": "running"})
    assert "No values have been logged yet. This run logs every 50 steps." in told.text
    assert "still training" in told.text and "lines of the log" not in told.text


def test_the_page_of_a_running_run_refreshes_itself_and_says_how_long_it_will_take(tmp_path):
    length = TrainingLength(steps=4000, per_step=128, per_epoch=14)
    gif = rendering.progress_gif([path for _, path in samples(tmp_path, 2)], tmp_path / "p.gif")
    parts = {"length": length, "samples": samples(tmp_path, 2), "gif": gif}
    running = page(manifest={**MANIFEST, "state": "running"}, **parts)
    assert {"class": "refresh"} in running.all("span")
    assert "Steps 2,000 of 4,000" in running.text and "3 min 20 s left" in running.text
    assert [a["href"] for a in running.all("a") if "gif" in a["href"]] == ["p.gif"]
    for state in ("finished", "interrupted", "diverged", "failed"):
        told = page(manifest={**MANIFEST, "state": state}, **parts)
        assert {"class": "refresh"} not in told.all("span") and " left" not in told.text


def test_a_run_without_anything_has_a_report():
    told = page(recipe={}, manifest={}, log=[])
    assert "A run" in told.text and told.all("main")


def test_one_line_of_log_is_drawn_and_listed():
    told = page(log=log(1))
    assert "the only line of the log" in told.text
    assert any(circle.get("class") == "line real" for circle in told.all("circle"))


def test_two_thousand_lines_are_thinned():
    html = render_report(recipe=RECIPE, manifest=MANIFEST, log=log(2000))
    told = Page(html)
    assert "40 of 2,000 lines" in told.text and len(told.all("tr")) == 41
    assert len(html) < 500_000


def test_numbers_that_are_not_finite_are_told_and_stop_nothing():
    lines = [*log(30), line(1550, d_loss=float("nan")), line(1600, d_loss=None, g_loss=1e400)]
    told = page(log=lines, manifest={**MANIFEST, "state": "diverged"})
    assert "discriminator not finite" in told.text and "no longer finite" in told.text
    assert any(path.get("class") == "broken" for path in told.all("path"))


def test_a_failed_run_says_how_it_goes_on():
    told = page(manifest={**MANIFEST, "state": "failed"})
    assert "Stopped by an error. ganzoo resume continues it" in told.text
    assert {"class": "state failed"} in told.all("span")


def test_the_log_is_ordered_and_the_last_line_of_a_step_counts():
    lines = [line(100), line(50), line(100, d_loss=9.5), {"note": "no step"}, {"step": "x"}]
    told = page(log=lines)
    hover = json.loads(next(svg["data-hover"] for svg in told.all("svg") if "data-hover" in svg))
    assert hover["step"] == ["50", "100"] and hover["curves"][0]["text"][1] == "9.500"


@pytest.mark.parametrize("loss, word", [("wasserstein", "distance"), ("hinge", "equilibrium")])
def test_the_reader_is_told_how_to_read_this_loss(loss, word):
    assert word in page(recipe={**RECIPE, "gan": {"loss": loss}}).text


HOSTILE = (
    "</title></style></script></pre><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; background: url(https://evil.example/)",
    "$style ${script} {0} %s",
    "javascript:alert(1)",
    "\u202egnp.exe\x1b]0;owned\x07\ud800",
)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_strings_are_inert_wherever_they_stand(hostile, tmp_path):
    def poison(value):
        if isinstance(value, dict):
            return {k: poison(v) for k, v in value.items()} | {hostile: hostile}
        if isinstance(value, list):
            return [poison(v) for v in value] + [hostile]
        return hostile if isinstance(value, str) else value

    shots = samples(tmp_path, 2)
    clean = page(log=[line(50, extra=0.5), line(100, extra="x")], samples=shots)
    dirty = render_report(
        recipe=poison(RECIPE),
        manifest=poison(MANIFEST),
        log=[line(50, **{hostile: 0.5}), line(100, **{hostile: hostile})],
        samples=shots,
    )
    dirty.encode("utf-8")
    told = Page(dirty)
    assert {tag for tag, _ in told.elements} <= {tag for tag, _ in clean.elements} | {"br", "code"}
    assert len(told.all("script")) == 1 and len(told.all("img")) == 2
    assert not any(key.startswith("on") for _, attributes in told.elements for key in attributes)
    links = [attributes["href"] for attributes in told.all("a")]
    assert not any(link.startswith("javascript") for link in links)
    assert "\u202e" not in dirty and "\x1b" not in dirty


@pytest.mark.parametrize("part", ["recipe", "manifest"])
def test_tables_of_the_wrong_type_stop_nothing(part):
    tables = {"recipe": RECIPE, "manifest": MANIFEST}[part]
    for key in tables:
        assert page(**{part: {**tables, key: "text"}}).all("footer")
        assert page(**{part: {**tables, key: [1, {"a": 2}]}}).all("footer")


def test_the_same_run_has_the_same_page(tmp_path):
    parts = {"recipe": RECIPE, "manifest": MANIFEST, "log": log(60)}
    shots = samples(tmp_path, 3)
    assert render_report(**parts, samples=shots) == render_report(**parts, samples=shots)


def test_a_run_folder_is_read_with_its_images_numbered_by_step(tmp_path):
    shots = samples(tmp_path, 3)
    (tmp_path / "cover.png").write_bytes(shots[0][1].read_bytes())
    recipe = Recipe.from_tables({
        "architecture": {"name": "dcgan"}, "dataset": {"name": "digits"},
        "generator_optimizer": {"name": "adam"}, "discriminator_optimizer": {"name": "adam"},
        "training": {"epochs": 10},
    })  # fmt: skip
    run = SimpleNamespace(
        path=tmp_path,
        sample_images=lambda: [path for _, path in shots],
        undamaged=list,
        gif_path=tmp_path / "progress.gif",
        recipe=lambda: recipe,
        manifest=lambda: MANIFEST,
        state=lambda manifest: "interrupted",  # it was killed
        log=lambda: log(2),
        warnings=list,
    )
    manifest = {**MANIFEST, "state": "interrupted"}
    page, parts = report_of_run(run), {"manifest": manifest, "log": log(2), "samples": shots}
    length = training_length(recipe, 1797)
    assert page == render_report(recipe=recipe.tables(), length=length, **parts)
    assert "Steps 100 of 280" in Page(page).text
