"""A small software rasteriser: textured, shaded triangles drawn with OpenCV and NumPy.

Back faces are culled; the others are painted from far to near into an index map of triangles
(painter's algorithm). Texture coordinates and shading are interpolated affinely in screen space
within each triangle and evaluated for all pixels at once.
"""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.types import Array, Image

SUBPIXEL_BITS = 4
THIN_PX = 2.0


@dataclass(frozen=True)
class Camera:
    """A pinhole camera on the z axis that looks at the origin.

    Attributes:
        size: (width, height) in pixels.
        view_cm: Height of the view at the origin.
        distance_cm: Distance from the origin.
        centre_cm: (x, y) in head axes of the point in the middle of the image.
    """

    size: tuple[int, int] = (384, 384)
    view_cm: float = 27.0
    distance_cm: float = 70.0
    centre_cm: tuple[float, float] = (0.0, 0.0)

    def project(self, points: Array) -> tuple[Array, Array]:
        """(…, 3) cm, y up -> pixels (…, 2), y down, and distance from the camera (…)."""
        depth = self.distance_cm - points[..., 2]
        scale = self.size[1] / self.view_cm * self.distance_cm / depth
        x = self.size[0] / 2 + (points[..., 0] - self.centre_cm[0]) * scale
        y = self.size[1] / 2 - (points[..., 1] - self.centre_cm[1]) * scale
        return np.stack([x, y], -1), depth


def fixed_point(points: Array) -> np.ndarray:
    """OpenCV's fixed-point coordinates of pixels (pixel centres at whole numbers)."""
    return np.round((points - 0.5) * (1 << SUBPIXEL_BITS)).astype(np.int32)


def normals(vertices: Array, triangles: np.ndarray, incidence: np.ndarray) -> Array:
    """Unit vertex normals (V, 3); `incidence` (V, n) lists each vertex's triangles, padded by T."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    face = np.zeros((len(triangles) + 1, 3))
    face[:-1] = np.cross(b - a, c - a)
    smooth = face[incidence].sum(1)
    return smooth / np.maximum(np.linalg.norm(smooth, axis=1, keepdims=True), 1e-9)


def incidence(triangles: np.ndarray, count: int) -> np.ndarray:
    """(count, n) indices of the triangles around each vertex, padded with len(triangles)."""
    rows: list[list[int]] = [[] for _ in range(count)]
    for number, triangle in enumerate(triangles):
        for vertex in triangle:
            rows[vertex].append(number)
    table = np.full((count, max(map(len, rows))), len(triangles))
    for vertex, row in enumerate(rows):
        table[vertex, :len(row)] = row
    return table


def draw(image: Image, pixels: Array, depth: Array, triangles: np.ndarray, layer: np.ndarray,
         holes: list[Array], attributes: Array, texture: Image) -> None:
    """Rasterises the triangles over `image`, in place.

    Args:
        image: (H, W, 3) uint8.
        pixels: (V, 2) projected vertices.
        depth: (V,) distance from the camera.
        triangles: (T, 3), counter-clockwise seen from outside.
        layer: (T,) drawing order of the layers; far to near within a layer.
        holes: Polygons in pixels that only the last layer covers; elsewhere `image` stays visible.
        attributes: (V, 3): texture x, y in pixels; shading, a factor >= 0 of the texture.
        texture: (h, w, 3) uint8.
    """
    corners = pixels[triangles]
    ab, ac = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    front = np.flatnonzero(area < -1e-3)
    order = front[np.lexsort((-depth[triangles[front]].mean(1), layer[front]))]
    numbers = np.zeros(image.shape[:2], np.int32)
    behind = int((layer[order] < layer.max()).sum())
    polygons = list(zip((order + 1).tolist(), fixed_point(corners[order]), strict=True))
    for number, triangle in polygons[:behind]:
        cv2.fillConvexPoly(numbers, triangle, number, cv2.LINE_8, SUBPIXEL_BITS)
    for hole in holes:
        cv2.fillPoly(numbers, [fixed_point(hole)], 0, cv2.LINE_8, SUBPIXEL_BITS)
    for number, triangle in polygons[behind:]:
        cv2.fillConvexPoly(numbers, triangle, number, cv2.LINE_8, SUBPIXEL_BITS)
    covered = numbers > 0
    x, y, w, h = cv2.boundingRect(covered.view(np.uint8))
    if w == 0:
        return
    window = (slice(y, y + h), slice(x, x + w))
    planes = _planes(corners, ab, ac, area, attributes[triangles])
    values = _evaluate(planes, numbers[window], x, y)
    colour = cv2.remap(texture, values[0], values[1], cv2.INTER_LINEAR)
    shaded = cv2.multiply(colour, cv2.merge([values[2]] * 3), dtype=cv2.CV_32F)
    painted = cv2.convertScaleAbs(shaded)
    _blend_edge(painted, image[window], covered[window])
    cv2.copyTo(painted, covered[window].view(np.uint8), image[window])


def _blend_edge(painted: Image, behind: Image, covered: np.ndarray) -> None:
    """Antialiases the silhouette, in place."""
    share = cv2.blur(covered.astype(np.float32), (3, 3))
    edge = covered & (share < 0.99)
    weight = share[edge][:, None]
    painted[edge] = weight * painted[edge] + (1 - weight) * behind[edge]


def _planes(corners: Array, ab: Array, ac: Array, area: Array, values: Array) -> Array:
    """(3, A, T + 1) float32: plane equations (slopes in x and y, offset) of the attributes."""
    safe = np.where(np.abs(area) < 1e-6, 1.0, area)[:, None]
    dv1, dv2 = values[:, 1] - values[:, 0], values[:, 2] - values[:, 0]
    slope_x = (dv1 * ac[:, 1:] - dv2 * ab[:, 1:]) / safe
    slope_y = (dv2 * ab[:, :1] - dv1 * ac[:, :1]) / safe
    # A triangle seen edge-on is thinner than the pixels that it touches: one value for all of it.
    longest = np.sqrt(np.maximum((ab ** 2).sum(1), (ac ** 2).sum(1)))
    thin = np.abs(area) < THIN_PX * longest
    slope_x[thin] = slope_y[thin] = 0
    start = np.where(thin[:, None], values.mean(1), values[:, 0])
    offset = start - slope_x * corners[:, 0, :1] - slope_y * corners[:, 0, 1:]
    planes = np.zeros((3, values.shape[2], len(corners) + 1), np.float32)
    planes[..., 1:] = np.stack([slope_x.T, slope_y.T, offset.T])
    return planes


def _evaluate(planes: Array, numbers: np.ndarray, left: int, top: int) -> list[Array]:
    """The attributes at every pixel, (h, w) float32 each."""
    h, w = numbers.shape
    numbers = numbers.astype(np.intp)
    xs = (np.arange(w, dtype=np.float32) + left + .5)[None]
    ys = (np.arange(h, dtype=np.float32) + top + .5)[:, None]
    rasters = []
    for slope_x, slope_y, offset in planes.transpose(1, 0, 2):
        value = slope_x.take(numbers)
        value *= xs
        part = slope_y.take(numbers)
        part *= ys
        value += part
        value += offset.take(numbers)
        rasters.append(value)
    return rasters
