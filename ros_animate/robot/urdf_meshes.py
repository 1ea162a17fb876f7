"""Meshes of the virtual face as files: OBJ with materials and the painted texture."""
from __future__ import annotations

import pathlib
from dataclasses import dataclass, field

import numpy as np

from ros_animate.face.virtual import anatomy, body, raster
from ros_animate.face.virtual.appearance import TEXTURE_PX, paint
from ros_animate.face.virtual.face import VirtualFace
from ros_animate.face.virtual.features import IRIS_RADIUS_CM
from ros_animate.face.virtual.muscle_handles import EYEBALL_RADIUS_CM, JAW_HINGE_CM
from ros_animate.face.virtual.muscles import MUSCLES
from ros_animate.files import naming_write_errors, write_atomically
from ros_animate.images import write_image
from ros_animate.robot.face_map import FaceMap
from ros_animate.robot.spec import RobotSpec
from ros_animate.robot.urdf import EYE_AXES, HEAD_AXES, JAW_AXES, NECK_AXES, Urdf, rep103
from ros_animate.types import Array

TEXTURE = 'texture.png'
MATERIALS = 'materials.mtl'
# Triangles of the skin, and of the neck, belong to the part that moves more than half of them.
HALF = 0.5
PUPIL_RADIUS_CM = 0.25
_RIGID = {axis.muscle for axes in (NECK_AXES, HEAD_AXES, JAW_AXES, EYE_AXES) for axis in axes}


@dataclass
class Mesh:
    """A mesh of a link.

    Attributes:
        vertices: (V, 3) cm in the axes of the face, about the link's origin.
        uv: (V, 2) texture coordinates in [0, 1], y up.
        faces: Triangles (T, 3) by name of the material.
    """

    vertices: Array
    uv: Array
    faces: dict[str, np.ndarray] = field(default_factory=dict)

    def add(self, vertices: Array, triangles: np.ndarray, material: str) -> None:
        """Adds triangles without a texture."""
        self.faces[material] = triangles + len(self.vertices)
        self.vertices = np.concatenate([self.vertices, vertices])
        self.uv = np.concatenate([self.uv, np.zeros((len(vertices), 2))])

    def text(self) -> str:
        """The mesh as Wavefront OBJ, in metres and REP-103."""
        triangles = np.concatenate(list(self.faces.values()))
        normals = raster.normals(self.vertices, triangles,
                                 raster.incidence(triangles, len(self.vertices)))
        lines = [f'mtllib {MATERIALS}']
        for kind, rows in (('v', rep103(self.vertices)), ('vt', self.uv),
                           ('vn', 100 * rep103(normals))):
            lines += [f'{kind} ' + ' '.join(f'{x:.6f}' for x in row) for row in rows]
        for material, faces in self.faces.items():
            lines.append(f'usemtl {material}')
            lines += ['f ' + ' '.join(f'{k}/{k}/{k}' for k in face) for face in faces + 1]
        return '\n'.join(lines) + '\n'


def write_description(spec: RobotSpec, folder: pathlib.Path,
                      uri: str | None = None) -> tuple[pathlib.Path, list[str]]:
    """Writes URDF and meshes of a robot.

    Args:
        spec: The robot.
        folder: Folder that exists.
        uri: Place of the meshes in the URDF; None for their folder.

    Returns:
        Path of the URDF, and the controls whose map to a rigid part is bent.

    Raises:
        WriteError: A file cannot be written.
    """
    own = folder.resolve() / 'meshes'
    with naming_write_errors(own):
        own.mkdir(exist_ok=True)
    write_meshes(spec, own)
    urdf = Urdf(spec, (uri or own.as_uri()).rstrip('/'))
    path = folder / f'{spec.name.replace(" ", "_")}.urdf'
    write_atomically(path, urdf.text)
    return path, urdf.bent


def write_meshes(spec: RobotSpec, folder: pathlib.Path) -> None:
    """Writes the meshes of the URDF's links with materials and texture; raises WriteError."""
    appearance = FaceMap(spec).appearance
    texture = paint(appearance)
    for name, mesh in meshes(spec, len(texture)).items():
        write_atomically(folder / f'{name}.obj', mesh.text())
    colours = {'sclera': appearance.sclera, 'iris': appearance.iris, 'pupil': (12, 12, 14),
               'teeth': appearance.teeth}
    write_atomically(folder / MATERIALS, f'newmtl skin\nKd 1 1 1\nmap_Kd {TEXTURE}\n' + ''.join(
        f'newmtl {name}\nKd {" ".join(f"{c / 255:.3f}" for c in colour)}\n'
        for name, colour in colours.items()))
    write_image(folder / TEXTURE, texture)


def meshes(spec: RobotSpec, texture_rows: int) -> dict[str, Mesh]:
    """The meshes by name: the face at the robot's neutral pose, cut at the jaw, and its parts.

    Args:
        spec: The robot.
        texture_rows: Height of the texture in pixels.
    """
    face = VirtualFace(FaceMap(spec).appearance)
    muscles = {name: MUSCLES[name] if name in _RIGID else value
               for name, value in FaceMap(spec).muscles(spec.neutral).items()}
    shape = np.asarray(face.appearance.shape)
    skin, triangles, uv = face.surface(muscles)
    uv = np.column_stack([uv[:, 0] / TEXTURE_PX, 1 - uv[:, 1] / texture_rows])
    head, jaw = _cut_jaw(triangles, len(skin))
    found = {'head': _textured(skin - body.NECK_TOP_CM, uv, head),
             'jaw': _textured(skin - JAW_HINGE_CM * shape, uv, jaw), 'eye': _eye()}
    neck = body.neck()
    moves = neck.head[neck.triangles].mean(1) > 0.1
    neck_uv = np.column_stack([neck.uv[:, 0] / TEXTURE_PX, 1 - neck.uv[:, 1] / texture_rows])
    about_base = neck.vertices - body.NECK_BASE_CM
    found['neck'] = _textured(about_base, neck_uv, neck.triangles[moves])
    found['torso'] = _textured(about_base, neck_uv, neck.triangles[~moves])
    for name, origin, upper in (('head', body.NECK_TOP_CM, True),
                                ('jaw', JAW_HINGE_CM * shape, False)):
        quads = body.tooth_quads(upper) * shape - origin
        first = 4 * np.arange(len(quads))[:, None]
        # The corners run the other way around from root to tip in the two rows.
        both = np.concatenate([first + (0, 1, 2), first + (0, 2, 3)])[:, ::-1 if upper else 1]
        found[name].add(quads.reshape(-1, 3), both, 'teeth')
    return found


def _cut_jaw(triangles: np.ndarray, skin: int) -> tuple[np.ndarray, np.ndarray]:
    """The triangles of the head and those of the jaw; only skin moves with the jaw."""
    share = np.zeros(triangles.max() + 1)
    moved = anatomy.canonical_anatomy().jaw_share
    share[:len(moved)] = moved
    is_jaw = share[triangles].mean(1) > HALF
    return triangles[~is_jaw], triangles[is_jaw]


def _textured(vertices: Array, uv: Array, triangles: np.ndarray) -> Mesh:
    """The triangles with the vertices that they use."""
    used, renumbered = np.unique(triangles, return_inverse=True)
    return Mesh(vertices[used], uv[used], {'skin': renumbered.reshape(-1, 3)})


def _eye() -> Mesh:
    """An eyeball about its centre, which looks forward."""
    limits = [0.0, *(float(np.arcsin(r / EYEBALL_RADIUS_CM))
                     for r in (PUPIL_RADIUS_CM, IRIS_RADIUS_CM)), np.pi]
    mesh, around = Mesh(np.empty((0, 3)), np.empty((0, 2))), 24
    turn = np.linspace(0, 2 * np.pi, around, endpoint=False)
    for material, start, end in zip(('pupil', 'iris', 'sclera'), limits, limits[1:], strict=False):
        angles = np.linspace(start, end, 9 if material == 'sclera' else 3)
        rings = [EYEBALL_RADIUS_CM * np.column_stack([
            np.sin(a) * np.cos(turn), np.sin(a) * np.sin(turn), np.full(around, np.cos(a))])
            for a in angles]
        corner = np.arange(around)
        beside = (corner + 1) % around
        bands = [np.concatenate([
            np.column_stack([corner, corner + around, beside + around]),
            np.column_stack([corner, beside + around, beside])]) + k * around
            for k in range(len(rings) - 1)]
        mesh.add(np.concatenate(rings), np.concatenate(bands), material)
    return mesh
