"""Settings of all tests."""
import os
import signal

from hypothesis import HealthCheck, settings

# No deadlines: they fail on a busy machine. CI tries the same examples each time.
settings.register_profile('ros_animate', deadline=None, derandomize=bool(os.environ.get('CI')),
                          suppress_health_check=[HealthCheck.too_slow])
settings.load_profile('ros_animate')

# A shell's background jobs ignore Ctrl-C, and so would all that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
