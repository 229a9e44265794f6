#!/bin/sh
# Evaluates the point given as its argument. Replace it by your model.
set -eu
awk -v x="$1" 'BEGIN { printf "%.6f\n", (x - 3) * (x - 3) }' > result.dat.new
# Renamed into place, so that no reader sees a partial result.dat.
mv result.dat.new result.dat
