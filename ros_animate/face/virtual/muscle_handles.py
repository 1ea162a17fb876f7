"""Anatomical tables of the virtual face: muscles as handles on the canonical mesh.

A handle is a vertex with a displacement in centimetres. Only the left half is listed; the right
half is its mirror image.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ros_animate.face import face_mesh

Handles = dict[int, tuple[float, float, float]]

# Lids: upper ring vertices from the outer to the inner corner, and the lower ones below them.
LEFT_LID_UPPER = (466, 388, 387, 386, 385, 384, 398)
LEFT_LID_LOWER = (249, 390, 373, 374, 380, 381, 382)
RIGHT_LID_UPPER = (246, 161, 160, 159, 158, 157, 173)
RIGHT_LID_LOWER = (7, 163, 144, 145, 153, 154, 155)
# Lips: inner ring, the vertices that touch when the mouth is closed, right to left.
LIP_CONTACT_UPPER = (191, 80, 81, 82, 13, 312, 311, 310, 415)
LIP_CONTACT_LOWER = (95, 88, 178, 87, 14, 317, 402, 318, 324)
# Pairs of vertices, above and below, that touch when eyes and mouth close.
CONTACT_ABOVE = np.array([*LIP_CONTACT_UPPER, *LEFT_LID_UPPER, *RIGHT_LID_UPPER])
CONTACT_BELOW = np.array([*LIP_CONTACT_LOWER, *LEFT_LID_LOWER, *RIGHT_LID_LOWER])
MOUTH_CORNERS = (61, 78, 291, 308)
UPPER_LIP = (185, 40, 39, 37, 0, 267, 269, 270, 409, *LIP_CONTACT_UPPER)
LOWER_LIP = (146, 91, 181, 84, 17, 314, 405, 321, 375, *LIP_CONTACT_LOWER)

EYEBALL_RADIUS_CM = 1.22
JAW_HINGE_CM = np.array([0.0, 0.3, -2.2])
JAW_OPEN_DEG = 31.0  # at jaw_open = 1: 4 cm between the lips, as far as a person opens


@dataclass(frozen=True)
class Muscle:
    """A muscle as handles at full contraction (+1) and, where it has an antagonist, at -1.

    Attributes:
        plus: Vertex -> displacement (x, y, z) in cm at +1.
        minus: Vertex -> displacement at -1; None if it is the opposite of `plus`.
        pinned: Vertices that do not move, besides those out of reach.
        reach_cm: Vertices farther than this from every handle do not move.
    """

    plus: Handles
    minus: Handles | None = None
    pinned: tuple[int, ...] = ()
    reach_cm: float = 3.0


def _all(points: tuple[int, ...], *move: float) -> Handles:
    return dict.fromkeys(points, (move[0], move[1], move[2]))


_EYE = face_mesh.LEFT_EYE
_LIPS = (*UPPER_LIP, *LOWER_LIP)

LEFT_MUSCLES: dict[str, Muscle] = {
    'brow_inner_left': Muscle(
        plus={285: (0.0, .80, .05), 336: (0.02, .85, .0), 295: (0.0, .55, .02), 296: (0, .6, 0),
              282: (0, .2, 0), 334: (0, .22, 0)},
        minus={285: (-.34, -.72, .16), 336: (-.38, -.72, .18), 295: (-.24, -.58, .12),
               296: (-.24, -.58, .14), 282: (-.10, -.26, .05), 334: (-.10, -.26, .05)},
        pinned=(*_EYE, *face_mesh.FACE_OVAL), reach_cm=3.0),
    'brow_outer_left': Muscle(
        plus={276: (0, .50, 0), 300: (0, .50, 0), 283: (0, .68, 0), 293: (0, .70, 0),
              282: (0, .55, .02), 334: (0, .6, 0)},
        minus={276: (0, -.42, 0), 300: (0, -.44, 0), 283: (0, -.58, .05), 293: (0, -.60, .05),
               282: (0, -.52, .08), 334: (0, -.54, .08)},
        pinned=(*_EYE, 285, 336, *face_mesh.FACE_OVAL), reach_cm=3.0),
    'cheek_raise_left': Muscle(
        plus={347: (0, .25, .10), 330: (.02, .32, .14), 280: (.05, .32, .16), 346: (0, .25, .12),
              348: (0, .22, .08), 352: (.05, .22, .1)},
        pinned=(*_LIPS, *MOUTH_CORNERS, *_EYE), reach_cm=2.6),
    'lip_corner_raise_left': Muscle(
        plus={291: (.30, 1.0, -.22), 308: (.28, .95, -.20), 409: (.22, .72, -.1),
              375: (.24, .68, -.1), 415: (.2, .66, -.08), 324: (.2, .66, -.08),
              287: (.26, .75, .0), 270: (.10, .34, 0), 321: (.12, .28, 0),
              280: (.1, .28, .12), 425: (.12, .42, .14), 358: (.08, .12, 0)},
        minus={291: (.20, -.80, -.10), 308: (.18, -.75, -.10), 409: (.05, -.56, -.02),
               375: (.05, -.56, -.02), 415: (.04, -.5, -.02), 324: (.04, -.5, -.02),
               270: (0, -.15, 0), 321: (0, -.12, 0)},
        pinned=(0, 13, 14, 17, 37, 267, 84, 314), reach_cm=3.0),
    'lip_corner_stretch_left': Muscle(
        plus={291: (1.05, .0, -.75), 308: (1.0, .0, -.72), 409: (.78, 0, -.46),
              375: (.80, 0, -.46), 415: (.76, 0, -.46), 324: (.78, 0, -.46),
              270: (.50, -.04, -.22), 321: (.52, .04, -.22), 310: (.48, 0, -.22),
              318: (.50, 0, -.22), 0: (0, -.04, -.1), 17: (0, .05, -.1), 425: (.2, .05, -.1),
              287: (.7, 0, -.4)},
        minus={291: (-.98, .0, .50), 308: (-.90, .0, .52), 409: (-.68, .05, .50),
               375: (-.68, -.05, .50), 415: (-.60, .0, .50), 324: (-.60, 0, .50),
               270: (-.40, .08, .46), 321: (-.40, -.08, .46), 310: (-.35, 0, .46),
               318: (-.35, 0, .46), 0: (0, .06, .3), 17: (0, -.06, .3), 13: (0, 0, .32),
               14: (0, 0, .32), 425: (-.14, -.05, .1), 358: (-.1, -.04, 0)},
        pinned=(61, 78), reach_cm=2.8),
    'lip_top_raise_left': Muscle(
        plus={270: (.05, .95, .0), 310: (.05, .93, .0), 269: (.04, .88, .02),
              311: (.04, .86, .02), 409: (.08, .60, .0), 415: (.08, .55, .0),
              426: (.10, .45, .04), 425: (.16, .36, .10), 358: (.18, .42, .06),
              279: (.20, .42, .02), 294: (.16, .36, .0), 327: (.12, .3, 0), 280: (.1, .22, .08),
              267: (0, .45, .02), 312: (0, .42, .02)},
        minus={270: (0, -.26, 0), 310: (0, -.28, 0), 269: (0, -.21, 0), 311: (0, -.22, 0),
               409: (0, -.13, 0), 415: (0, -.13, 0)},
        pinned=(61, 78, *LOWER_LIP, 0, 13, 37, 82), reach_cm=2.0),
    'lip_bottom_depress_left': Muscle(
        plus={321: (.06, -.80, 0), 318: (.05, -.78, 0), 405: (.04, -.70, 0), 402: (.04, -.68, 0),
              375: (.05, -.42, 0), 324: (.05, -.4, 0), 314: (0, -.35, 0), 317: (0, -.33, 0)},
        minus={321: (0, .42, .03), 318: (0, .42, .03), 405: (0, .34, .03), 402: (0, .34, .03),
               375: (0, .2, 0), 324: (0, .2, 0)},
        pinned=(*MOUTH_CORNERS, *UPPER_LIP, 14, 17, 84, 87), reach_cm=2.0),
}

MIDDLE_MUSCLES: dict[str, Muscle] = {
    'lip_top_raise_middle': Muscle(
        plus={0: (0, .80, .05), 13: (0, .80, .05), 37: (0, .66, .04), 267: (0, .66, .04),
              82: (0, .64, .04), 312: (0, .64, .04), 39: (0, .35, .02), 269: (0, .35, .02),
              81: (0, .33, .02), 311: (0, .33, .02), 2: (0, .15, 0)},
        minus={0: (0, -.24, .0), 13: (0, -.26, .0), 37: (0, -.2, 0), 267: (0, -.2, 0),
               82: (0, -.2, 0), 312: (0, -.2, 0)},
        pinned=(*MOUTH_CORNERS, *LOWER_LIP, 270, 40, 310, 80, 2), reach_cm=1.8),
    'lip_bottom_depress_middle': Muscle(
        plus={17: (0, -.70, 0), 14: (0, -.70, 0), 84: (0, -.58, 0), 314: (0, -.58, 0),
              87: (0, -.57, 0), 317: (0, -.57, 0), 405: (0, -.3, 0), 181: (0, -.3, 0),
              402: (0, -.28, 0), 178: (0, -.28, 0)},
        minus={17: (0, .45, .04), 14: (0, .45, .04), 84: (0, .37, .03), 314: (0, .37, .03),
               87: (0, .36, .03), 317: (0, .36, .03)},
        pinned=(*MOUTH_CORNERS, *UPPER_LIP, 321, 91, 318, 88), reach_cm=2.0),
    'lip_top_curl': Muscle(
        plus={**_all((0, 37, 267), 0, .18, .30), **_all((39, 269), 0, .14, .26),
              **_all((40, 270), 0, .08, .15), **_all((13, 82, 312), 0, .12, .30),
              **_all((81, 311), 0, .1, .25), **_all((80, 310), 0, .05, .12)},
        minus={**_all((0, 37, 267), 0, -.34, -.16), **_all((39, 269), 0, -.32, -.15),
               **_all((40, 270), 0, -.22, -.1), **_all((185, 409), 0, -.1, -.05),
               **_all((13, 82, 312), 0, -.06, -.40), **_all((81, 311), 0, -.05, -.36),
               **_all((80, 310), 0, -.03, -.25)},
        pinned=(*MOUTH_CORNERS, *LOWER_LIP, 2), reach_cm=1.8),
    'lip_bottom_curl': Muscle(
        plus={**_all((17, 84, 314), 0, -.16, .32), **_all((181, 405), 0, -.12, .27),
              **_all((91, 321), 0, -.07, .15), **_all((14, 87, 317), 0, -.13, .32),
              **_all((178, 402), 0, -.1, .26), **_all((88, 318), 0, -.05, .12)},
        minus={**_all((17, 84, 314), 0, .34, -.16), **_all((181, 405), 0, .31, -.15),
               **_all((91, 321), 0, .2, -.1), **_all((146, 375), 0, .1, -.05),
               **_all((14, 87, 317), 0, .08, -.40), **_all((178, 402), 0, .07, -.36),
               **_all((88, 318), 0, .04, -.25)},
        pinned=(*MOUTH_CORNERS, *UPPER_LIP), reach_cm=1.9),
    'nose_wrinkle': Muscle(
        plus={**_all((278, 294, 327), .10, .34, .04), **_all((48, 64, 98), -.10, .34, .04),
              **_all((358,), .08, .38, .1), **_all((129,), -.08, .38, .1),
              **_all((0, 37, 267), 0, .16, .04), **_all((270, 40), 0, .2, .03),
              **_all((285, 336), -.16, -.24, .1), **_all((55, 107), .16, -.24, .1),
              **_all((413, 464), -.02, -.05, .1), **_all((189, 244), .02, -.05, .1)},
        pinned=(*MOUTH_CORNERS, *LOWER_LIP, *face_mesh.LEFT_EYE, *face_mesh.RIGHT_EYE),
        reach_cm=2.2),
}

# Displacements from the canonical face, which appears drowsy and a little surprised, to a face at
# rest.
AWAKE: Handles = {
    **dict.fromkeys((388, 384), (0, .13, .02)), **dict.fromkeys((387, 386, 385), (0, .17, .03)),
    **dict.fromkeys((466, 398), (0, .06, .0)), **dict.fromkeys((373, 374, 380), (0, -.06, 0)),
    **dict.fromkeys((285, 295, 336, 296), (0, -.30, .04)),
    **dict.fromkeys((282, 283, 334, 293), (0, -.28, .03)),
    **dict.fromkeys((276, 300), (0, -.20, 0)),
}

# Share of the jaw's motion that each vertex follows.
JAW_SHARE: dict[int, float] = {
    **dict.fromkeys((152, 148, 377, 175, 199, 200, 18, 83, 313, *LOWER_LIP[:9]), 1.0),
    **dict.fromkeys(LIP_CONTACT_LOWER, 1.0), **dict.fromkeys((146, 375, 95, 324), .75),
    **dict.fromkeys((176, 400, 149, 378), .97), **dict.fromkeys((150, 379), .9),
    **dict.fromkeys((136, 365), .8), **dict.fromkeys((172, 397), .62),
    **dict.fromkeys((58, 288), .35), **dict.fromkeys((132, 361), .12),
    **dict.fromkeys((61, 78, 291, 308), .42), **dict.fromkeys((185, 409, 191, 415), .16),
    **dict.fromkeys(UPPER_LIP[1:8], .0), **dict.fromkeys((80, 81, 82, 13, 312, 311, 310), .0),
}
