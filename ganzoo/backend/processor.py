"""Abilities of the processor, found without importing a framework."""

from pathlib import Path

_BFLOAT16 = {"avx512_bf16", "amx_bf16", "bf16"}  # the last is ARM's
_CPUINFO = Path("/proc/cpuinfo")


def bfloat16_instructions() -> bool | None:
    """Return whether the processor multiplies bfloat16 itself; `None` if it does not say.

    Without, frameworks convert each number to float32 and back, which takes longer than float32.
    """
    try:
        lines = _CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    flags = [line for line in lines if line.lower().startswith(("flags", "features"))]
    return bool(_BFLOAT16 & set(flags[0].split())) if flags else None
