"""Left and right of a robot's face."""
from __future__ import annotations

import numpy as np

from ros_animate.robot.spec import RobotSpec


def mirror_pairs(spec: RobotSpec) -> np.ndarray:
    """(P, 2) indices of the left and right controls of each pair, by their names."""
    others = {name: name.replace('Left', 'Right') for name in spec.names}
    pairs = [(spec.index(a), spec.index(b)) for a, b in others.items()
             if a != b and b in spec.names]
    return np.array(pairs, dtype=int).reshape(-1, 2)


def sideways_controls(spec: RobotSpec) -> np.ndarray:
    """(S,) indices of the face's controls that move its middle to a side, by the rig.

    The rig drives them by the same blendshape of both sides with opposite weights.
    """
    found = []
    for name, row in spec.rig.get('controls', {}).items():
        index = spec.index(name)
        if spec.controls[index].group not in ('gaze', 'head') and any(
                weight * row.get(feature.replace('Left', 'Right'), 0.0) < 0
                for feature, weight in row.items() if 'Left' in feature):
            found.append(index)
    return np.array(found, dtype=int)
