"""Markdown pages whose commands are run."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_HEADING_OR_FENCE = re.compile(
    r"^#+ (?P<heading>[^\n]+)$|^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """A fenced block and the heading it stands under."""

    heading: str
    language: str
    text: str


@dataclass(frozen=True)
class Page:
    blocks: list[Block]

    @classmethod
    def read(cls, path: Path) -> Self:
        blocks, heading = [], ""
        for match in _HEADING_OR_FENCE.finditer(path.read_text(encoding="utf-8")):
            if match["heading"] is None:
                blocks.append(Block(heading, match["language"], match["text"]))
            else:
                heading = match["heading"]
        return cls(blocks)

    def script(self) -> str:
        """All that the page would have the reader paste into one shell, in order."""
        return "\n".join(
            block.text
            for block in self.blocks
            if block.language == "bash" and not block.text.startswith("make ")
        )
