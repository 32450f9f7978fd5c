#!/bin/sh
# Fits a wave of nine periods by a clockwork and by an LSTM of equal size, once for each seed: run.sh [FOLDER [SEED...]]
# EPOCHS is how often each sees the wave.
set -eu
here=$(dirname "$0") out=${1:-out} epochs=${EPOCHS:-2000}
test $# -eq 0 || shift
. "$here/../figures.sh"
test $# -gt 0 || set -- 1 2 3 4 5
mkdir -p "$out"
python3 "$here/data.py" "$out"

# fit MODEL RATE: trains, and leaves what the trained model does in MODEL.SEED.txt
fit() {
  rondo train "$here/generation.rondo" --model "$1" --data "$out/wave.csv" --seed "$seed" --epochs "$epochs" --lr "$2" \
    --schedule cosine --clip 1 -o "$out/$1.$seed" > "$out/$1.$seed.log"
  rondo run "$here/generation.rondo" --model "$1" --params "$out/$1.$seed/model.safetensors" --data "$out/wave.csv" \
    --plot wave,y="$out/$1.svg" > "$out/$1.$seed.txt"
}
for seed; do
  fit clockwork 0.01
  fit plain_lstm 0.001
  clockwork=$(mean error "$out/clockwork.$seed.txt")
  lstm=$(mean error "$out/plain_lstm.$seed.txt")
  figure "seed $seed, mean squared error, clockwork $clockwork, LSTM $lstm, quotient" \
    "$(awk "BEGIN { print $lstm / $clockwork }")" '>=' 5
done
