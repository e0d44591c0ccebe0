"""How long tests wait for what comes at once on an idle machine. A slow machine is no failure; waiting for ever is."""

from __future__ import annotations

PATIENCE = 20.0  # real seconds
