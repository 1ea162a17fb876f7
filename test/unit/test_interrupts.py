"""A signal waits for a safe place; the next one does not wait."""
import signal

import pytest

from ros_animate import interrupts
from ros_animate.interrupts import SIGNALS, DeferredSignals, unwind_on_signals


@pytest.fixture(autouse=True)
def handlers(monkeypatch):
    """Those of the command line."""
    monkeypatch.setattr(interrupts, 'leave_terminal', lambda: None)
    before = {number: signal.getsignal(number) for number in SIGNALS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    unwind_on_signals()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize('number, error', [(signal.SIGINT, KeyboardInterrupt),
                                           (signal.SIGTERM, SystemExit),
                                           (signal.SIGHUP, SystemExit)])
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


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGHUP])
def test_what_is_ignored_stays_ignored(number):
    """As Ctrl-C in a shell's background, and SIGHUP under nohup."""
    signal.signal(number, signal.SIG_IGN)
    unwind_on_signals()
    with DeferredSignals() as signals:
        signal.raise_signal(number)
        signals.check()
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(SystemExit) as caught:
            signals.check()
        assert caught.value.code == 143
    assert signal.getsignal(number) == signal.SIG_IGN


def test_the_handlers_are_given_back():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with DeferredSignals():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
