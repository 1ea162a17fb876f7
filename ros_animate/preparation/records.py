"""Records of a raw video, its clips, and the parts of it that are not used."""
from __future__ import annotations

import pathlib
from dataclasses import dataclass
from typing import Any

# Reasons for which a whole file gives no clip.
NO_VIDEO, WRONG_EXTENSION, CORRUPT, DUPLICATE, NO_FACE = (
    'no_video', 'wrong_extension', 'corrupt', 'duplicate', 'no_face')
# Reasons for which a face is not used for a while.
CUTS, LOST, COVERED, OUTSIDE, MOVED, TOO_SHORT, TOO_SMALL, BLURRED = (
    'cuts', 'lost', 'covered', 'outside', 'moved', 'too_short', 'too_small', 'blurred')


@dataclass(frozen=True)
class Failure:
    """A file without a clip, or a part of one that is not used.

    Attributes:
        reason: One of the reasons above.
        message: The reason in words.
        face: Face of the part; '' for a whole file.
        start_s: Begin of the part.
        end_s: End of the part.
    """

    reason: str
    message: str
    face: str = ''
    start_s: float = 0.0
    end_s: float = 0.0

    def line(self, file: str) -> dict[str, Any]:
        """Object of failures.jsonl."""
        part = {'face': self.face, 'start_s': round(self.start_s, 3), 'end_s': round(self.end_s, 3)}
        return {'file': file, 'reason': self.reason, 'message': self.message,
                **(part if self.face else {})}


@dataclass(frozen=True)
class RawVideo:
    """A file of the raw folder.

    Attributes:
        name: Path inside the folder, with slashes.
        path: The file.
        size: Its bytes.
        identity: Person or group of people whom it shows; all of its clips are in one split.
        refusal: Why it is not read; None if it is.
    """

    name: str
    path: pathlib.Path
    size: int
    identity: str
    refusal: Failure | None = None
