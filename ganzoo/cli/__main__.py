"""`python -m ganzoo.cli`: the command where no script is installed."""

import sys

from ganzoo.cli import main

sys.exit(main())
