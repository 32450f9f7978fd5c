#!/bin/sh
# Trains a classifier of reviews and shows where it looks in those that it has not seen: run.sh [FOLDER [SEED]]
set -eu
here=$(dirname "$0") out=${1:-out} seed=${2:-1}
. "$here/../figures.sh"
mkdir -p "$out"
python3 "$here/data.py" "$out"
model="$here/documents.rondo"
rondo train "$model" --data "$out/train.tsv" --valid "$out/test.tsv" --seed "$seed" --epochs 6 --lr 0.01 --clip 1 \
  -o "$out/run"
params="$out/run/model.safetensors"
rondo run "$model" --params "$params" --data "$out/test.tsv" --save "$out/test.safetensors" > "$out/test.txt"
grep -m 1 '^mixed.* not ' "$out/test.tsv" > "$out/one.tsv"
rondo run "$model" --params "$params" --data "$out/one.tsv" --heatmap "$out/attention.svg" > "$out/one.txt"

looked=$(PYTHONDONTWRITEBYTECODE=1 python3 "$here/looked.py" "$out/test.tsv" "$out/test.safetensors")
figure "share of reviews right" "$(mean right "$out/test.txt")" '>=' 0.98
figure "most weight on a sentence with an opinion" "${looked% *}" '>=' 0.95
figure "and in it on a word of the verdict" "${looked#* }" '>=' 0.95
