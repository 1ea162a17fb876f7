"""Drives the robot, behind the safety layer."""
from __future__ import annotations

import pathlib
import threading
import time
from dataclasses import dataclass, replace

from builtin_interfaces.msg import Time as TimeMessage
from rcl_interfaces.msg import SetParametersResult
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image as ImageMessage
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from std_srvs.srv import SetBool
from trajectory_msgs.msg import JointTrajectory

from ros_animate.configuration import ConfigurationError, build, option
from ros_animate.hardware import safety
from ros_animate.hardware.base import Robot, VirtualRobot
from ros_animate.hardware.last_pose import LastPose
from ros_animate.hardware.safety import Safety
from ros_animate.hardware.trajectory import TrajectoryFollower
from ros_animate.msg import Command as CommandMessage
from ros_animate.nodes import diagnostics
from ros_animate.nodes.conversions import MessageError, image_to_message
from ros_animate.nodes.diagnostics import Health
from ros_animate.nodes.emergency_stop import EmergencyStopPort, estop_file
from ros_animate.nodes.managed_node import ManagedNode
from ros_animate.nodes.messages import Joints, seconds, stamp_message
from ros_animate.nodes.parameter_values import decoded
from ros_animate.nodes.robot_link import RobotLink, RobotView
from ros_animate.nodes.running import main as run
from ros_animate.nodes.stage_node import NEWEST, RELIABLE, NodeOptions
from ros_animate.nodes.ticker import Ticker
from ros_animate.types import Array, Command, Image

# Of the shutdown, beyond the way to the last pose.
GRACE_S = 1.0
# Headers that may still be answered: a command that is refused leaves an earlier one in force.
KEPT_HEADERS = 8
# What may be changed while the node runs.
LIMITS = ('velocity_scale', 'acceleration_scale', 'ranges')


@dataclass(frozen=True)
class HardwareNodeOptions(safety.Config, NodeOptions):
    """Options of the hardware node; those of the safety layer are among them."""

    rate_hz: float = option(60.0, 'commands a second', low=1.0, high=1000.0)
    view_rate_hz: float = option(30.0, 'pictures of a virtual robot a second on robot/image_raw, '
                                 'while somebody listens', low=0.1, high=100.0)
    shutdown_pose: str = option('park', 'where the robot goes when the node ends; park closes the '
                                'lids', choices=('park', 'neutral'))
    autostart: bool = option(True, 'connect and command the robot at the start and after errors; '
                             'else somebody else manages the life cycle')


class HardwareNode(ManagedNode):
    """joint_trajectory to the robot; joint_states, commands and robot/image_raw from it.

    At a fixed rate the trajectory is sampled, goes through the safety layer and is sent; a
    trajectory that answers a new camera frame brings the next tick forward. Without new commands
    the robot holds, then goes to neutral. An inactive node is connected and commands nothing.
    Trajectories with another `header.frame_id` (another camera) are another source of commands.
    """

    stage = 'hardware'
    with_robot = True
    Options = HardwareNodeOptions
    changeable = LIMITS

    def __init__(self, **node_arguments: object) -> None:
        super().__init__(**node_arguments)
        options: HardwareNodeOptions = self.parameters.options
        self._options = replace(options, estop_file=options.estop_file or estop_file(
            self, f'{self.spec.name}.{self.parameters.plugin}'))
        options.check_rate(options.rate_hz)
        self._joints = Joints.of(self.spec)
        self._follower = TrajectoryFollower()
        self._last_pose = LastPose(pathlib.Path(self._options.estop_file).with_suffix('.pose'),
                                   len(self.spec.names))
        self._safety = Safety(self._options, self.spec)
        self._headers: dict[float, Header] = {}
        self._answered_s = 0.0
        self._now_s = 0.0
        self._heard_s = 0.0
        self._source = ''
        self._steady_s: float | None = None
        self._enabled = True
        self._active = False
        self._at_rest = threading.Event()
        # The ticks run beside the callbacks.
        self._lock = threading.Lock()
        robot: Robot = self.make_plugin(self.spec)
        self._link = RobotLink(robot)
        self._commands = self.create_publisher(CommandMessage, 'commands', RELIABLE)
        self._states = self.create_publisher(JointState, 'joint_states', RELIABLE)
        self._view: RobotView | None = None
        self._viewed_s = 0.0
        if isinstance(robot, VirtualRobot):
            self._pictures = self.create_publisher(ImageMessage, 'robot/image_raw', NEWEST)
            self._view = RobotView(robot, self._publish_picture)
        self.create_service(SetBool, '~/set_enabled', self._set_enabled)
        self._estop = EmergencyStopPort(self, self._safety, self._lock)
        self.add_on_set_parameters_callback(self._change_limits)
        self.listen(JointTrajectory, 'joint_trajectory', self._take)
        self._ticker = Ticker(1.0 / self._options.rate_hz, self._tick)
        if options.autostart:
            # A robot that is not there at the start is the user's affair, at once.
            self._link.connect()

    def start(self) -> None:
        if self._view is not None:
            self._view.start()
        self._ticker.start()
        self.autostart = self._options.autostart
        if self.autostart:
            self.bring_up()

    def stop(self) -> None:
        """Brings the robot into its last pose."""
        self.autostart = False
        self.take_down()
        self._ticker.stop()

    def close(self) -> None:
        if self._view is not None:
            self._view.close()
        self._link.disconnect()

    def configure(self) -> None:
        if not self._link.connected:
            self._link.connect()

    def activate(self) -> None:
        """The robot is commanded from where it is."""
        with self._lock:
            self._safety.start(self._where_the_robot_is())
            self._follower.reset()
            self._active = True

    def deactivate(self) -> None:
        """The robot goes to neutral and is then left alone."""
        self._rest('neutral')

    def finish(self) -> None:
        self._rest(self._options.shutdown_pose)

    def release(self) -> None:
        with self._lock:
            self._active = False
            self._link.disconnect()

    def defect(self) -> str:
        return self._link.trouble

    def health(self) -> Health:
        state = self._safety.state
        self.diagnostics.notes = {'state': state, 'enabled': self._enabled, 'active': self._active,
                                  **self._safety.counts}
        if self._link.trouble:
            return diagnostics.ERROR, self._link.trouble
        if self._safety.estopped:
            return diagnostics.ERROR, 'emergency stop'
        if not self._active:
            return diagnostics.WARN, 'not active'
        if not self._enabled:
            return diagnostics.WARN, 'disabled'
        if state in (safety.HOLD, safety.NEUTRAL):
            silence_s = self._safety.silence_s
            return diagnostics.WARN, f'{state}: no usable command for {silence_s:.1f} s'
        if state == safety.IDLE:
            return diagnostics.STALE, 'no command yet'
        return super().health()

    def _where_the_robot_is(self) -> Array:
        """What it says, or where it was sent last, be it by a process that is no more."""
        _, state = self._link.exchange(None, self.now_s())
        if self._last_pose.position is not None and not self._link.measures:
            return self._last_pose.position
        return self.spec.neutral if state is None else state.position

    def _rest(self, pose: str) -> None:
        """Waits until the robot rests in a pose; from then on it is not commanded."""
        with self._lock:
            self._at_rest.clear()
            self._safety.rest(pose)
        if not self._at_rest.wait(self._options.neutral_s + GRACE_S):
            self.get_logger().warning(f'the robot did not reach the {pose} pose in time')
        with self._lock:
            self._active = False

    def _take(self, message: JointTrajectory) -> None:
        points = self._joints.trajectory_from_message(message, self.now_s())
        with self._lock:
            try:
                self._follower.take(points)
            except ValueError as error:
                raise MessageError(str(error)) from error
            while len(self._headers) >= KEPT_HEADERS:
                del self._headers[next(iter(self._headers))]
            stamp_s = points[0][1].stamp_s
            is_news = stamp_s not in self._headers
            self._headers[stamp_s] = message.header
            self._heard_s = time.monotonic()
            self._source = message.header.frame_id
        if is_news:
            self._ticker.note_news()

    def _tick(self) -> None:
        with self._lock:
            now_s, elapsed_s = self._advance()
            # A simulated clock may stand still: what is said no more is not followed.
            heard = time.monotonic() - self._heard_s <= self._options.stale_s
            wanted = self._follower.at(now_s) if heard else None
            command = self._safety.step(wanted, now_s, self._source, elapsed_s)
            at_rest = self._safety.at_rest
            commanded = self._active and (self._enabled or not at_rest)
            sent, state = self._link.exchange(command if commanded else None, now_s)
        if sent is not None:
            self._last_pose.keep(sent.position)
            self._publish_command(sent)
        if state is not None:
            header = Header(stamp=stamp_message(now_s), frame_id=self.spec.name)
            self._states.publish(self._joints.state_to_message(state, header))
        if at_rest:
            self._at_rest.set()
        self._show(now_s)

    def _advance(self) -> tuple[float, float]:
        """The time of this tick, and what has really passed since the last.

        The robot's limits are those of the real clock, whatever a simulated one does.
        """
        now_s, steady_s = self.now_s(), time.monotonic()
        if now_s < self._now_s:
            # Its points are in what is now the future.
            self._follower.reset()
        elapsed_s = 0.0 if self._steady_s is None else steady_s - self._steady_s
        self._now_s, self._steady_s = now_s, steady_s
        return now_s, elapsed_s

    def _publish_command(self, sent: Command) -> None:
        sent_s = self.now_s()
        header = self._headers.get(sent.stamp_s, Header(stamp=TimeMessage()))
        message = self._joints.command_to_message(sent, header, stamp_message(sent_s))
        self._commands.publish(message)
        self.diagnostics.count('published')
        if sent.stamp_s != self._answered_s:
            self._answered_s = sent.stamp_s
            self.diagnostics.count('answered')
            self.diagnostics.measure('latency_ms', 1e3 * (sent_s - seconds(header.stamp)))

    def _show(self, now_s: float) -> None:
        due = abs(now_s - self._viewed_s) >= 1.0 / self._options.view_rate_hz - 1e-3
        if self._view is not None and due and self._pictures.get_subscription_count():
            self._viewed_s = now_s
            self._view.want(now_s)

    def _publish_picture(self, image: Image, time_s: float) -> None:
        header = Header(stamp=stamp_message(time_s), frame_id=self.spec.name)
        self._pictures.publish(image_to_message(image, header))

    def _set_enabled(self, request: SetBool.Request,
                     response: SetBool.Response) -> SetBool.Response:
        """Disabled, the robot goes to neutral and is then no longer commanded."""
        with self._lock:
            self._enabled = request.data
            if request.data:
                self._safety.resume()
            else:
                self._safety.rest('neutral')
        response.success = not self._safety.estopped
        response.message = 'enabled' if request.data else 'disabled: going to neutral'
        return response

    def _change_limits(self, changes: list[Parameter]) -> SetParametersResult:
        """Limits may be tightened, and be loosened again up to the robot's."""
        values = {p.name: p.value for p in changes if p.name in LIMITS}
        try:
            options = build(type(self._options), {**vars(self._options), **decoded(
                type(self._options), values)}, 'hardware')
            with self._lock:
                self._safety.configure(options)
        except ConfigurationError as error:
            return SetParametersResult(successful=False, reason=str(error))
        self._options = options
        return SetParametersResult(successful=True)


def main() -> int:
    """Runs the node."""
    return run(HardwareNode)


if __name__ == '__main__':
    raise SystemExit(main())
