"""Smooths action chunks into a trajectory."""
from __future__ import annotations

from dataclasses import dataclass, replace

from std_msgs.msg import Header

from ros_animate.configuration import option
from ros_animate.msg import ActionChunk as ActionChunkMessage
from ros_animate.nodes.messages import Joints
from ros_animate.nodes.running import main as run
from ros_animate.nodes.stage_node import NodeOptions, StageNode
from ros_animate.robot.governor import nearest_stop
from ros_animate.smoothing.base import Smoother

# Long after the robot has stopped.
RESEND_S = 5.0


@dataclass(frozen=True)
class SmoothingNodeOptions(NodeOptions):
    """Options of the smoothing node."""

    rate_hz: float = option(60.0, 'points a second of the trajectories', low=1.0, high=1000.0)
    points: int = option(5, 'points of a trajectory, besides the stop', low=2,
                         high=100)


class SmoothingNode(StageNode):
    """Node from actions to joint_trajectory.

    A trajectory holds the present and the next few samples, so that a follower needs no clock
    in step with this one and bridges lost messages. `header.stamp` is the stamp of the camera
    frame that it answers and `time_from_start` counts from there: its points lie now and in the
    near future, and the last one is the stop behind them, at velocity zero.
    joint_trajectory_controller accepts it as it is, and the robot stops there if nothing follows.

    It is published at once when a chunk comes, and again when half of it has passed, until no
    chunk has come for RESEND_S.
    """

    stage = 'smoothing'
    with_robot = True
    Options = SmoothingNodeOptions

    def __init__(self, **node_arguments: object) -> None:
        super().__init__(**node_arguments)
        spec = self.spec
        self._options: SmoothingNodeOptions = self.parameters.options
        self._joints = Joints.of(spec)
        self._smoother: Smoother = self.make_plugin(spec)
        self._header: Header | None = None
        self._pushed_s = 0.0
        self._publisher = self.publisher_of('joint_trajectory')
        self._period_s = 1.0 / self._options.rate_hz
        self._timer = self.create_timer(0.5 * self._options.points * self._period_s, self._publish)
        self.listen('actions', self._push)

    def _push(self, message: ActionChunkMessage) -> None:
        dropped = self._smoother.dropped
        self._smoother.push(self._joints.chunk_from_message(message), self.now_s())
        if self._smoother.dropped > dropped:
            # The trajectory still answers the frame before, and grows stale with it.
            self.diagnostics.count('dropped')
            return
        self._header, self._pushed_s = message.header, self.steady_s()
        self._publish()
        self._timer.reset()

    def _publish(self) -> None:
        if self._header is None or self.steady_s() - self._pushed_s > RESEND_S:
            return
        now_s = self.now_s()
        present = self._smoother.sample(now_s)
        times = [now_s + k * self._period_s for k in range(self._options.points)]
        commands = [present, *self._smoother.preview(times[1:])]
        stop_s, stop = nearest_stop(self.spec, commands[-1].position, commands[-1].velocity)
        times.append(times[-1] + max(stop_s, self._period_s))
        commands.append(replace(commands[-1], position=stop, velocity=0.0 * stop,
                                acceleration=0.0 * stop))
        self.send(self._publisher, self._joints.trajectory_to_message(
            list(zip(times, commands)), self._header))


def main() -> int:
    """Runs the node."""
    return run(SmoothingNode)


if __name__ == '__main__':
    raise SystemExit(main())
