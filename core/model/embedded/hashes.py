"""Whether a file has exactly the bytes that were pinned. Called in threads: half a gigabyte takes a second."""

from __future__ import annotations

import hashlib
from pathlib import Path


def has_hash(file: Path, size: int, sha256: str) -> bool:
    """False also when there is no such file."""
    if not file.is_file() or file.stat().st_size != size:
        return False
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == sha256
