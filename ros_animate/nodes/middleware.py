"""Environment variables that the ROS middleware reads when it starts; imports no ROS."""
from __future__ import annotations

import os
import pathlib
import pwd
import stat
import tempfile
from collections.abc import Mapping

from ros_animate.configuration import resource
from ros_animate.errors import UserError

PROFILES = 'FASTRTPS_DEFAULT_PROFILES_FILE'
DOMAIN = 'ROS_DOMAIN_ID'
MAX_DOMAIN = 232  # the port numbers of a greater one do not exist


def middleware_defaults(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Values of the variables that the user may have left unset.

    Images are larger than the shared-memory segments that Fast DDS makes by default. A service, a
    container or a cron job may have no home folder, where ROS writes its logs and the emergency
    stop is kept, or not even a name: a temporary folder and the number of the user take their
    places.
    """
    given = os.environ if environment is None else environment
    home = given.get('HOME') or _home_of_user()
    defaults = {PROFILES: str(resource('config', 'fastdds_shm.xml'))}
    ros_home = given.get('ROS_HOME') or os.path.join(home or '/', '.ros')
    if home is None or not _can_write(ros_home):
        home = home or str(_temporary_home())
        defaults['ROS_LOG_DIR'] = str(_temporary_home() / '.ros' / 'log')
        # An emergency stop that is in force there must not be forgotten.
        if not any(pathlib.Path(ros_home).glob('ros_animate/*.estop')):
            defaults['ROS_HOME'] = str(_temporary_home() / '.ros')
    if not _user_name():
        defaults['USER'] = str(os.getuid())
    return {**defaults, 'HOME': home}


def check_environment(environment: Mapping[str, str]) -> None:
    """Raises UserError for a value that the middleware would refuse in words of its own."""
    domain = environment.get(DOMAIN, '').strip()
    if domain and not (domain.isascii() and domain.isdigit() and int(domain) <= MAX_DOMAIN):
        raise UserError(f'{DOMAIN} is {domain[:40]!r}: expected a number from 0 to {MAX_DOMAIN}')


def set_middleware_defaults() -> None:
    """Completes and checks the environment of this process, before its first ROS context."""
    for name, value in middleware_defaults().items():
        os.environ.setdefault(name, value)
    check_environment(os.environ)


def _home_of_user() -> str | None:
    """The home folder in the system's list of users; None if the user is not in it."""
    home = os.path.expanduser('~')
    return home if os.path.isabs(home) else None


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return ''


def _can_write(folder: str) -> bool:
    """True if the folder, or the nearest one above it that exists, can be written."""
    path = pathlib.Path(folder).absolute()
    while not os.path.lexists(path):
        path = path.parent
    return path.is_dir() and os.access(path, os.W_OK | os.X_OK)


def _temporary_home() -> pathlib.Path:
    """A folder of this user alone, the same one as long as the machine runs."""
    path = pathlib.Path(tempfile.gettempdir()) / f'ros_animate-{os.getuid()}'
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise UserError(f'no folder can be written: set HOME ({error})') from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise UserError(f'{path} belongs to somebody else, or others can write it: set HOME')
    return path
