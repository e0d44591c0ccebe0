"""What holds for all tests: a busy machine is slow, not wrong; and CI tries the same examples every time."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("tests", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("tests")
