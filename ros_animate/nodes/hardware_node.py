"""Drives the robot behind the safety layer."""
from __future__ import annotations

import pathlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from std_msgs.msg import Header
from std_srvs.srv import SetBool
from trajectory_msgs.msg import JointTrajectory

from ros_animate.configuration import option
from ros_animate.hardware.base import Robot, VirtualRobot
from ros_animate.hardware.drawing import DrawingError, RobotDrawing
from ros_animate.hardware.last_pose import LastPose
from ros_animate.hardware.safety import Safety
from ros_animate.hardware.safety_config import SafetyConfig
from ros_animate.hardware.safety_state import SafetyState
from ros_animate.limits import COMMAND_SOURCES
from ros_animate.nodes import diagnostics
from ros_animate.nodes.control_loop import ControlLoop
from ros_animate.nodes.conversions import MessageError
from ros_animate.nodes.diagnostics import Health
from ros_animate.nodes.emergency_stop import EmergencyStopServices, estop_file
from ros_animate.nodes.image_publisher import JpegOptions
from ros_animate.nodes.latency_meter import LatencyMeter
from ros_animate.nodes.live_parameters import LiveParameters
from ros_animate.nodes.managed_node import ManagedNode
from ros_animate.nodes.manual_control import ManualControl
from ros_animate.nodes.messages import Joints, nanoseconds, stamp_message
from ros_animate.nodes.requested_images import RequestedImages
from ros_animate.nodes.robot_link import RobotLink
from ros_animate.nodes.running import main as run
from ros_animate.nodes.stage_node import WARNING_PERIOD_S, NodeOptions
from ros_animate.nodes.ticker import Ticker
from ros_animate.nodes.trajectory_action import GoalOptions, make_trajectory_action
from ros_animate.types import Array, Command, Image

VIEW_FRAME = 'robot_view_optical_frame'
# They may be tightened while the node runs, and be loosened again up to the robot's limits.
LIMITS = ('velocity_scale', 'acceleration_scale', 'ranges')
# Time for going to rest beyond the duration of the motion itself.
GRACE_S = 1.0
MANY_SOURCES = (f'commands under more than {COMMAND_SOURCES} names, which are not told apart: the '
                'frame_id of a sender must not change')
# Explanation of the safety layer's reasons that a sender can change.
REFUSALS = {'stale': 'their stamps are older than stale_s',
            'future': "their stamps are ahead of this node's clock",
            'disorder': 'their stamps run backward', 'nonfinite': 'their values are not finite',
            'names': 'their names are not those of the robot'}


@dataclass(frozen=True)
class HardwareNodeOptions(SafetyConfig, JpegOptions, GoalOptions, NodeOptions):
    """Options of the hardware node; those of the safety layer are among them."""

    rate_hz: float = option(60.0, 'commands a second', low=1.0, high=1000.0)
    view_rate_hz: float = option(30.0, 'images of a virtual robot a second on robot/image_raw, '
                                 'while somebody listens', low=0.1, high=100.0)
    shutdown_pose: str = option('park', 'where the robot goes when the node ends; park closes the '
                                'lids', choices=('park', 'neutral'))
    manual_speed: float = option(0.25, 'part of the velocity limits at which the manual mode moves',
                                 low=0.01, high=1.0)
    manual_timeout_s: float = option(10.0, 'in manual mode, after this time without a message on '
                                     'manual_targets the robot holds, then goes to neutral',
                                     low=0.5, high=3600.0)
    autostart: bool = option(True, 'connect and command the robot at the start and after errors; '
                             'else somebody else manages the life cycle')


class HardwareNode(ManagedNode):
    """Node from joint_trajectory to the robot, and back to joint_states and commands.

    At a fixed rate the trajectory is sampled, goes through the safety layer and is sent; a
    trajectory that answers a new camera frame brings the next tick forward. Without new commands
    the robot holds, then goes to neutral. An inactive node is connected and commands nothing.
    Trajectories with another `header.frame_id` (another camera) are another source of commands.
    """

    stage = 'hardware'
    with_robot = True
    Options = HardwareNodeOptions
    changeable = LIMITS
    make_ticker: ClassVar[type[Any]] = Ticker

    def __init__(self, **node_arguments: object) -> None:
        super().__init__(**node_arguments)
        given: HardwareNodeOptions = self.parameters.options
        given.check_rate(given.rate_hz)
        options = self._options = replace(given, estop_file=given.estop_file or estop_file(
            self, f'{self.spec.name}.{self.parameters.plugin}'))
        self._safety = Safety(options, self.spec)
        self._counts: Counter[str] = Counter()
        self._fault, self._fault_logged = '', False
        self._has_news = False
        self._unstamped: tuple[JointTrajectory, float] | None = None
        robot: Robot = self.make_plugin(self.spec)
        self._link = RobotLink(robot)
        pose_file = pathlib.Path(options.estop_file).with_suffix('.pose')
        self._loop = ControlLoop(self._safety, self._link,
                                 LastPose(pose_file, self.spec), self.spec,
                                 options.manual_speed, options.manual_timeout_s)
        self._joints = Joints.of(self.spec)
        self._latency = LatencyMeter(self.diagnostics)
        self._commands = self.publisher_of('commands')
        self._states = self.publisher_of('joint_states')
        self._images: RequestedImages[Array] | None = None
        if isinstance(robot, VirtualRobot):
            self._drawing = RobotDrawing(type(robot), self.parameters.config, self.spec)
            self._images = RequestedImages(self, 'robot/image_raw', options.view_rate_hz,
                                           self._draw)
        self._limits = LiveParameters(self, options, LIMITS, self._loop.configure, 'hardware')
        self._estop = EmergencyStopServices(self, self._loop)
        self._manual = ManualControl(self, self._loop, self._joints, self.steady_s)
        self.create_service(SetBool, '~/set_enabled', self._set_enabled)
        self._action = make_trajectory_action(self, self._loop, self.spec, options,
                                              options.takeover_s)
        # A zero stamp means "starts now", and the safety layer refuses other wrong ones.
        self.listen('joint_trajectory', self._follow, max_age_s=None)
        self.ticker = self.make_ticker(1.0 / options.rate_hz, self._tick)
        if options.autostart:
            # At the start an unreachable robot is an error for the user, not something to retry.
            self._link.connect()

    def start(self) -> None:
        if self._images is not None:
            self._images.start()
        self.ticker.start()
        self.autostart = self._options.autostart
        if self.autostart:
            self.bring_up()

    def stop(self) -> None:
        """Brings the robot into its last pose."""
        self.autostart = False
        if self._action is not None:
            self._action.close()
        self.take_down()
        self.ticker.stop()

    def close(self) -> None:
        if self._images is not None:
            self._images.stop()
            self._drawing.close()
        self._link.disconnect()

    def configure(self) -> None:
        if not self._link.connected:
            self._link.connect()

    def activate(self) -> None:
        """Commands the robot, from where it is."""
        self._loop.activate(self.now_s())
        self._manual.publish()

    def deactivate(self) -> None:
        """Brings the robot to neutral; it is then not commanded any more."""
        self._rest('neutral')

    def finish(self) -> None:
        self._rest(self._options.shutdown_pose)

    def release(self) -> None:
        self._loop.release()

    def defect(self) -> str:
        return self._link.trouble

    def health(self) -> Health:
        state = self._safety.state
        refused = self._refused_recently()
        self.diagnostics.notes.update({'state': state.value, 'enabled': self._loop.enabled,
                                       'active': self._loop.active,
                                       'manual': self._loop.manual, **self._safety.counts})
        if self._link.trouble:
            return diagnostics.ERROR, self._link.trouble
        if self._safety.estopped:
            return diagnostics.ERROR, SafetyState.ESTOP.message
        if fault := self._lasting_fault():
            return diagnostics.ERROR, fault
        if not self._loop.active:
            return diagnostics.WARN, 'not active'
        if not self._loop.enabled:
            return diagnostics.WARN, 'disabled'
        if self._loop.manual:
            return diagnostics.WARN, f'manual mode: {state.message}'
        if state in (SafetyState.HOLD, SafetyState.NEUTRAL):
            return (diagnostics.WARN,
                    f'{state.message} for {self._safety.silence_s:.1f} s{refused}')
        if state is SafetyState.IDLE:
            return diagnostics.STALE, f'{state.message}{refused}'
        if self._safety.has_too_many_sources:
            return diagnostics.WARN, MANY_SOURCES
        return super().health()

    def _lasting_fault(self) -> str:
        """The robot's fault if there was one a second ago too; logs its beginning and its end."""
        before, self._fault = self._fault, self._link.fault
        if before and self._fault and not self._fault_logged:
            self.get_logger().warning(f'the robot cannot follow: {self._fault}')
            self._fault_logged = True
        elif self._fault_logged and not self._fault:
            self.get_logger().info('the robot can follow again')
            self._fault_logged = False
        return self._fault if before else ''

    def _refused_recently(self) -> str:
        """Text about the commands that were refused since the last call; warns if none is used."""
        counts = Counter(self._safety.counts)
        fresh, has_news = counts - self._counts, self._has_news
        self._counts, self._has_news = counts, False
        # Without a newer frame every command grows stale: that is silence, not a wrong stamp.
        reasons = [text for reason, text in REFUSALS.items()
                   if fresh[f'refused_{reason}'] and (has_news or reason != 'stale')]
        if not reasons:
            return ''
        text = f'commands are refused: {", ".join(reasons)}'
        if not fresh['accepted']:
            self.get_logger().warning(text, throttle_duration_sec=WARNING_PERIOD_S)
        return f'; {text}'

    def _rest(self, pose: str) -> None:
        if not self._loop.rest(pose, self._options.neutral_s + GRACE_S):
            self.get_logger().warning(f'the robot did not reach the {pose} pose in time')

    def _follow(self, message: JointTrajectory) -> None:
        points = self._joints.trajectory_from_message(message, self._start_s(message))
        # Noted before it is followed: the next tick may already need the header.
        is_news = self._latency.note_trajectory(points[0][1].stamp_s, message.header)
        try:
            self._loop.follow(points, message.header.frame_id, self.steady_s())
        except ValueError as error:
            raise MessageError(str(error)) from error
        if is_news:
            self._has_news = True
            self.ticker.note_news()

    def _start_s(self, message: JointTrajectory) -> float:
        """When a trajectory without a stamp starts: with the first of several that are equal.

        A sender that repeats itself does not show that anything behind it is alive.
        """
        if nanoseconds(message.header.stamp):
            return 0.0
        if self._unstamped is None or self._unstamped[0] != message:
            self._unstamped = message, self.now_s()
        return self._unstamped[1]

    def _tick(self) -> None:
        now_s = self.now_s()
        tick = self._loop.tick(now_s, self.steady_s())
        if tick.sent is not None:
            self._publish_command(tick.sent)
        if tick.state is not None:
            header = Header(stamp=stamp_message(now_s), frame_id=self.spec.name)
            self._states.publish(self._joints.state_to_message(tick.state, header))
        if self._action is not None:
            self._action.update(now_s, tick.state)
        if self._images is not None and tick.state is not None:
            header = Header(stamp=stamp_message(now_s), frame_id=VIEW_FRAME)
            self._images.request(tick.state.position, header, now_s)

    def _draw(self, position: Array) -> Image | None:
        try:
            return self._drawing.draw(position)
        except DrawingError as error:
            self.get_logger().warning(str(error))
            return None

    def _publish_command(self, sent: Command) -> None:
        sent_s = self.now_s()
        header = self._latency.note_sent(sent.stamp_s, sent_s)
        self._commands.publish(
            self._joints.command_to_message(sent, header, stamp_message(sent_s)))
        self.diagnostics.count('published')

    def _set_enabled(self, request: SetBool.Request,
                     response: SetBool.Response) -> SetBool.Response:
        self._loop.set_enabled(request.data)
        response.success = not self._loop.estopped
        response.message = 'enabled' if request.data else 'disabled: going to neutral'
        return response


def main() -> int:
    """Runs the node."""
    return run(HardwareNode)


if __name__ == '__main__':
    raise SystemExit(main())
