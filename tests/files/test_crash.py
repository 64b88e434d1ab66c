"""Whatever kills a writer, and whenever: the old checkpoint or the new one, whole."""

import os
from pathlib import Path

import pytest
from children import run_python

from ganzoo.files import publish as publishing
from ganzoo.files.checkpoints import newest, save

# Each scenario: steps saved before, the step then broken, the step at which the crash
# happens, and how many are kept.
SCENARIOS = {
    "first save": ([], None, 1, 2),
    "another save": ([1], None, 2, 5),
    "rotation": ([1, 2, 3], None, 4, 1),
    "over a broken one": ([1, 2], 2, 2, 2),
    "the same again": ([1, 2], None, 2, 2),
}

COMMON = """
import itertools, os, random, signal, sys, time
from ganzoo.files import publish
from ganzoo.files.checkpoints import newest, save

def files(step):
    return {"a.safetensors": b"%d" % step * 50_000, "b.json": b"[%d]" % step}

def saved(folder, step, keep):
    save(folder, step, files(step), {"step": step}, keep=keep)
"""

KILLED_AT_EVERY_STEP = (
    COMMON
    + """
folder, (before, broken, step, keep) = sys.argv[1], eval(sys.argv[2])
for number in itertools.count():
    run = f"{folder}/{number}/checkpoints"
    os.mkdir(os.path.dirname(run))
    for earlier in before:
        saved(run, earlier, 9)
    if broken:
        os.truncate(f"{run}/step-{broken:08d}/a.safetensors", 10)
    child = os.fork()
    if child == 0:
        left = number
        def kill(name, path):
            global left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
        publish.on_step.append(kill)
        saved(run, step, keep)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else "done")
    if not os.WIFSIGNALED(status):
        break
"""
)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_kill_before_any_step_leaves_the_old_or_the_new_checkpoint(tmp_path, scenario):
    before, broken, step, _ = SCENARIOS[scenario]
    printed = run_python("-c", KILLED_AT_EVERY_STEP, tmp_path, SCENARIOS[scenario]).stdout.split()
    assert printed == ["9"] * (len(printed) - 1) + ["done"]
    assert len(printed) >= {"the same again": 1}.get(scenario, 12)
    old = max((s for s in before if s != broken), default=None)
    seen = []
    for number in range(len(printed)):
        run = tmp_path / str(number) / "checkpoints"
        reports = []
        checkpoint = newest(run, report=reports.append)
        seen.append(checkpoint.step if checkpoint else None)
        assert len(reports) == (1 if broken and (run / f"step-{broken:08d}").exists() else 0) or (
            checkpoint.step == step and not reports
        )
        # and the run can go on
        save(run, step + 1, {"a": b"later"}, {}, keep=1)
        assert newest(run, report=pytest.fail).step == step + 1
    assert set(seen) <= {old, step}
    assert seen[-1] == step
    assert seen == sorted(seen, key=lambda found: found or 0)  # once there, it stays


KILLED_AT_ANY_TIME = (
    COMMON
    + """
folder, chance = sys.argv[1], random.Random(7)
for number in range(int(sys.argv[2])):
    run = f"{folder}/{number}"
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        for step in itertools.count(1):
            saved(run, step, 2)
            os.write(tell, b"%d\\n" % step)
    os.close(tell)
    with os.fdopen(told) as lines:
        # every other one has confirmed two before its time begins, however slow the disk
        first = [int(lines.readline()) for _ in range(2 * (number % 2))]
        time.sleep(chance.uniform(0, 0.05))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        confirmed = max([*first, *map(int, lines)], default=0)
    reports = []
    checkpoint = newest(run, report=reports.append)
    found = checkpoint.step if checkpoint else 0
    whole = not checkpoint or checkpoint.files == files(found)
    print(confirmed, found, whole and not reports)
"""
)


def test_a_kill_at_any_time_loses_nothing_that_was_confirmed(tmp_path):
    kills = 40 * int(os.environ.get("GANZOO_TEST_ROUNDS", 1))  # tests/faults.py takes more
    printed = run_python("-c", KILLED_AT_ANY_TIME, tmp_path, kills).stdout.splitlines()
    assert len(printed) == kills
    for line in printed:
        confirmed, found, whole = line.split()
        assert whole == "True"
        assert int(confirmed) <= int(found) <= int(confirmed) + 1
    assert any(int(line.split()[0]) > 1 for line in printed)


class Disk:
    """What a disk must hold for certain: what was synced, and no more."""

    def __init__(self, monkeypatch):
        self.files, self.folders, self.paths = {}, {}, {}
        self.open, self.fsync = os.open, os.fsync
        monkeypatch.setattr(os, "open", self.opened)
        monkeypatch.setattr(os, "fsync", self.synced)

    def opened(self, path, *arguments, **options):
        descriptor = self.open(path, *arguments, **options)
        self.paths[descriptor] = path
        return descriptor

    def synced(self, descriptor):
        self.fsync(descriptor)
        inode = os.fstat(descriptor).st_ino
        path = Path(self.paths[descriptor])
        if path.is_dir():
            self.folders[inode] = {
                each.name: (each.stat().st_ino, each.is_dir()) for each in path.iterdir()
            }
        else:
            self.files[inode] = path.read_bytes()

    def after_power_cut(self, folder, copy, spoil):
        """The folder if names reached the disk at once, but content only when synced."""
        copy.mkdir()
        for path in folder.iterdir():
            if path.is_dir():
                self.after_power_cut(path, copy / path.name, spoil)
            else:
                content = path.read_bytes()
                if self.files.get(path.stat().st_ino) != content:
                    content = spoil(content)
                (copy / path.name).write_bytes(content)

    def at_the_least(self, inode, copy):
        """The folder if nothing reached the disk, neither name nor content, but what was synced."""
        copy.mkdir()
        for name, (each, is_folder) in self.folders.get(inode, {}).items():
            if is_folder:
                self.at_the_least(each, copy / name)
            else:
                (copy / name).write_bytes(self.files.get(each, b""))


SPOILT = {
    "content lost": lambda content: b"",
    "content zero": lambda content: bytes(len(content)),
    "content cut": lambda content: content[: len(content) // 2],
    "names lost": None,
}


@pytest.mark.parametrize("variant", SPOILT)
def test_a_power_cut_before_any_step_leaves_the_old_or_the_new_checkpoint(
    tmp_path, monkeypatch, variant
):
    disk = Disk(monkeypatch)
    home = tmp_path / "home"
    home.mkdir()
    confirmed, looked = 0, []

    def look(name, path):
        copy = tmp_path / f"copy-{len(looked)}"
        if SPOILT[variant]:
            disk.after_power_cut(home, copy, SPOILT[variant])
        else:
            disk.at_the_least(home.stat().st_ino, copy)
        checkpoint = newest(copy / "run", report=pytest.fail)
        found = checkpoint.step if checkpoint else 0
        assert found in (confirmed, confirmed + 1)
        assert not found or checkpoint.files == files(found)
        looked.append(found)

    def files(step):
        return {"a": b"%d" % step * 1000, "b": b"b%d" % step}

    for step in (1, 2, 3, 4):
        with monkeypatch.context() as patched:
            patched.setattr(publishing, "on_step", [look])
            save(home / "run", step, files(step), {}, keep=2)
        confirmed = step
        look("done", home)
    assert looked[-1] == 4 and len(looked) > 50
