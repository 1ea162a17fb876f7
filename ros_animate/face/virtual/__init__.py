"""A rendered 3-D face for the mock robot, the preview and the demo person."""
from ros_animate.face.virtual.appearance import HUMAN, Appearance
from ros_animate.face.virtual.face import VirtualFace
from ros_animate.face.virtual.muscles import MUSCLES
from ros_animate.face.virtual.raster import Camera

__all__ = ['HUMAN', 'MUSCLES', 'Appearance', 'Camera', 'VirtualFace']
