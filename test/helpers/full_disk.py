"""A stand-in for a full disk: no file of this process grows beyond a size."""
import contextlib
import resource
import sys


@contextlib.contextmanager
def file_size_limit(size):
    before, bytecode = resource.getrlimit(resource.RLIMIT_FSIZE), sys.dont_write_bytecode
    sys.dont_write_bytecode = True  # Python leaves the cut byte code of an import for everybody
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        sys.dont_write_bytecode = bytecode
