"""``python -m archsim``."""

from __future__ import annotations

import sys

from archsim.cli import main

if __name__ == "__main__":
    sys.exit(main())
