import pytest

from ganzoo.backend import processor


@pytest.mark.parametrize(
    "text, found",
    [
        ("flags\t\t: fpu avx512f avx512_bf16", True),
        ("Features\t: fp asimd bf16", True),
        ("processor : 0\nflags : fpu avx512f avx512_vnni", False),
        ("processor : 0", None),
    ],
)
def test_instructions_for_bfloat16_stand_in_the_flags(text, found, tmp_path, monkeypatch):
    (tmp_path / "cpuinfo").write_text(text + "\n")
    monkeypatch.setattr(processor, "_CPUINFO", tmp_path / "cpuinfo")
    assert processor.bfloat16_instructions() is found


def test_a_system_that_does_not_list_its_flags_says_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(processor, "_CPUINFO", tmp_path / "none")
    assert processor.bfloat16_instructions() is None
