"""What a card says of trained weights, and the page that is made of it."""

import json
import re
import tomllib

import pytest

from ganzoo.catalog.registry.cards import Card
from ganzoo.catalog.registry.contents import README
from ganzoo.catalog.registry.locations import own_registry
from ganzoo.catalog.registry.versions import open_version, version_numbers
from ganzoo.errors import InvalidInput
from ganzoo.jobs.hub.bundle import build_bundle
from ganzoo.jobs.hub.model_card import escape_markdown, render_model_card

PROTOCOL = {
    "features": "fashion-mnist", "digest": "a" * 64, "resize": "none", "split": "train",
    "real": 60000, "fake": 10000, "seed": 0, "weights": "ema", "truncation": 1.0, "step": 9,
}  # fmt: skip
RESULT = {"metric": "frechet", "value": 1.25, "better": "lower", "protocol": PROTOCOL}
PROVENANCE = {
    "data": "digits", "fingerprint": "f" * 64, "seed": 0, "steps": 9, "images": 144,
    "hours": 0.5, "hardware": "2 CPUs, Linux", "backend": "jax", "versions": {"keras": "3.15.1"},
    "parent": "b" * 64, "command": "ganzoo train small",
}  # fmt: skip
IMAGES = {"image_shape": [8, 8, 1], "classes": []}  # of weights of the simplest kind


def with_(tables, **changes):
    return Card.from_tables(tables | changes)


def test_results_and_provenance_are_written_and_read_back(card_tables):
    results = [RESULT | {"spread": 0.5, "seeds": [0, 1, 2]}, RESULT | {"error": 0.1, "value": 2}]
    card = with_(card_tables, results=results, provenance=PROVENANCE)
    tables = tomllib.loads(card.toml())
    assert tables["results"] == results
    assert tables["provenance"] == PROVENANCE
    assert Card.from_tables(tables) == card


def test_a_protocol_may_say_more_in_short_words(card_tables):
    more = PROTOCOL | {"subsets": 100, "unbiased": True, "subset_size": 0.5, "kernel": "cubic"}
    card = with_(card_tables, results=[RESULT | {"protocol": more}])
    assert card.tables()["results"][0]["protocol"] == more


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"value": "1"}, "a number"), ({"value": True}, "a number"), ({"metric": "A b"}, "a name"),
        ({"metric": ""}, "metric"), ({"spread": -1.0}, "at least 0"), ({"better": "up"}, "lower"),
        ({"seeds": [1.5]}, "a whole number"), ({"vlaue": 1.0}, "Did you mean 'value'"),
        ({"protocol": {}}, "how it was measured"), ({"protocol": 3}, "a table"),
        ({"value": float("nan")}, "a finite number"),
    ],
)  # fmt: skip
def test_a_result_is_read_strictly(card_tables, change, said):
    with pytest.raises(InvalidInput, match=re.escape(said)):
        with_(card_tables, results=[RESULT | change])


@pytest.mark.parametrize(
    "change",
    [
        {"digest": "A" * 64}, {"digest": "a" * 63}, {"real": -1}, {"real": 1.5}, {"fake": "many"},
        {"weights": "best"}, {"truncation": -1.0}, {"more": [1]}, {"more": {"a": 1}},
        {"more": "x" * 300}, {"k" * 80: 1}, {"features": "two\nlines"}, {"seed": True},
    ],
)  # fmt: skip
def test_a_protocol_is_read_strictly(card_tables, change):
    with pytest.raises(InvalidInput, match="protocol"):
        with_(card_tables, results=[RESULT | {"protocol": PROTOCOL | change}])


@pytest.mark.parametrize("key", ["metric", "value", "protocol"])
def test_a_result_needs_metric_value_and_protocol(card_tables, key):
    result = {k: v for k, v in RESULT.items() if k != key}
    with pytest.raises(InvalidInput, match=f"Expected: `{key}`"):
        with_(card_tables, results=[result])


@pytest.mark.parametrize("key", ["data", "fingerprint", "seed", "steps", "images", "backend"])
def test_provenance_needs_what_tells_where_weights_come_from(card_tables, key):
    provenance = {k: v for k, v in PROVENANCE.items() if k != key}
    with pytest.raises(InvalidInput, match=f"Expected: `{key}`"):
        with_(card_tables, provenance=provenance)


@pytest.mark.parametrize(
    "change", [{"parent": "x"}, {"seed": -1}, {"hours": -1.0}, {"more": 1}, {"versions": {"a": 1}}]
)
def test_provenance_is_read_strictly(card_tables, change):
    with pytest.raises(InvalidInput, match="provenance"):
        with_(card_tables, provenance=PROVENANCE | change)


# The page


def front_matter(page: str) -> dict:
    lines = page.split("---\n")[1].splitlines()
    return {key: json.loads(value) for key, _, value in (line.partition(": ") for line in lines)}


def test_the_front_matter_is_what_the_hub_reads(card_tables):
    content = front_matter(render_model_card(with_(card_tables), IMAGES, files=["samples.png"]))
    assert content == {
        "license": "apache-2.0", "library_name": "ganzoo", "tags": ["gan", "keras", "mlp"],
        "pipeline_tag": "unconditional-image-generation",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("source", "datasets"),
    [
        ("https://huggingface.co/datasets/me/flowers/tree/0ab", ["me/flowers"]),
        ("https://huggingface.co/datasets/me/flowers", ["me/flowers"]),
        ("https://huggingface.co/me/model", None), ("https://example.org/digits", None),
        ("https://huggingface.co/datasets/digits", None), (None, None),
    ],
)  # fmt: skip
def test_only_data_from_the_hub_is_linked_as_such(card_tables, source, datasets):
    provenance = PROVENANCE | ({"source": source} if source else {})
    page = render_model_card(with_(card_tables, provenance=provenance), IMAGES, files=[])
    assert front_matter(page).get("datasets") == datasets


CLASSES = {"classes": ["cat", "dog"]}


@pytest.mark.parametrize(
    ("about", "tag"),
    [
        ({}, "unconditional-image-generation"),
        ({"generator_labels": None}, "unconditional-image-generation"),
        # classes that the discriminator alone learns
        (CLASSES | {"generator_labels": None}, "unconditional-image-generation"),
        (CLASSES, None), (CLASSES | {"generator_labels": []}, None),
        (CLASSES | {"generator_labels": [2]}, None),
        ({"source_shape": [8, 6, 3]}, "image-to-image"),
        ({"source_shape": [8, 6, 3], "generator_labels": [8, 6, 3]}, "image-to-image"),
        ({"image_shape": [200, 2], "rate": 8000}, None), ({"image_shape": [5, 8, 8, 3]}, None),
        ({"image_shape": [2]}, None), ({"image_shape": None}, None),
        ({"image_shape": [2, True]}, None), ({"image_shape": "8x8"}, None),
    ],
)  # fmt: skip
def test_the_hub_is_told_what_a_model_does_if_it_has_a_word_for_it(card_tables, about, tag):
    content = front_matter(render_model_card(with_(card_tables), IMAGES | about, files=[]))
    assert content.get("pipeline_tag") == tag


def test_the_page_names_the_kind_of_samples_and_many_classes_only_begun(card_tables):
    def page(**about):
        return render_model_card(
            with_(card_tables), IMAGES | about, files=["samples.wav", "samples.gif"]
        )

    sounds = page(image_shape=[200, 2], rate=8000)
    assert "The sounds come as an array, float32 (16, 200, 2), at 8000 samples a" in sounds
    assert "[Hear samples](samples.wav)" in sounds and "](samples.gif)" in sounds
    assert "videos = ganzoo.load(" in page(image_shape=[5, 8, 8, 3])
    many = page(classes=[f"kind {i}" for i in range(102)])
    assert "counted from 0: kind 0, kind 1," in many and "kind 39 and 62 more." in many
    assert ".sample(16, seed=7, labels=list(range(16)))" in many
    # weights that do not say what they make: no code that could not work
    assert "```python" not in page(image_shape=None)


def test_the_page_of_a_model_that_enlarges_says_how_images_stay_whole(card_tables):
    def page(**about):
        about = IMAGES | {"image_shape": [32, 24, 3], "source_shape": [8, 6, 3]} | about
        return render_model_card(with_(card_tables), about, files=[])

    whole = page(generator_labels=[None, None, 3])
    assert "```sh\nganzoo sample small --data images --out larger\n```" in whole
    assert '.convert("RGB")' in whole and "cropped" not in whole
    assert "an array, uint8 (1, 4 x height, 4 x width, 3)." in whole
    for other in (page(generator_labels=[8, 6, 3]), page(), page(
        image_shape=[8, 6, 3], generator_labels=[None, None, 3])):  # fmt: skip
        assert "```sh" not in other and "cropped and scaled to 8 x 6 pixels" in other


def test_the_pages_of_the_zoos_own_versions_are_those_of_their_cards():
    seen = 0
    for folder in own_registry().iterdir():
        for number in version_numbers(folder):
            files = open_version(folder, number).read_all()
            page = files.pop(README)
            assert build_bundle(folder.name, files).files[README] == page, folder.name
            seen += 1
    assert seen >= 5


def test_a_license_that_the_hub_does_not_know_is_other(card_tables):
    card_tables["license"]["weights"] = "CelebA agreement: non-commercial research only"
    content = front_matter(render_model_card(with_(card_tables), IMAGES, files=[]))
    assert content["license"] == "other"
    assert content["license_name"] == "celeba-agreement-non-commercial-research-only"
    assert "samples.png" not in render_model_card(with_(card_tables), IMAGES, files=[])


def test_numbers_of_different_protocols_are_in_different_tables(card_tables):
    other = RESULT | {"protocol": PROTOCOL | {"fake": 500}, "value": 3.5}
    more = RESULT | {"metric": "recall", "better": "higher", "value": 0.25}
    page = render_model_card(with_(card_tables, results=[RESULT, other, more]), IMAGES, files=[])
    tables = page.split("Measured with")[1:]
    assert len(tables) == 2
    assert "1.25" in tables[0] and "0.25" in tables[0] and "3.5" not in tables[0]
    assert "3.5" in tables[1].split("##")[0]


# K21, K22 and more: what a card says is text on the page, whatever it is
HOSTILE = [
    "<script>alert(1)</script>", "[x](javascript:alert(1))", "![x](https://evil.example/a.png)",
    "\x1b[31mred", "\x1b]8;;https://evil.example\x07link\x1b]8;;\x07", "abc\u202etxt",
    "<img src=x onerror=alert(1)>", "`code` and **bold**", "| a | b |", "https://evil.example/x",
    "www.evil.example", "&lt;script&gt;", "<!-- comment", "# heading", "---", "1. list", "* list",
    "```\nfence", "$$math$$ \u200b \ufeff", "user@evil.example",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_card_says_is_inert_on_the_page(card_tables, text):
    prose = {"description": text, "choices": [text], "deviations": [text]}
    card = with_(card_tables, summary=text.replace("\n", " "), **prose)
    page = render_model_card(card, IMAGES | {"classes": [text, text]}, files=[])
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\ufeff]", page)
    body = page.split("## Recipe")[0].split("---\n", 2)[2]
    plain_card = with_(card_tables, summary="S", description="D", choices=["C"], deviations=["E"])
    own = render_model_card(plain_card, IMAGES | {"classes": ["F", "G"]}, files=[])
    own_body = own.split("## Recipe")[0].split("---\n", 2)[2]
    for mark in ("<", "](", "![", "**", "://", "www.", "```"):
        unescaped = len(re.findall(rf"(?<!\\){re.escape(mark)}", body))
        assert unescaped == len(re.findall(rf"(?<!\\){re.escape(mark)}", own_body)), mark
    headings = [line for line in body.splitlines() if line.startswith("#")]
    assert headings == [line for line in own_body.splitlines() if line.startswith("#")]


def test_plain_text_stays_readable():
    sentence = "Learning rates of 1e-3, not 2e-4: 8x8 pixels (the paper: 64x64). 3 steps!"
    assert escape_markdown(sentence) == sentence
    assert escape_markdown("0.5 of all") == "0.5 of all"
    assert escape_markdown("1. not a list") == "1\\. not a list"
    assert escape_markdown("two\n  lines") == "two lines"
