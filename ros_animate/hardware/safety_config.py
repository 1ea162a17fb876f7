"""Options of the safety layer and the governor that follows from them."""
from __future__ import annotations

from dataclasses import dataclass

from ros_animate.configuration import ConfigurationError, option
from ros_animate.errors import shown
from ros_animate.robot.governor import Governor
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array


@dataclass(frozen=True)
class SafetyConfig:
    """Options of the safety layer. Limits can be tightened here, never loosened."""

    stale_s: float = option(0.5, 'commands that answer an older camera frame are refused, and '
                            'after this time without a newer one the robot holds',
                            low=0.05, high=10.0)
    neutral_after_s: float = option(2.0, 'after this time without a newer frame it goes neutral',
                                    low=0.1, high=60.0)
    neutral_s: float = option(1.0, 'time for the way to neutral or to the pose for shutting down',
                              low=0.1, high=10.0)
    takeover_s: float = option(0.6, 'time in which a new source of commands takes over', low=0.0,
                               high=10.0)
    future_s: float = option(0.1, 'commands stamped further ahead than this are refused', low=0.0,
                             high=10.0)
    stall_s: float = option(0.1, 'after a longer pause between two ticks the robot is taken to '
                            'stand where it was sent last', low=0.01, high=1.0)
    velocity_scale: float = option(1.0, "part of the robot's velocity limits", low=0.01, high=1.0)
    acceleration_scale: float = option(1.0, "part of the robot's acceleration limits", low=0.01,
                                       high=1.0)
    ranges: tuple[str, ...] = option((), "tighter ranges in the robot's units, each as "
                                     "'Head Pitch=-20:20'")
    estop_file: str = option('', 'a file that keeps the emergency stop in force over a restart; '
                             'empty: it ends with the process')

    def check_rate(self, rate_hz: float) -> None:
        """Raises ConfigurationError if every tick at `rate_hz` would count as a stall."""
        if not rate_hz * self.stall_s > 1.0:
            raise ConfigurationError(f'at {rate_hz:g} Hz every tick is a stall; the rate must be '
                                     f'above {1.0 / self.stall_s:g} Hz, or stall_s longer')

    def same_limits(self, other: SafetyConfig) -> bool:
        """True if both configurations limit the robot in the same way."""
        return ((self.velocity_scale, self.acceleration_scale, self.ranges)
                == (other.velocity_scale, other.acceleration_scale, other.ranges))


def build_governor(config: SafetyConfig, spec: RobotSpec) -> Governor:
    """A governor with the limits of the configuration, at rest at neutral.

    Raises:
        ConfigurationError: A limit is looser than the robot's.
    """
    low, high = _ranges(config, spec)
    try:
        return Governor(spec, low=low, high=high,
                        max_velocity=config.velocity_scale * spec.max_velocity,
                        max_acceleration=config.acceleration_scale * spec.max_acceleration)
    except ValueError as error:
        raise ConfigurationError(f'safety: {error}') from error


def _ranges(config: SafetyConfig, spec: RobotSpec) -> tuple[Array, Array]:
    """(N,) lower and upper ends of the robot's ranges, tightened by the configuration."""
    low, high = spec.low.copy(), spec.high.copy()
    for text in config.ranges:
        name, _, ends = text.partition('=')
        i = spec.index(name.strip())
        try:
            low[i], high[i] = (float(end) for end in ends.split(':'))
        except ValueError as error:
            raise ConfigurationError(f"range {shown(text)}: expected 'name=low:high'") from error
        if not low[i] <= spec.neutral[i] <= high[i]:
            raise ConfigurationError(f'range {shown(text)} leaves out the neutral value '
                                     f'{spec.neutral[i]:g}')
    return low, high
