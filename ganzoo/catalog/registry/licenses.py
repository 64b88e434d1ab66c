"""Licenses of weights and data: SPDX expressions, as `packaging` knows them."""

import difflib

from ganzoo.errors import UsageError
from ganzoo.files.text import quote

NOT_CHOSEN = "not chosen yet"  # the license in the card of a run of somebody's own recipe or data
# Those that GANs and their data come under; in small letters they are the Hub's identifiers.
COMMON_LICENSES = (
    "Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "CC-BY-3.0", "CC-BY-4.0",
    "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC-BY-NC-2.0", "CC-BY-NC-3.0", "CC-BY-NC-4.0",
    "CC-BY-NC-SA-4.0", "CC-BY-NC-ND-4.0", "GPL-3.0-only", "LGPL-3.0-only", "AGPL-3.0-only",
    "MPL-2.0",
    "Unlicense",
)  # fmt: skip


def check_license(text: str) -> str:
    """Return an SPDX expression in its usual spelling.

    Args:
        text: `"MIT"`, `"cc-by-4.0 and mit"`, or `"LicenseRef-ours"` for one that SPDX lacks.

    Raises:
        UsageError: It is no SPDX expression.
    """
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        return canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        known = {name.lower(): name for name in COMMON_LICENSES}
        near = difflib.get_close_matches(text.lower(), known, n=3, cutoff=0.4)
        names = [known[name] for name in near] or COMMON_LICENSES[:3]
        raise UsageError(
            "A license is an SPDX expression, such as MIT or 'CC-BY-4.0 AND MIT'. "
            f"Received: {quote(text)}.",
            hint=f"Near: {', '.join(names)}; or LicenseRef-NAME for one that SPDX does not list.",
        ) from None
