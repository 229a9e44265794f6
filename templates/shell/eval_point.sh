#!/bin/sh
# The worker: evaluates the point that is its argument. Put your model here.
set -eu
awk -v x="$1" 'BEGIN { printf "%.6f\n", (x - 3) * (x - 3) }' > result.dat.new
# Renamed when it is whole: whoever reads result.dat never sees half of it.
mv result.dat.new result.dat
