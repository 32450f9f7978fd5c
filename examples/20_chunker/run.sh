#!/bin/sh
# Trains the chunker in two phases, and a single network for as long, once for each seed: run.sh [FOLDER [SEED...]]
set -eu
here=$(dirname "$0") out=${1:-out}
test $# -eq 0 || shift
. "$here/../figures.sh"
test $# -gt 0 || set -- 1 2 3 4 5 6 7 8 9 10
mkdir -p "$out"
python3 "$here/data.py" "$out"

# phase MODEL NAME OPTION...
phase() {
  model=$1 name=$2
  shift 2
  rondo train "$here/chunker.rondo" --model "$model" --data "$out/train.csv" --seed "$seed" --lr 0.01 --clip 1 "$@" \
    -o "$out/$name.$seed" > "$out/$name.$seed.log"
  rondo run "$here/chunker.rondo" --model "$model" --params "$out/$name.$seed/model.safetensors" --data "$out/test.csv" \
    > "$out/$name.$seed.txt"
}
for seed; do
  # The predictor first; then, with what it has become, what sees only its surprises.
  phase chunker predictor --epochs 20 --train predictor,low_embed,guess
  phase chunker chunker --epochs 10 --freeze predictor,low_embed,guess \
    --params "$out/predictor.$seed/model.safetensors"
  phase single single --epochs 30
  figure "seed $seed, chunker, share of blocks right" "$(mean right "$out/chunker.$seed.txt")" '>=' 0.99
  figure "seed $seed, chunker, events a block" "$(mean events "$out/chunker.$seed.txt")" '<' 1.1
  figure "seed $seed, single network, share of blocks right" "$(mean right "$out/single.$seed.txt")" '<' 0.6
done
