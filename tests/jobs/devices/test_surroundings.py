import json

import pytest

from ganzoo.errors import InvalidInput, UsageError
from ganzoo.jobs.devices.surroundings import Process, find_process, parse_devices

TORCHRUN = {
    "RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "MASTER_ADDR": "one", "MASTER_PORT": "29500",
}  # fmt: skip
SLURM = {
    "SLURM_NTASKS": "4", "SLURM_PROCID": "2", "SLURM_LOCALID": "0", "SLURM_JOB_ID": "12",
    "SLURM_STEP_NODELIST": "node[03-04,9],other",
}  # fmt: skip
WORKERS = {"worker": ["one:1", "two:1", "two:2"]}


def tf_config(index: int) -> dict[str, str]:
    task = {"type": "worker", "index": index}
    return {"TF_CONFIG": json.dumps({"cluster": WORKERS, "task": task})}


@pytest.mark.parametrize("backend", ["jax", "torch", "tensorflow"])
def test_one_device_is_the_default_everywhere(backend):
    assert find_process(None, backend, {}) == Process()
    assert find_process(2, backend, {}) == Process(devices=2)


def test_torchrun_says_which_of_the_processes_this_is():
    process = find_process(None, "torch", TORCHRUN)
    assert (process.rank, process.count, process.local) == (3, 4, 1)
    assert find_process("all", "torch", TORCHRUN) == find_process(4, "torch", TORCHRUN) == process


def test_another_number_than_was_started_is_refused():
    with pytest.raises(UsageError, match="has started 4 processes"):
        find_process(2, "torch", TORCHRUN)


def test_tasks_of_slurm_train_together_only_when_devices_are_asked_for():
    assert find_process(None, "torch", SLURM) == Process()
    process = find_process(4, "torch", SLURM)
    assert (process.rank, process.count) == (2, 4)
    assert process.variables == {"MASTER_ADDR": "node03", "MASTER_PORT": "20012"}


def test_the_shell_of_an_allocation_is_no_task():
    shell = {key: value for key, value in SLURM.items() if key != "SLURM_PROCID"}
    assert find_process(2, "torch", shell) == Process(devices=2)


def test_a_worker_of_tensorflow_knows_its_place_on_its_host():
    process = find_process(None, "tensorflow", tf_config(2))
    assert (process.rank, process.count, process.local) == (2, 3, 1)


def test_another_task_than_a_worker_is_refused():
    config = {"TF_CONFIG": json.dumps({"cluster": WORKERS, "task": {"type": "ps", "index": 0}})}
    with pytest.raises(InvalidInput, match="type ps"):
        find_process(None, "tensorflow", config)


@pytest.mark.parametrize("variables", [
    {"TF_CONFIG": "{"}, {"TF_CONFIG": "{}"}, {"TF_CONFIG": "[]"},
])  # fmt: skip
def test_variables_that_cannot_be_read_are_refused(variables):
    with pytest.raises(InvalidInput, match="do not say which of several"):
        find_process(None, "tensorflow", variables)


@pytest.mark.parametrize(("devices", "variables"), [
    (None, {"KERAS_DISTRIBUTION_NUM_PROCESSES": "2"}), (4, {"SLURM_STEP_NUM_TASKS": "2"}),
])  # fmt: skip
def test_several_processes_of_jax_are_refused(devices, variables):
    with pytest.raises(UsageError, match="devices of one host"):
        find_process(devices, "jax", variables)


def test_variables_of_one_process_are_no_several():
    assert find_process(None, "torch", TORCHRUN | {"RANK": "0", "WORLD_SIZE": "1"}) == Process()


@pytest.mark.parametrize(("text", "devices"), [(None, None), ("all", "all"), ("3", 3)])
def test_devices_are_a_number_or_all(text, devices):
    assert parse_devices(text) == devices


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", ""])
def test_other_numbers_of_devices_are_refused(text):
    with pytest.raises(UsageError, match="whole number from 1"):
        parse_devices(text)
