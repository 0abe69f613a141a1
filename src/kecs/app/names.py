"""The names by which containers of one KECS ask for what is theirs. `server` has them made.

Their key is made once for a data folder and kept there, beside the journal and not in it: who may read what KECS
remembers is not thereby every container.
"""

from __future__ import annotations

import os
from pathlib import Path

from kecs.core.inside.names import KEY_BYTES, Names

KEY_FILE = "inside.key"


def names_of(directory: Path | None) -> Names:
    """Those of the KECS that keeps its state there; of one that keeps none, others each time. Raises OSError."""
    if directory is None:
        return Names(os.urandom(KEY_BYTES))
    file = directory / KEY_FILE
    key = file.read_bytes() if file.exists() else b""
    if len(key) != KEY_BYTES:  # it is not there, or somebody has spoilt it
        key, draft = os.urandom(KEY_BYTES), file.with_suffix(".new")
        draft.unlink(missing_ok=True)
        draft.touch(0o600, exist_ok=False)
        draft.write_bytes(key)
        draft.replace(file)
    return Names(key)
