#!/bin/sh
# Fits a wave by a clockwork and by a plain recurrent network, once for each seed: run.sh [FOLDER [SEED...]]
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
  compare "$here/wave.rondo" plain "plain network" 1.7 "$seed"
done
rondo run "$here/wave.rondo" --model clockwork --params "$out/clockwork.$seed/model.safetensors" \
  --data "$out/wave.csv" --timeline="$out/timeline.svg" > "$out/timeline.txt"
