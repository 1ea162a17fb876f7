"""Settings of all tests."""
import logging
import os
import signal

import pytest
from hypothesis import HealthCheck, settings

# The tests themselves are what runs in parallel. Read when the libraries are loaded.
for name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'OPENCV_FOR_THREADS_NUM'):
    os.environ.setdefault(name, '1')

# No deadlines: they fail on a busy machine. CI tries the same examples each time.
settings.register_profile('ros_animate', deadline=None, derandomize=bool(os.environ.get('CI')),
                          suppress_health_check=[HealthCheck.too_slow])
settings.load_profile('ros_animate')

# A shell's background jobs ignore Ctrl-C and those of nohup the end of the terminal, and so would
# all that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def logs_are_heard():
    """Our loggers as they are at the start of a process: libraries change logging for all."""
    logging.disable(logging.NOTSET)
    logging.getLogger('ros_animate').setLevel(logging.WARNING)
    for name, logger in logging.root.manager.loggerDict.items():
        if name.split('.')[0] == 'ros_animate' and isinstance(logger, logging.Logger):
            logger.disabled, logger.propagate = False, True


@pytest.fixture(scope='module')
def one_thread():
    """Small networks lose more time than they gain by a second thread."""
    import torch
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
