"""Files that were sent by people or by the bot, kept for getFile and its download."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class File:
    id: str
    path: str
    data: bytes

    def as_json(self) -> dict[str, Any]:
        return {"file_id": self.id, "file_unique_id": f"u{self.id}", "file_size": len(self.data)}


@dataclass
class Files:
    """Every file by its id; a path is what getFile answers and /file/bot<token>/<path> serves."""

    stored: dict[str, File] = field(default_factory=dict)

    def add(self, folder: str, name: str, data: bytes) -> File:
        number = len(self.stored) + 1
        file = File(f"file-{number}", f"{folder}/{number}-{name}", data)
        self.stored[file.id] = file
        return file

    def at(self, path: str) -> File | None:
        return next((file for file in self.stored.values() if file.path == path), None)
