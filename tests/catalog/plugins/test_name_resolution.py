from typing import NamedTuple

from ganzoo.catalog.plugins.name_resolution import normalize_distribution, resolve_names


class Thing(NamedTuple):
    name: str
    owner: str
    rank: int

    @property
    def qualified(self) -> str:
        return f"{self.owner}:{self.name}"


def resolved(*things):
    return resolve_names(things, lambda thing: thing.rank)


def test_a_name_without_rivals_is_its_owners():
    a, b = Thing("a", "x", 1), Thing("b", "y", 1)
    assert resolved(a, b) == ({"a": a, "b": b}, {})


def test_the_lower_rank_owns_the_name_and_the_other_keeps_its_qualified_one():
    strangers, own = Thing("a", "x", 1), Thing("a", "zoo", 0)
    assert resolved(strangers, own) == ({"a": own, "x:a": strangers}, {})


def test_rivals_of_one_rank_have_their_qualified_names_only():
    x, y, z = Thing("a", "x", 1), Thing("a", "y", 1), Thing("a", "z", 2)
    assert resolved(x, y, z) == ({"x:a": x, "y:a": y, "z:a": z}, {"a": (x, y)})


def test_distributions_are_compared_as_pip_does():
    assert normalize_distribution("Some__Dist.name") == "some-dist-name"
