#!/bin/sh
# Trains a decoder with attention and one without on the same sequences, measures both, and draws where the attention
# looked: run.sh [FOLDER]
set -eu
here=$(dirname "$0") out=${1:-build}
. "$here/../figures.sh"
mkdir -p "$out"
python3 "$here/data.py" "$out"

for model in attending remembering; do
  rm -rf "${out:?}/$model" # of an earlier run
  rondo train "$here/reversal.rondo" --model $model --data src="$out/train.src.csv" --data tgt="$out/train.tgt.csv" \
    --batch 32 --epochs 5 --lr 0.005 --schedule cosine --clip 1 -o "$out/$model"
  for test in test test5 test10 test15 test20; do
    rondo run "$here/reversal.rondo" --model $model --params "$out/$model/model.safetensors" \
      --input src="$out/$test.src.csv" --input tgt="$out/$test.tgt.csv" > "$out/$model/$test.txt"
  done
done

rondo run "$here/reversal.rondo" --model attending --params "$out/attending/model.safetensors" \
  --input src="$out/one.src.csv" --input tgt="$out/one.tgt.csv" --alignment weights="$out/alignment.svg" > "$out/one.txt"
python3 "$here/search.py" "$here/reversal.rondo" "$out/attending/model.safetensors" "$out"

figure "with attention, sequences right" "$(mean right "$out/attending/test.txt")" '>=' 0.99
figure "with attention, steps off the mirrored place" "$(mean off "$out/attending/test.txt")" '<' 1
figure "with attention, right of 20 symbols" "$(mean right "$out/attending/test20.txt")" '>=' 0.97
figure "without, right of 5 symbols" "$(mean right "$out/remembering/test5.txt")" '>=' 0.9
figure "without, right of 10 symbols" "$(mean right "$out/remembering/test10.txt")" '<' 0.7
figure "without, right of 20 symbols" "$(mean right "$out/remembering/test20.txt")" '<' 0.1
