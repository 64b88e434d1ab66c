from ganzoo.catalog.plugins.name_resolution import Candidate, normalize_distribution, resolve_names


def candidates(*rows):
    return [Candidate(name=name, owner=owner, rank=rank) for name, owner, rank in rows]


def test_a_name_without_rivals_is_its_owners():
    assert resolve_names(candidates(("a", "x", 1), ("b", "y", 1))) == ({"a": 0, "b": 1}, {})


def test_the_lower_rank_owns_the_name_and_the_other_keeps_its_qualified_one():
    assert resolve_names(candidates(("a", "x", 1), ("a", "zoo", 0))) == ({"a": 1, "x:a": 0}, {})


def test_rivals_of_one_rank_have_their_qualified_names_only():
    owned, clashes = resolve_names(candidates(("a", "x", 1), ("a", "y", 1), ("a", "z", 2)))
    assert owned == {"x:a": 0, "y:a": 1, "z:a": 2}
    assert clashes == {"a": (0, 1)}


def test_distributions_are_compared_as_pip_does():
    assert normalize_distribution("Some__Dist.name") == "some-dist-name"
