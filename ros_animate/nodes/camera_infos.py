"""Messages of a camera's calibration, one for each of its images."""
from __future__ import annotations

import array
import os
import pathlib
from urllib.parse import unquote, urlsplit

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from rclpy.impl.rcutils_logger import RcutilsLogger
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from ros_animate.camera.calibration import Calibration, CalibrationError, read_calibration
from ros_animate.errors import shown


class CameraInfos:
    """Makes camera_info messages from a calibration file.

    Args:
        url: file:///PATH, package://PACKAGE/PATH or a plain path, as camera drivers take it; '' for
            a camera that is not calibrated, whose matrices are zero.
        logger: Told about images of another size than the calibration's.

    Raises:
        CalibrationError: There is no such file, or it is no calibration.
    """

    def __init__(self, url: str, logger: RcutilsLogger) -> None:
        self._calibration = read_calibration(calibration_path(url)) if url else None
        self._logger = logger

    def message(self, header: Header, width: int, height: int) -> CameraInfo:
        """The message for an image of this size."""
        info = CameraInfo(header=header, height=height, width=width)
        calibration = self._calibration
        if calibration is None:
            return info
        if (calibration.width, calibration.height) != (width, height):
            self._logger.warning(
                f'camera_info_url holds a calibration for {calibration.width}x'
                f'{calibration.height}, the images have {width}x{height}: camera_info is left '
                'uncalibrated', once=True)
            return info
        return _filled(info, calibration)


def calibration_path(url: str) -> pathlib.Path:
    """The path that a camera_info_url means; raises CalibrationError."""
    expanded = url.replace('${ROS_HOME}', os.environ.get('ROS_HOME') or '~/.ros')
    parts = urlsplit(expanded)
    if parts.scheme == 'package':
        try:
            share = get_package_share_directory(parts.netloc)
        except (PackageNotFoundError, OSError, ValueError) as error:
            raise CalibrationError(f'camera_info_url: no package {shown(parts.netloc)} is '
                                   f'installed ({shown(url)})') from error
        return pathlib.Path(share, unquote(parts.path).lstrip('/'))
    if parts.scheme not in ('', 'file') or (parts.scheme == 'file' and parts.netloc not in (
            '', '~')):
        raise CalibrationError(f'camera_info_url: {shown(url)} is none of file:///PATH, '
                               'package://PACKAGE/PATH and a plain path')
    path = parts.netloc + unquote(parts.path) if parts.scheme else expanded
    return pathlib.Path(path).expanduser()


def _filled(info: CameraInfo, calibration: Calibration) -> CameraInfo:
    info.distortion_model = calibration.distortion_model
    info.d = array.array('d', calibration.distortion)
    info.k, info.r, info.p = (calibration.camera_matrix, calibration.rectification,
                              calibration.projection)
    return info
