"""Evaluates one point. Replace it by your model.

    python3 eval_point.py task1.dat        reads {"x": {"x1": …, "x2": …}}; writes result.dat: {"loss": …}
"""

import json
import math
import os
import sys


def branin(x1, x2):
    """Branin's function, a test of optimizers: three minima of 0.397887 in x1 from -5 to 10, x2 from 0 to 15."""
    a = x2 - 5.1 * x1**2 / (4 * math.pi**2) + 5 * x1 / math.pi - 6
    return a**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x1) + 10


with open(sys.argv[1]) as file:
    x = json.load(file)["x"]
# Renamed into place, so that no reader sees a partial result.dat.
with open("result.dat.new", "w") as file:
    json.dump({"loss": branin(x["x1"], x["x2"])}, file)
os.rename("result.dat.new", "result.dat")
