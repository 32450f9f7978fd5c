#!/bin/sh
# Trains a translation of dates, counts what it gets right, and draws where it looks: run.sh [FOLDER]
set -eu
here=$(dirname "$0") out=${1:-build}
. "$here/../figures.sh"
mkdir -p "$out"
python3 "$here/data.py" "$out"

rm -rf "$out/dates" # of an earlier run
rondo train "$here/dates.rondo" --data written="$out/train.written.txt" --data iso="$out/train.iso.txt" --split lines \
  --batch 32 --epochs 6 --lr 0.005 --schedule cosine --clip 1 -o "$out/dates"
rondo evaluate "$here/dates.rondo" --params "$out/dates/model.safetensors" \
  --data written="$out/test.written.txt" --data iso="$out/test.iso.txt" > "$out/test.txt"

date='the 22nd of October 1931'
printf '%s' "$date" > "$out/one.written.txt"
iso=$(rondo generate "$here/dates.rondo" --params "$out/dates/model.safetensors" --input written="$out/one.written.txt")
echo "$date: $iso"
# The end of a line is a character of its own here, with which the translation ends.
printf '%s\n\n' "$iso" > "$out/one.iso.txt"
rondo run "$here/dates.rondo" --params "$out/dates/model.safetensors" --input written="$out/one.written.txt" \
  --input iso="$out/one.iso.txt" --alignment weights="$out/alignment.svg" > "$out/one.txt"

figure "characters right" "$(sed -n 's/^accuracy //p' "$out/test.txt")" '>' 0.999
