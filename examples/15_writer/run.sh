#!/bin/sh
# Trains a language model on text.txt; measures it and lets it write, before and after: run.sh [FOLDER [EPOCHS]]
set -eu
here=$(dirname "$0") out=${1:-build} epochs=${2:-15}
. "$here/../figures.sh"
mkdir -p "$out"
python3 "$here/data.py" "$out"

# bits OPTION...: what a character of the test costs the model
bits() {
  rondo run "$here/writer.rondo" "$@" --input text="$out/test.txt" | sed -n 's/^  bits  \([^,]*\),.*/\1/p'
}
# write OPTION...: 300 characters
write() {
  rondo generate "$here/writer.rondo" "$@" --sample --temperature 0.5 --seed 3
}

before=$(bits)
echo "--- before:"
write
rm -rf "$out/writer" # of an earlier run
rondo train "$here/writer.rondo" --data "$out/train.txt" --valid "$out/test.txt" --split 100 \
  --epochs "$epochs" --batch 8 --lr 0.01 --schedule cosine --clip 1 -o "$out/writer"
echo "--- after:"
write --params "$out/writer/best.safetensors"

figure "before, bits a character" "$before" '>' 6
figure "after, bits a character" "$(bits --params "$out/writer/best.safetensors")" '<' 2.43
