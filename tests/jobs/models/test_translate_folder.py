"""A folder of images that are translated one by one, whatever becomes of it meanwhile."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from ganzoo.errors import InvalidInput, UsageError
from ganzoo.jobs.latents.chosen_samples import generate_chosen
from ganzoo.jobs.models import translate
from ganzoo.jobs.models.sample import _encode_samples
from ganzoo.rendering import encode_png


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Three images, of which the second is damaged; the generator gives back what it is given."""

    def same(gan, image, title, tile, scale):
        yield encode_png(Image.fromarray(image.pixels))

    monkeypatch.setattr(translate, "_translated", same)
    (tmp_path / "in").mkdir()
    for shade, name in enumerate(("a.png", "b.png", "c.png")):
        Image.new("RGB", (4, 3), (shade, 0, 0)).save(tmp_path / "in" / name)
    (tmp_path / "in" / "b.png").write_bytes(b"\x89PNG")
    return tmp_path / "in"


def translated(folder, load=lambda: None, **options):
    out = folder.parent / "out"
    return [
        p.name for p in translate.translate_files(folder, load, free_path=None, out=out, **options)
    ]


def test_one_damaged_image_stops_no_other_and_the_rest_is_done_later(folder, capsys):
    with pytest.raises(InvalidInput, match=r"1 of 3 images cannot be used; .*'b\.png'"):
        translated(folder)
    assert "'b.png' cannot be used" in capsys.readouterr().err
    first = folder.parent / "out" / "a.png"
    before = first.stat().st_mtime_ns
    assert sorted(p.name for p in first.parent.iterdir()) == ["a.png", "c.png"]
    Image.new("RGB", (4, 3)).save(folder / "b.png")
    with pytest.raises(UsageError, match="exists already.*--skip-existing"):
        translated(folder)
    assert translated(folder, skip_existing=True) == ["b.png"]
    assert "Passed over 2 of 3 images" in capsys.readouterr().err
    assert first.stat().st_mtime_ns == before
    assert translated(folder, skip_existing=True, load=lambda: pytest.fail("loaded")) == []
    assert translated(folder, overwrite=True) == ["a.png", "b.png", "c.png"]


def test_what_comes_into_the_folder_or_goes_meanwhile_stops_nothing(folder):
    Image.new("RGB", (4, 3)).save(folder / "b.png")

    def load():
        (folder / "new.png").touch()

    assert translated(folder, load=load) == ["a.png", "b.png", "c.png"]
    with pytest.raises(InvalidInput, match=r"Received: 'a\.png'"):
        translated(folder, load=(folder / "a.png").unlink, overwrite=True, n=2)


def test_a_single_image_that_is_damaged_is_refused_as_such(folder):
    with pytest.raises(InvalidInput, match=r"^The image 'b\.png' cannot be used"):
        translate.translate_files(
            folder / "b.png", lambda: None, free_path=None, out=folder / "x.png"
        )


def test_the_images_of_each_truncation_are_a_column_beside_their_sources():
    found = SimpleNamespace(image_shape=(4, 4, 3), levels=None, rate=None)
    sources = np.full((3, 4, 4, 3), 10, "uint8")
    samples = np.concatenate([np.full_like(sources, 90), np.full_like(sources, 170)])
    (content,) = _encode_samples(found, samples, sources, [".png"], None, separate=False)
    shades = np.asarray(Image.open(io.BytesIO(content)))[..., 0]
    (row,) = {tuple(line[np.isin(line, (10, 90, 170))]) for line in shades if 10 in line}
    assert list(dict.fromkeys(row)) == [10, 90, 170] and list(row) == sorted(row)


def test_a_truncation_of_no_latents_is_refused():
    gan = SimpleNamespace(sampler=SimpleNamespace(latent_shape=(0,)))
    with pytest.raises(UsageError, match="no latents that could be truncated"):
        generate_chosen(gan, (1, 0, None, None), None, [0.5, 1.0])
