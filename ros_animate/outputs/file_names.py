"""Names of the files of a run, and the selection of some of them."""
from __future__ import annotations

import pathlib
from collections.abc import Sequence

from ros_animate.configuration import ConfigurationError, suggest
from ros_animate.errors import shown

VIDEOS = ('driving', 'animated', 'robot', 'side_by_side')
TABLE, PLOT, REPORT = 'controls.csv', 'controls.png', 'report.json'
FILES = (*(f'{name}.mp4' for name in VIDEOS), TABLE, PLOT, REPORT)
# Short names of the files.
KINDS = {**{name: f'{name}.mp4' for name in VIDEOS}, 'csv': TABLE, 'plot': PLOT, 'report': REPORT}


def selected_files(text: str) -> tuple[str, ...]:
    """Names of the files for a list of kinds, like 'csv,robot'.

    Raises:
        ConfigurationError: A kind that there is not.
    """
    kinds = [kind.strip() for kind in text.split(',')]
    by_name = {**KINDS, **{name: name for name in FILES}}
    for kind in kinds:
        if kind not in by_name:
            raise ConfigurationError(f'--files: there is no file {shown(kind)}; '
                                     f'{suggest(kind, KINDS)}')
    names = {by_name[kind] for kind in kinds}
    if PLOT in names:
        names.add(TABLE)  # of which it is drawn
    return tuple(name for name in FILES if name in names)


def written_files(folder: pathlib.Path, files: Sequence[str]) -> str:
    """Line that names the files of a finished run."""
    return f'wrote {", ".join(name for name in files if (folder / name).exists())}'
