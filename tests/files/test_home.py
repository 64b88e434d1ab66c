import os
from pathlib import Path

import pytest

from ganzoo.errors import EnvironmentProblem
from ganzoo.files.home import cache_home, data_home, home, writable


def test_ganzoo_home_holds_everything(monkeypatch, tmp_path):
    monkeypatch.setenv("GANZOO_HOME", str(tmp_path / "here"))
    assert home() == tmp_path / "here"
    assert data_home() == tmp_path / "here" / "data"
    assert cache_home() == tmp_path / "here" / "cache"
    assert not home().exists()


def test_data_and_cache_can_be_elsewhere(monkeypatch, tmp_path):
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path / "d"))
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "c"))
    assert (data_home(), cache_home()) == (tmp_path / "d", tmp_path / "c")


def test_a_relative_folder_is_meant_from_here_and_a_tilde_is_the_home(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANZOO_HOME", "zoo")
    assert home() == tmp_path / "zoo"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GANZOO_HOME", "~/zoo")
    assert home() == tmp_path / "zoo"


def test_a_user_without_a_home_is_an_error_that_names_the_variable(monkeypatch):
    for variable, folder in (("GANZOO_HOME", home), ("GANZOO_DATA", data_home)):
        monkeypatch.setenv(variable, "~nosuchuser/zoo")
        with pytest.raises(EnvironmentProblem, match=f"{variable} begins.*'~nosuchuser/zoo'"):
            folder()


def test_an_empty_variable_counts_as_none(monkeypatch, tmp_path):
    monkeypatch.setenv("GANZOO_HOME", " ")
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    assert home().is_relative_to(tmp_path) and cache_home().is_relative_to(tmp_path)


def test_without_any_home_there_is_an_error_and_no_other_folder(monkeypatch):
    monkeypatch.delenv("GANZOO_HOME")
    monkeypatch.setattr("platformdirs.user_data_path", lambda *a, **k: Path("~/.local/ganzoo"))
    with pytest.raises(EnvironmentProblem, match="Set GANZOO_HOME") as caught:
        home()
    assert caught.value.exit_code == 5


def test_a_writable_folder_is_made(tmp_path):
    assert writable(tmp_path / "a" / "b").is_dir()


def test_what_cannot_be_made_is_an_environment_problem(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentProblem, match="file"):
        writable(tmp_path / "file" / "inside")
    with pytest.raises(EnvironmentProblem):
        writable(Path("/proc/nowhere"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_write_permission_is_an_environment_problem(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(EnvironmentProblem, match="Check its owner"):
        writable(tmp_path)
