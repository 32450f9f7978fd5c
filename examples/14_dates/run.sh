#!/bin/sh
# Trains a translation of dates, counts those that it gets right, and draws where it looks: run.sh [FOLDER]
set -eu
here=$(dirname "$0") out=${1:-build}
. "$here/../figures.sh"
mkdir -p "$out"
python3 "$here/data.py" "$out"

rondo train "$here/dates.rondo" --data written="$out/train.written.txt" --data iso="$out/train.iso.txt" --split lines \
  --batch 32 --epochs 4 --lr 0.005 --schedule cosine --clip 1 -o "$out/dates"
rondo run "$here/dates.rondo" --trained "$out/dates" \
  --data written="$out/test.written.txt" --data iso="$out/test.iso.txt" > "$out/test.txt"

date='the 22nd of October 1931'
printf '%s' "$date" > "$out/one.written.txt"
iso=$(rondo generate "$here/dates.rondo" --params "$out/dates/model.safetensors" --input written="$out/one.written.txt")
echo "$date: $iso"
printf '%s' "$iso" > "$out/one.iso.txt"
rondo run "$here/dates.rondo" --trained "$out/dates" --data written="$out/one.written.txt" --data iso="$out/one.iso.txt" \
  --alignment weights="$out/alignment.svg" > "$out/one.txt"

figure "dates right" "$(mean right "$out/test.txt")" '>=' 0.99
