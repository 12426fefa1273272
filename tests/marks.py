"""Marks of tests that need something of the machine."""

from pathlib import Path

import pytest

NEEDS_FULL_DEVICE = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
