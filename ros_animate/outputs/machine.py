"""Description of the machine that figures were measured on."""
import os
import pathlib
import platform


def machine() -> str:
    """Processor, number of cores that this process may use, and Python version, in one line."""
    return (f'{_processor()}, {len(os.sched_getaffinity(0))} cores, '
            f'Python {platform.python_version()}')


def _processor() -> str:
    info = pathlib.Path('/proc/cpuinfo')
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(':', 1)[1].strip() for line in lines if line.startswith('model name')]
    return names[0] if names else platform.machine()
