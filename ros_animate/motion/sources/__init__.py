"""Motion plug-ins that need no camera, one a file: phones, other programs, recorded takes."""
