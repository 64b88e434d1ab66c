"""Several devices on PyTorch: a process for each, joined by `torch.distributed`."""

import contextlib
import datetime
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.distributed as dist

from ganzoo.backend.devices import Group, unreachable
from ganzoo.backend.tensor import Tensor
from ganzoo.errors import EnvironmentProblem

# One process samples and evaluates while the others wait. That one has died shows at once, in its
# connections; only on NCCL the launcher has to notice.
_TIMEOUT = datetime.timedelta(days=1)


class Total(torch.autograd.Function):
    """The sum over a group, by a function of one tensor; its gradient is the same sum."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, add_up: Callable) -> Tensor:
        ctx.add_up = add_up
        return add_up(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple:  # pyright: ignore
        return Total.apply(gradient, ctx.add_up), None


class TorchGroup(Group):
    """The processes of a training on PyTorch, which MASTER_ADDR and MASTER_PORT bring together.

    Args:
        rank: The number of this process.
        count: How many there are.
        local: The number of this process's device on its host.

    Raises:
        EnvironmentProblem: The others do not come, or the host has too few devices.
    """

    def __init__(self, rank: int, count: int, local: int):
        super().__init__(rank, count)
        cuda = torch.cuda.is_available()
        if cuda:
            if local >= torch.cuda.device_count():
                raise EnvironmentProblem(
                    f"This host has {torch.cuda.device_count()} GPUs, one for each process. "
                    f"Received: process {local} on it, counted from 0."
                )
            torch.cuda.set_device(local)
        with _others_alive():
            dist.init_process_group(
                "cuda:nccl,cpu:gloo" if cuda else "gloo",
                rank=rank, world_size=count, timeout=_TIMEOUT,
            )  # fmt: skip

    def total(self, x: Tensor) -> Tensor:
        """The sum over the processes, differentiable any number of times."""
        return Total.apply(x, _add_up)  # pyright: ignore

    def gather(self, number: float) -> list[float]:
        """A number of each process, by rank."""
        numbers = torch.zeros(self.count, dtype=torch.float64, device="cpu")
        numbers[self.rank] = number
        return _add_up(numbers).tolist()

    def share(self, text: str) -> str:
        """The text of the process of rank 0."""
        texts = [text]
        with _others_alive():
            dist.broadcast_object_list(texts, device=torch.device("cpu"))
        return texts[0]

    def leave(self) -> None:
        """Close the connections."""
        dist.destroy_process_group()


def _add_up(x: Tensor) -> Tensor:
    x = x.detach().clone(memory_format=torch.contiguous_format)
    with _others_alive():
        dist.all_reduce(x)
    return x


@contextlib.contextmanager
def _others_alive() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise unreachable() from error


def number_of_devices() -> int:
    """Return how many GPUs this host has; 1, its processor, without any."""
    return max(torch.cuda.device_count(), 1)


def random_state() -> Tensor:
    """The state of PyTorch's random numbers on the processor."""
    return torch.get_rng_state()


def set_random_state(state: Tensor) -> None:
    """Set that state."""
    torch.set_rng_state(state)
