"""The `bjob` command of the Python package: replaces this process by Node.js with bjob's program."""

import os
import sys

_RUNTIME = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bjob", "runtime")


def main():
    program = os.path.join(_RUNTIME, "lib", "bjob", "bin", "bjob.js")
    own = os.path.join(_RUNTIME, "libexec", "node")
    node = own if os.path.exists(own) else _find_node()
    if node is None:
        return _stop(
            "bjob needs Node.js 20.19 or newer, and the PATH has no node: install bjob's wheel for this platform, "
            "which brings one, look for one with `module avail node`, or get one from https://nodejs.org/en/download",
            2,
        )
    if not os.path.exists(program):
        return _stop("bjob: the installation is damaged: {} is missing; reinstall the wheel".format(program), 3)
    if node == own:
        # Jobs find this Node.js where the PATH has no other.
        os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH") or os.defpath, os.path.dirname(own)])
    try:
        os.execv(node, [node, program] + sys.argv[1:])
    except OSError as error:
        return _stop("bjob: {} does not start: {}".format(node, error.strerror), 3)


def _find_node():
    files = (os.path.join(folder, "node") for folder in os.get_exec_path())
    return next((file for file in files if os.path.isfile(file) and os.access(file, os.X_OK)), None)


def _stop(line, status):
    sys.stderr.write(line + "\n")
    return status
