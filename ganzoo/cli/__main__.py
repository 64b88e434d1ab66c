"""Entry point of `python -m ganzoo.cli`, for when no script is installed."""

import sys

from ganzoo.cli import main

sys.exit(main())
