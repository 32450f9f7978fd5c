#!/bin/sh
# Trains an LSTM and a plain recurrent network on the same sequences, and measures both on others: run.sh [FOLDER]
set -eu
here=$(dirname "$0") out=${1:-build}
. "$here/../figures.sh"
. "$here/../gaps.sh"
mkdir -p "$out"
python3 "$here/data.py" "$out"

learn "$here/order.rondo" text order 3 lstm
learn "$here/order.rondo" text order 3 plain -D plain=true

figure "LSTM, share of orders told" "$(mean right "$out/lstm.txt")" '==' 1
figure "plain network, share of orders told" "$(mean right "$out/plain.txt")" '<' 0.3
