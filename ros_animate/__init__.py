"""A robot's face imitates a human's: camera, motion, animation, policy, smoothing, hardware."""
import pkgutil

# The generated messages (`ros_animate.msg`) live in another folder of the same package.
__path__ = pkgutil.extend_path(__path__, __name__)
