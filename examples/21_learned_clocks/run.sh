#!/bin/sh
# A student learns the rhythms of a teacher, and sines do not, once for each seed: run.sh [FOLDER [SEED...]]
set -eu
here=$(dirname "$0") out=${1:-out}
test $# -eq 0 || shift
. "$here/../figures.sh"
test $# -gt 0 || set -- 1 2 3 4 5
mkdir -p "$out"
python3 "$here/data.py" "$out"
clocks="$here/clocks.rondo"
rondo run "$clocks" --model teacher --seed 100 --input x="$out/x.csv" --save "$out/y.safetensors" > "$out/teacher.txt"

# learn MODEL: trains, and leaves what the trained model does in MODEL.SEED.txt
learn() {
  rondo train "$clocks" --model "$1" --data x="$out/x.csv" --data "$out/y.safetensors" --seed "$seed" --batch 8 \
    --epochs 80 --lr 0.02 --schedule cosine -o "$out/$1.$seed" > "$out/$1.$seed.log"
  rondo run "$clocks" --model "$1" --params "$out/$1.$seed/model.safetensors" --data x="$out/x.csv" \
    --data "$out/y.safetensors" > "$out/$1.$seed.txt"
}

# values OUTPUT FILE: the numbers of an output without a clock
values() {
  sed -n "/^output $1 :/ { n; p; }" "$2" | xargs
}

for seed; do
  learn student
  learn sines
  echo "seed $seed: strongest periods $(values strongest "$out/student.$seed.txt")"
  sorted=$(values strongest "$out/student.$seed.txt" | tr ' ' '\n' | sort -n | tr '\n' ' ' | xargs)
  figure "seed $seed, strongest periods in order, as a number" "$(echo "$sorted" | tr -d ' ')" '==' 148
  figure "seed $seed, mean squared error of the student" "$(mean error "$out/student.$seed.txt")" '<' 0.06
  echo "seed $seed: sines began with periods 2 5 12, and end with $(values periods "$out/sines.$seed.txt")"
  figure "seed $seed, mean squared error of the sines" "$(mean error "$out/sines.$seed.txt")" '>' 0.12
done
