"""How long a test waits for what an engine or a cluster does: a limit costs nothing as long as all is well."""

from __future__ import annotations

PATIENCE = 180.0  # seconds until what has not come will not come; a machine that builds and tests may be slow and busy
