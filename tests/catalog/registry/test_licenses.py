"""Licenses are SPDX expressions."""

import pytest

from ganzoo.catalog.registry.licenses import COMMON_LICENSES, check_license
from ganzoo.errors import UsageError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("apache-2.0", "Apache-2.0"), ("cc-by-4.0 and mit", "CC-BY-4.0 AND MIT"),
        ("LicenseRef-ours", "LicenseRef-ours"), *((name, name) for name in COMMON_LICENSES),
    ],
)  # fmt: skip
def test_a_license_is_spelled_as_spdx_does(text, expected):
    assert check_license(text) == expected


@pytest.mark.parametrize(
    ("text", "near"),
    [("mine", "MIT"), ("apache", "Apache-2.0"), ("", "Apache-2.0, MIT"), ("\x1b", "Apache-2.0"),
     ("not chosen yet", "LicenseRef-"), ("cc-by-sa", "CC-BY-SA-4.0"), ("MIT or so", "LicenseRef-")],
)  # fmt: skip
def test_another_text_is_refused_with_near_names(text, near):
    with pytest.raises(UsageError, match="SPDX expression.*Near: ") as caught:
        check_license(text)
    assert near in str(caught.value)
