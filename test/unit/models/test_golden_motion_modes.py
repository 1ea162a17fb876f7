"""Every way of moving a LivePortrait source, against the reference's keypoints."""
from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pytest
import torch
from helpers.golden_data import Golden

from ros_animate.animation import relative_motion
from ros_animate.face.opening_ratios import openness
from ros_animate.networks.face_vid2vid.head_pose import bins_to_degrees
from ros_animate.networks.live_portrait import Config, Retargeting, Stitching, rotation_matrix
from ros_animate.types import Array, Motion

FRAMES = 5
EYES, LIP = ((6, 18, 0, 12), (30, 42, 24, 36)), (90, 102, 48, 66)
CLOSED, EYES_OPEN, EYES_SHUT_BELOW, LIP_OPEN_FROM = 0.0, 0.39, 0.18, 0.03


class Modes:
    """What the golden vectors were made from, and the way through our functions."""

    def __init__(self) -> None:
        self.golden = golden = Golden('live_portrait', 'golden_motion_modes')
        self.canonical = golden.vector('syn.kp_canonical', (1, 63), 0.3)[0].view(21, 3).numpy()
        self.sources = [self._motion(f'srcframe_{i}') for i in range(FRAMES)]
        self.driving = [self._motion(f'drive_{i}') for i in range(FRAMES)]
        config, networks = Config(), {}
        networks['stitching'] = Stitching(21, config.stitching_hidden)
        networks['lip'] = Retargeting(21, 2, config.lip_hidden)
        networks['eye'] = Retargeting(21, 3, config.eye_hidden)
        self.networks: dict[str, Any] = {
            name: golden.fill(f'stitching_retargeting_module.{name}', network)
            for name, network in networks.items()}
        landmarks = golden.values['inputs/landmarks203'].astype(float)
        self.eyes = [openness(landmarks, *points) for points in EYES]
        self.lip = openness(landmarks, *LIP)

    def _motion(self, who: str) -> Motion:
        vector = self.golden.vector
        degrees = torch.stack([bins_to_degrees(vector(f'syn.{who}.{axis}', (1, 66), 2).double(),
                                               97.5) for axis in ('pitch', 'yaw', 'roll')], dim=1)
        return Motion(
            'live_portrait', 0.0, rotation=rotation_matrix(degrees)[0].numpy().T,
            deformations=vector(f'syn.{who}.exp', (1, 63), 0.05)[0].view(21, 3).double().numpy(),
            translation=vector(f'syn.{who}.t', (1, 3), 0.05)[0].double().numpy(),
            scale=float(vector(f'syn.{who}.scale', (1, 1), 0.05, 1.3)))

    def keypoints(self, motion: Motion) -> Array:
        return relative_motion.implicit_keypoints(self.canonical, motion)

    def network(self, name: str, *inputs: Any) -> Array:
        with torch.inference_mode():
            tensors = [torch.as_tensor(np.asarray(x), dtype=torch.float32)[None] for x in inputs]
            return self.networks[name](*tensors)[0].double().numpy()

    def stitch(self, source: Array, keypoints: Array) -> Array:
        return self.network('stitching', source, keypoints)

    def retargeted(self, source: Array, frame: int, eyes: bool, lip: bool) -> Array | None:
        delta = np.zeros((21, 3))
        if eyes:
            wanted = self.golden.values[f'inputs/c_eyes_{frame}'][0, 0]
            delta = delta + self.network('eye', source, [*self.eyes, wanted])
        if lip:
            wanted = self.golden.values[f'inputs/c_lip_{frame}'][0, 0]
            delta = delta + self.network('lip', source, [self.lip, wanted])
        return delta if eyes or lip else None

    def frames(self, mode: str) -> Array:
        """(frames, 21, 3) what goes to the warping network in a golden mode."""
        relative, region = mode.startswith('relative'), mode.split('_')[1]
        if 'image_driven' in mode:
            neutral = self.golden.values['inputs/lip_array'][0] if region != 'eyes' else 0.0
            reference = dataclasses.replace(self.driving[0],
                                            deformations=np.zeros((21, 3)) + neutral)
            return np.array([self._frame(mode, 0, relative_motion.live_portrait_motion(
                self.sources[0], self.driving[0], reference if relative else None, region))])
        if 'source_video' in mode:
            return np.array([self._frame(mode, i, motion, self.sources[i])
                             for i, motion in enumerate(self._on_video(relative, region))])
        reference = self.driving[0] if relative else None
        return np.array([self._frame(mode, i, relative_motion.live_portrait_motion(
            self.sources[0], self.driving[i], reference, region)) for i in range(FRAMES)])

    def _on_video(self, relative: bool, region: str) -> list[Motion]:
        """A moving source: what is transferred is smoothed over the clip."""
        reference = self.driving[0] if relative else None
        moved = [relative_motion.live_portrait_motion(source, driving, reference, 'all')
                 for source, driving in zip(self.sources, self.driving, strict=True)]
        if not relative:
            moved = [dataclasses.replace(m, deformations=d.deformations)
                     for m, d in zip(moved, self.driving, strict=True)]
        rotations = relative_motion.kalman_smooth([m.rotation for m in moved])
        deformations = relative_motion.kalman_smooth([m.deformations for m in moved])
        smoothed = [dataclasses.replace(m, rotation=r, deformations=d) for m, r, d in
                    zip(self.driving, rotations, deformations, strict=True)]
        if relative:  # the source goes on moving as it does
            smoothed = [dataclasses.replace(m, translation=s.translation)
                        for m, s in zip(smoothed, self.sources, strict=True)]
        return [relative_motion.live_portrait_motion(source, motion, None, region)
                for source, motion in zip(self.sources, smoothed, strict=True)]

    def _frame(self, mode: str, index: int, motion: Motion, origin: Motion | None = None) -> Array:
        source = self.keypoints(origin or self.sources[0])
        factor = re.search(r'multiplier([\d.]+)', mode)
        normalised: Array | float = 0.0
        if 'normalize_lip' in mode and self.lip >= LIP_OPEN_FROM:
            normalised = self.network('lip', source, [self.lip, CLOSED])
        if 'source_video_eye' in mode:
            wanted = float(np.mean(self.eyes))
            wanted = EYES_OPEN if wanted < EYES_SHUT_BELOW else wanted
            normalised = self.network('eye', source, [*self.eyes, wanted])
        return relative_motion.final_keypoints(
            source, self.keypoints(motion), relative=mode.startswith('relative'),
            retargeted=self.retargeted(source, index, 'eye_' in mode and 'source_video' not in mode,
                                       'lip_retargeting' in mode),
            normalised=normalised, stitch=None if 'no_stitching' in mode else self.stitch,
            multiplier=float(factor.group(1)) if factor else 1.0)


@pytest.fixture(scope='module')
def modes() -> Modes:
    return Modes()


def test_golden_motion_modes(modes: Modes) -> None:
    golden = modes.golden
    for name in [n for n in golden.entries if n.startswith('modes/')]:
        golden.check(name, modes.frames(name.removeprefix('modes/')))
    jitter = [golden.vector(f'syn.smooth_{i}', (1, 21, 3), 0.05)[0].numpy() for i in range(FRAMES)]
    golden.check('smooth/kalman', np.array(relative_motion.kalman_smooth(jitter)))
    assert not golden.unchecked(waived=('inputs/',))
