"""A virtual camera (v4l2loopback), which video calls and OBS open like a real one."""
from __future__ import annotations

from typing import Any

from ros_animate.errors import UserError
from ros_animate.optional_packages import require
from ros_animate.outputs.panels import fit
from ros_animate.types import Image

SIZE = (1280, 720)
FPS = 30.0
REMEDY = ('load its kernel module: sudo modprobe v4l2loopback card_label=ros_animate '
          'exclusive_caps=1 (Debian, Ubuntu: apt install v4l2loopback-dkms)')


class VirtualCamera:
    """The device, open for writing.

    Args:
        device: Path of the device, '' for the first virtual one.

    Raises:
        UserError: There is no such device, or pyvirtualcam is missing.

    Attributes:
        device: Path of the device.
    """

    def __init__(self, device: str = '') -> None:
        require('pyvirtualcam')
        import pyvirtualcam
        try:
            self._camera: Any = pyvirtualcam.Camera(*SIZE, FPS, device=device or None)
        except (RuntimeError, OSError, ValueError) as error:
            raise UserError(f'there is no virtual camera {device}'.rstrip() + f': {REMEDY}'
                            ) from error
        self.device: str = self._camera.device

    def show(self, image: Image) -> None:
        """Shows an (H, W, 3) uint8 RGB image, with margins where its shape differs."""
        self._camera.send(fit(image, SIZE))

    def close(self) -> None:
        """Closes the device; may be called twice."""
        self._camera.close()
