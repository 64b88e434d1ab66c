"""Push to a repository on the Hub, with its real client against a server on loopback."""

import pytest

from ganzoo.catalog.registry import lookup
from ganzoo.cli.support.recipe_arguments import resolve_recipe
from ganzoo.errors import UsageError
from ganzoo.jobs.info import info
from ganzoo.jobs.models.find import find_source
from ganzoo.jobs.publishing.manage import pull, tag
from ganzoo.jobs.publishing.push import push

ADDRESS = "hf://me/gans"
# what the client itself is told by the library under it when it uploads
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


def test_the_page_of_the_repository_is_written_and_its_image_found(made_run, server):
    push(made_run().path, "small", to=ADDRESS)
    push(made_run("other", value=5.0).path, "small", to=ADDRESS)
    page = server.files["README.md"].decode()
    assert "](small/2/samples.png)" in page and "](samples.png)" not in page
    assert "small/2/samples.png" in server.files
    assert "](samples.png)" in server.files["small/2/README.md"].decode()
    assert page.splitlines()[-1].startswith("<!-- Written by ganzoo push")


@pytest.mark.parametrize("name", ["samples.wav", "samples.gif"])
def test_sounds_and_videos_are_pushed_found_on_the_page_and_pulled(
    made_run, server, write_media, name
):
    run = made_run()
    content = write_media(run.path / name)
    push(run.path, "small", to=ADDRESS)
    page = server.files["README.md"].decode()
    assert f"](small/1/{name})" in page and f"]({name})" not in page
    pull(ADDRESS)
    assert lookup.find_version("small").read(name) == content


def test_an_address_is_shown_and_its_recipe_trained(made_run, server):
    run = made_run()
    done = push(run.path, "small", to=ADDRESS)
    for name in (ADDRESS, f"{ADDRESS}@main/small", f"{ADDRESS}/small@1"):
        facts = info(name)["model"]
        assert facts["source"] == name.removesuffix("/small@1").removesuffix("@main/small")
        assert [one["digest"] for one in facts["versions"]] == [done["digest"]]
        assert facts["recipe"] == run.recipe().tables()
        asked = resolve_recipe(name, options={})
        assert (asked.model, asked.recipe) == (None, run.recipe())


@pytest.mark.parametrize("page", [b"# By a person\n", b"x" * (5 * 2**20)], ids=["short", "long"])
def test_a_page_that_a_person_wrote_stays(made_run, server, page):
    server.commit({"README.md": page})
    assert push(made_run().path, "small", to=ADDRESS)["created"]
    assert server.files["README.md"] == page


def test_a_push_is_one_commit_that_is_pulled_as_it_was(made_run, server, home):
    done = push(made_run().path, "small", to=ADDRESS)
    assert (done["name"], done["created"]) == (f"{ADDRESS}/small@1", True)
    assert len(server.commits) == 2
    assert not (home / "registry").exists()
    assert pull(ADDRESS)["digest"] == done["digest"]
    assert find_source("small").title == "small-1"


def test_pushing_the_same_again_changes_nothing(made_run, server):
    run = made_run()
    push(run.path, "small", to=ADDRESS)
    commits = dict(server.commits)
    again = push(run.path, "small", to=ADDRESS)
    assert (again["version"], again["created"]) == (1, False)
    assert server.commits == commits
    other = push(made_run("other", value=5.0).path, "small", to=ADDRESS)
    assert (other["version"], other["created"]) == (2, True)


def test_two_who_push_at_once_get_two_numbers(made_run, server, offered):
    done = []

    def interfere():
        if not done:
            done.append(offered(1))

    server.on_commit = interfere
    pushed = push(made_run().path, "small", to=ADDRESS)
    assert done and (pushed["version"], pushed["created"]) == (2, True)
    assert {"small/1/manifest.json", "small/2/manifest.json"} <= set(server.files)


def test_a_version_from_here_keeps_its_digest_there(made_run, server):
    here = push(made_run().path, "small")
    tag("small@1", "best")
    there = push("small@best", "small", to=ADDRESS)
    assert there["digest"] == here["digest"]


def test_a_manifest_that_cannot_be_read_is_in_no_push_s_way(made_run, server):
    run = made_run()
    push(run.path, "small", to=ADDRESS)
    server.commit({"small/2/manifest.json": b"{}", "small/2/generator.safetensors": b"x"})
    weights = server.files["small/1/generator.safetensors"]
    server.commit({"small/3/manifest.json": b"{}", "small/3/generator.safetensors": weights})
    assert push(run.path, "small", to=ADDRESS)["version"] == 1
    assert push(made_run("other", value=5.0).path, "small", to=ADDRESS)["version"] == 4


def test_an_address_of_a_version_is_refused(made_run, server):
    with pytest.raises(UsageError, match="makes a new version.*Received: '3'.*Push to hf://me/g"):
        push(made_run().path, "small", to=f"{ADDRESS}/small@3")
    assert not server.requests


def test_an_address_of_another_model_is_refused(made_run, server):
    with pytest.raises(UsageError, match="names another model"):
        push(made_run().path, "small", to=f"{ADDRESS}/other")
    assert not server.requests


def test_a_page_has_a_repository(made_run):
    with pytest.raises(UsageError, match="published on the Hub"):
        push(made_run().path, "small", page=True)
