"""A 3-D face for those who have no robot: the mock robot, the preview and the demo person."""
from ros_animate.face.virtual.appearance import HUMAN, Appearance
from ros_animate.face.virtual.face import MUSCLES, VirtualFace
from ros_animate.face.virtual.raster import Camera

__all__ = ['HUMAN', 'MUSCLES', 'Appearance', 'Camera', 'VirtualFace']
