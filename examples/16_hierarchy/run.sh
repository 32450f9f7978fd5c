#!/bin/sh
# Trains a hierarchy and flat models on the same documents, and measures them on others, once for each seed:
# run.sh [FOLDER [SEED...]]
set -eu
here=$(dirname "$0") out=${1:-out}
test $# -eq 0 || shift
. "$here/../figures.sh"
test $# -gt 0 || set -- 1 2 3 4 5
mkdir -p "$out"
python3 "$here/data.py" "$out"

# model NAME OPTION...: trains, and leaves what the trained model does with the test data in NAME.txt
model() {
  name=$1
  shift
  rondo train "$here/hierarchy.rondo" "$@" --data "$out/train.tsv" --seed "$seed" --epochs 8 --lr 0.01 --clip 1 \
    -o "$out/$name"
  rondo run "$here/hierarchy.rondo" "$@" --params "$out/$name/model.safetensors" --data "$out/test.tsv" \
    > "$out/$name.txt"
}
for seed; do
  model "hierarchy.$seed" --model hierarchy
  model "gru.$seed" --model flat -D size=9
  model "rnn.$seed" --model flat -D size=18 -D plain=true
  figure "seed $seed, hierarchy, share of documents right" "$(mean right "$out/hierarchy.$seed.txt")" '>' 0.99
  figure "seed $seed, hierarchy, attention on the keyword" "$(mean on_key "$out/hierarchy.$seed.txt")" '>' 0.9
  figure "seed $seed, flat GRU, share of documents right" "$(mean right "$out/gru.$seed.txt")" '<' 0.75
  figure "seed $seed, flat RNN, share of documents right" "$(mean right "$out/rnn.$seed.txt")" '<' 0.75
done
grep -m 1 '^odd.*key.*key' "$out/test.tsv" > "$out/one.tsv"
rondo run "$here/hierarchy.rondo" --model hierarchy --params "$out/hierarchy.$seed/model.safetensors" \
  --data "$out/one.tsv" --heatmap "$out/attention.svg" > "$out/one.txt"
