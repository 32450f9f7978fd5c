#!/bin/sh
# Trains an LSTM and a plain recurrent network on the same sequences, and measures both on others: run.sh [FOLDER]
set -eu
here=$(dirname "$0") out=${1:-build}
. "$here/../figures.sh"
mkdir -p "$out"
python3 "$here/data.py" "$out"

# order NAME OPTION...: trains, and leaves what the trained model does with the test data in NAME.txt
order() {
  name=$1
  shift
  rm -rf "${out:?}/$name" # of an earlier run
  rondo train "$here/order.rondo" "$@" --data text="$out/train.text.csv" --data order="$out/train.order.csv" \
    --epochs 3 --lr 0.01 --clip 1 -o "$out/$name"
  rondo run "$here/order.rondo" "$@" --params "$out/$name/model.safetensors" \
    --input text="$out/test.text.csv" --input order="$out/test.order.csv" > "$out/$name.txt"
}
order lstm
order plain -D plain=true

figure "LSTM, share of orders told" "$(mean right "$out/lstm.txt")" '==' 1
figure "plain network, share of orders told" "$(mean right "$out/plain.txt")" '<' 0.3
