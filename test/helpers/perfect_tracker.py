"""Answers of virtual faces without images: what a tracker without errors would report."""
from __future__ import annotations

import numpy as np

from ros_animate.calibration.journal import BlockRecord, Journal, Taken
from ros_animate.calibration.lying_robot import LyingRobot
from ros_animate.calibration.poses import schedule
from ros_animate.calibration.responses import (
    Expected,
    expected_curves,
    expected_poses,
    vector,
)
from ros_animate.calibration.sighting import Sighting
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.head_pose import fit_pose
from ros_animate.types import Motion

IMAGE = np.zeros((384, 384, 3), np.uint8)


def seen(robot, values):
    """What is seen of a robot in a pose (C,)."""
    robot._position = np.array(values, float)
    landmarks = robot._face.landmarks(robot._face_map.muscles(robot.true_position()))
    shapes = dict.fromkeys(BLENDSHAPES, 0.0)
    return Sighting.of(Motion('mediapipe', 0.0, landmarks=landmarks, expression=shapes,
                              rotation=fit_pose(landmarks).rotation,
                              translation=np.array([0, 0, 0.5])), IMAGE)


def expected_answers(spec, lies):
    """Answers of a robot with an appearance and a camera, but without faults."""
    robot, count = LyingRobot(spec, lies), len(spec.names)
    rest = vector(*_face(seen(robot, spec.neutral)))
    answers = {key: [vector(*_face(seen(robot, values))) - rest]
               for key, values in expected_poses(spec).items()}
    return Expected(expected_curves(count, answers, False), np.full((count, len(rest)), 0.02),
                    expected_curves(count, answers, True))


def babbled(spec, lies, folder, count=400):
    """The journal of a session with a lying robot."""
    robot, journal = LyingRobot(spec, lies), Journal(folder)
    for block in schedule(spec, 0, count):
        taken = []
        for pose in block:
            face = seen(robot, pose.values)
            taken.append(Taken(pose.kind, pose.control, pose.level, pose.values, face.features,
                               face.points, [face.size, *face.place, face.distance_m]))
        journal.blocks.append(BlockRecord(taken, ()))
    return journal


def _face(sighting):
    return sighting.features, sighting.points
