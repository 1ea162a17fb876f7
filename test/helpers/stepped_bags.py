"""Bags of a pipeline that nobody disturbs, made step by step. Needs ROS."""
from __future__ import annotations

from rclpy.serialization import serialize_message

from helpers.recorded_motion import PERIOD_NS, START_NS, motion
from ros_animate.nodes.bags import BagWriter
from ros_animate.nodes.lockstep import Lockstep
from ros_animate.nodes.topics import TOPICS
from ros_animate.runtime.launch_plan import make_launch_plan
from ros_animate.settings import load_settings

DELAY_NS = 12_000_000  # from the stamp of a frame to its motion
STAGES = ('policy', 'smoothing', 'hardware')


def moved(index):
    """A motion and when it came."""
    return START_NS + index * PERIOD_NS + DELAY_NS, motion(index)


def stepped(folder, motions, **policy):
    """Outputs of the last three nodes for motions, one after the other."""
    settings = load_settings(policy={'adapt_s': 0.0, **policy})
    plan = make_launch_plan(settings, stages=STAGES)
    with Lockstep(plan.parameters, folder) as pipeline:
        return pipeline.run({'motion': motions}, START_NS, motions[-1][0] + 10 ** 9)


def write_bag(path, motions, outputs):
    """Writes a bag as a live run in the namespace `left` records it; returns its path."""
    rows = [(time_ns, 'motion', message) for time_ns, message in motions]
    rows += [(time_ns, topic, message) for topic in ('actions', 'commands')
             for time_ns, message in outputs[topic]]
    with BagWriter(path) as writer:
        for time_ns, topic, message in sorted(rows, key=lambda row: row[0]):
            writer.write(f'/left/{topic}', TOPICS[topic].type_name, serialize_message(message),
                         time_ns)
    return path
