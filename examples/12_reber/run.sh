#!/bin/sh
# Trains an LSTM on strings, and tries it on these and on others; once for each seed: run.sh [FOLDER [SEED...]]
set -eu
here=$(dirname "$0") out=${1:-build}
test $# -eq 0 || shift
. "$here/../figures.sh"
test $# -gt 0 || set -- 1 2 3 4 5 6 7 8 9 10

solved=0
for seed; do
  data="$out/data.$seed" run="$out/run.$seed"
  rm -rf "$run" # of an earlier run
  mkdir -p "$data"
  python3 "$here/data.py" "$data" "$seed"
  rondo train "$here/reber.rondo" --data text="$data/train.text.csv" --data allowed="$data/train.allowed.csv" \
    --seed "$seed" --batch 8 --epochs 30 --lr 0.02 --schedule cosine --clip 1 -o "$run" > "$out/train.$seed.txt"
  # The strings of both files are the samples of one run.
  rondo run "$here/reber.rondo" --params "$run/model.safetensors" \
    --input text="$data/train.text.csv" --input allowed="$data/train.allowed.csv" \
    --input text="$data/test.text.csv" --input allowed="$data/test.allowed.csv" > "$run/result.txt"
  right=$(mean right "$run/result.txt")
  echo "seed $seed: share of strings right $right"
  test "$right" != 1 || solved=$((solved + 1))
done
figure "seeds solved of $#" "$solved" '==' $#
