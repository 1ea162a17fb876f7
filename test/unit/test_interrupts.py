"""A signal waits for a safe place; the next one does not wait."""
import signal

import pytest

from ros_animate.interrupts import DeferredSignals


@pytest.fixture(autouse=True)
def handlers():
    """Python's own for SIGINT, an exception for SIGTERM, as the command line has them."""
    def terminate(*_):
        raise SystemExit(143)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, terminate)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize('number, error', [(signal.SIGINT, KeyboardInterrupt),
                                           (signal.SIGTERM, SystemExit)])
def test_the_first_is_noted_until_checked(number, error):
    with DeferredSignals() as signals:
        signals.check()
        signal.raise_signal(number)
        with pytest.raises(error):
            signals.check()
        signals.check()


def test_the_second_acts_at_once():
    with DeferredSignals():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_stays_ignored_where_it_was():
    """As in a shell's background."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with DeferredSignals() as signals:
        signal.raise_signal(signal.SIGINT)
        signals.check()
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def test_the_handlers_are_given_back():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with DeferredSignals():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
