#!/usr/bin/env python3
"""Several people: how often an identity is lost or swapped, and what each face costs.

    .venv/bin/python benchmarks/people.py [--scenes 30] [--fps 30] [--json FILE]

Two rendered people with random looks, distances and speeds change places, or meet and turn back.
A scene is right if both have at the end the identities that they had at the start, and no other
was given. The cost of a frame is processor time: until the followed face is known, and of all, for
one to four people who stand still; and of their topics of REP-155 with a subscriber of each, where
hri_msgs is installed.
"""
from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np

from ros_animate.evaluation.people_scenes import (
    Place,
    id_at,
    meeting,
    people_image,
    random_meeting,
)
from ros_animate.motion.base import Extractor
from ros_animate.outputs.machine import machine
from ros_animate.plugins import load
from ros_animate.types import Frame

FRAMES = 60
HRI_DOMAIN = 92


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--scenes', type=int, default=30)
    parser.add_argument('--fps', type=float, default=30.0)
    parser.add_argument('--json', help='also write the figures to this file')
    args, _ = parser.parse_known_args()
    print(machine())
    extractor: Extractor = load('motion', 'mediapipe')
    figures: dict[str, Any] = {'scenes': scenes(extractor, args.scenes, args.fps)}
    figures['faces'] = {count: cost(extractor, count) for count in range(1, 5)}
    figures['hri_ms_a_face'] = hri_cost(extractor)
    extractor.close()
    if args.json:
        with open(args.json, 'w', encoding='utf-8') as file:
            json.dump(figures, file, indent=1)
    return 0


def scenes(extractor: Extractor, count: int, fps: float) -> dict[str, int]:
    """Counts of scenes, and of those in which an identity went wrong."""
    wrong = 0
    for seed in range(count):
        one, other, duration_s, swing = random_meeting(seed)
        ends, every = [], set()
        extractor.reset()
        for time_s, places in meeting(one, other, duration_s, fps, swing):
            extractor.extract(Frame(people_image(places, time_s), time_s))
            faces = extractor.faces()
            every |= {face.face_id for face in faces}
            ends.append([id_at(faces, place.x) for place in places])
        is_right = None not in ends[3] and ends[3] == ends[-1] and len(every) == 2
        wrong += not is_right
        if not is_right:
            print(f'  scene {seed}: {ends[3]} became {ends[-1]}, {len(every)} identities')
    print(f'{count} scenes, {wrong} with an identity lost or swapped')
    return {'count': count, 'wrong': wrong}


def cost(extractor: Extractor, count: int) -> dict[str, float]:
    """Milliseconds of processor time a frame: of the followed face, and of all faces."""
    places = [Place(k, 320 + 150 * (k - (count - 1) / 2), 80) for k in range(count)]
    images = [people_image(places, k / 30) for k in range(FRAMES)]
    extractor.reset()
    first, both = [], []
    for k, image in enumerate(images):
        start_s = time.process_time()
        extractor.extract(Frame(image, k / 30))
        first.append(time.process_time() - start_s)
        extractor.complete()
        both.append(time.process_time() - start_s)
    figures = {'followed_ms': 1e3 * float(np.median(first[10:])),
               'all_ms': 1e3 * float(np.median(both[10:]))}
    print(f'{count} in sight ({len(extractor.faces())} tracked): followed after '
          f'{figures["followed_ms"]:.1f} ms, all after {figures["all_ms"]:.1f} ms')
    return figures


def hri_cost(extractor: Extractor) -> float | None:
    """Milliseconds of processor time for all topics of one face; None without hri_msgs."""
    try:
        import rclpy
        from std_msgs.msg import Header

        from ros_animate.nodes.hri_faces import HriFaces
        rclpy.init(args=[], domain_id=HRI_DOMAIN)
        node = rclpy.create_node('people_benchmark')
        faces = HriFaces(node, 128)
    except ImportError as error:
        print(f'topics of REP-155: not measured ({error})')
        return None
    image = people_image([Place(2, 320, 60)])
    extractor.reset()
    motion = extractor.extract(Frame(image, 0.0))
    assert motion is not None
    faces.publish([motion], image, Header())
    for name, kind in node.get_topic_names_and_types():
        if name.startswith('/humans/faces/f'):
            node.create_subscription(_class(kind[0]), name, lambda _: None, 1)
    time.sleep(2.0)  # they find each other
    seconds = []
    for _ in range(FRAMES):
        start_s = time.process_time()
        faces.publish([motion], image, Header())
        seconds.append(time.process_time() - start_s)
    result = 1e3 * float(np.median(seconds))
    print(f'topics of REP-155: {result:.2f} ms a face, all subscribed to')
    node.destroy_node()
    rclpy.shutdown()
    return result


def _class(type_name: str) -> Any:
    from ros_animate.nodes.topics import message_class
    return message_class(type_name)


if __name__ == '__main__':
    raise SystemExit(main())
