#!/bin/sh
# Trains an LSTM and a plain recurrent network on the same sequences, and measures both on others: run.sh [FOLDER]
set -eu
here=$(dirname "$0") out=${1:-build}
. "$here/../figures.sh"
mkdir -p "$out"
python3 "$here/data.py" "$out"

# adding NAME OPTION...: trains, and leaves what the trained model does with the test data in NAME.txt
adding() {
  name=$1
  shift
  rm -rf "${out:?}/$name" # of an earlier run
  rondo train "$here/adding.rondo" "$@" --data x="$out/train.x.csv" --data sum="$out/train.sum.csv" \
    --epochs 5 --lr 0.01 --clip 1 -o "$out/$name"
  rondo run "$here/adding.rondo" "$@" --params "$out/$name/model.safetensors" \
    --input x="$out/test.x.csv" --input sum="$out/test.sum.csv" > "$out/$name.txt"
}
adding lstm
adding plain -D plain=true

figure "LSTM, mean squared error" "$(mean error "$out/lstm.txt")" '<' 0.01
figure "LSTM, share of sums within 0.04" "$(mean right "$out/lstm.txt")" '>' 0.98
figure "plain network, mean squared error" "$(mean error "$out/plain.txt")" '>' 0.03
