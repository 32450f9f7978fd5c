#!/bin/sh
# Trains an LSTM and a plain recurrent network on the same sequences, and measures both on others: run.sh [FOLDER]
set -eu
here=$(dirname "$0") out=${1:-build}
. "$here/../figures.sh"
. "$here/../gaps.sh"
mkdir -p "$out"
python3 "$here/data.py" "$out"

learn "$here/adding.rondo" x sum 5 lstm
learn "$here/adding.rondo" x sum 5 plain -D plain=true

figure "LSTM, mean squared error" "$(mean error "$out/lstm.txt")" '<' 0.01
figure "LSTM, share of sums within 0.04" "$(mean right "$out/lstm.txt")" '>' 0.98
figure "plain network, mean squared error" "$(mean error "$out/plain.txt")" '>' 0.03
