"""What the steps of the set-up are made of: stamps, fingerprints, commands with progress."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import threading
import time
from typing import Any, Dict, Iterable, List, Optional

from prerequisites import Problem

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOG = ROOT / 'log' / 'setup.log'
REPORT_EVERY_S = 10.0


def say(text: str) -> None:
    """One line of progress."""
    print(f'set-up: {text}', flush=True)


class Stamp:
    """A value kept in .venv/stamps; it is lost together with the virtual environment."""

    def __init__(self, venv: pathlib.Path, name: str) -> None:
        self._path = venv / 'stamps' / name

    def read(self) -> Any:
        """The value, None if there is none (or half a one, after a power cut)."""
        try:
            return json.loads(self._path.read_text())
        except (OSError, ValueError):
            return None

    def write(self, value: Any) -> None:
        """Keeps a value that JSON can hold."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(value))

    def remove(self) -> None:
        """Forgets the value."""
        if self._path.exists():
            self._path.unlink()


def fingerprint(files: Iterable[pathlib.Path], *texts: str) -> str:
    """Changes when a file's content or one of the texts does."""
    digest = hashlib.sha256('\0'.join(texts).encode())
    for path in files:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def file_names(root: pathlib.Path, folders: Iterable[str]) -> List[str]:
    """Relative names of all files below the folders, without Python's caches, sorted."""
    return sorted(str(path.relative_to(root)) for folder in folders
                  for path in (root / folder).rglob('*')
                  if path.is_file() and '__pycache__' not in path.parts)


def run(title: str, command: List[str], variables: Optional[Dict[str, str]] = None,
        folder: str = str(ROOT)) -> None:
    """Runs a command: all its output goes to log/setup.log, a line now and then to the screen.

    Raises:
        Problem: The command failed; what it said last about an error and the log are named.
    """
    say(title)
    LOG.parent.mkdir(exist_ok=True)
    lines = ['']
    with LOG.open('w') as log:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **(variables or {})}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True,
            errors='replace')
        # An interrupt may come before the thread has started, too: nothing waits for it then.
        reader = threading.Thread(target=_copy, args=(process.stdout, log, lines), daemon=True)
        try:
            reader.start()
            _wait(process, lines)
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            raise
        finally:
            if reader.ident is not None:
                reader.join()
    if process.returncode != 0:
        said = [line.strip() for line in LOG.read_text(errors='replace').splitlines()]
        errors = [line for line in said if 'error' in line.lower()]
        raise Problem(f'{title} failed: {(errors or lines)[-1]} (all of it is in {LOG})')


def _wait(process: 'subprocess.Popen[str]', lines: List[str]) -> None:
    """Says now and then that it goes on: pip copies for minutes without a word."""
    begin = time.monotonic()
    free = shutil.disk_usage(str(ROOT)).free
    while True:
        try:
            process.wait(REPORT_EVERY_S)
            return
        except subprocess.TimeoutExpired:
            written = max(0, free - shutil.disk_usage(str(ROOT)).free) / 1e9
            say(f'  {time.monotonic() - begin:.0f} s, {written:.1f} GB written; {lines[-1][:60]}')


def _copy(source: Iterable[str], log: Any, lines: List[str]) -> None:
    """Keeps the last line that says something: indented ones are details."""
    for line in source:
        log.write(line)
        if line.strip() and not line.startswith(' ') and 'WARNING' not in line:
            lines[-1] = line.strip()
