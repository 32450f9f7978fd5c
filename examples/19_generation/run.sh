#!/bin/sh
# Fits a wave of nine periods by a clockwork and by an LSTM of equal size, once for each seed: run.sh [FOLDER [SEED...]]
# EPOCHS is how often each sees the wave.
set -eu
here=$(dirname "$0") out=${1:-out}
test $# -eq 0 || shift
. "$here/../figures.sh"
. "$here/../waves.sh"
test $# -gt 0 || set -- 1 2 3 4 5
mkdir -p "$out"
python3 "$here/data.py" "$out"

for seed; do
  compare "$here/generation.rondo" plain_lstm LSTM 5 "$seed"
done
