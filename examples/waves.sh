# Shell functions of the examples that fit a wave by a clockwork and by a network without clocks.

# fit PROGRAM MODEL RATE SEED: trains, and leaves what the trained model does in MODEL.SEED.txt
fit() {
  rondo train "$1" --model "$2" --data "$out/wave.csv" --seed "$4" --epochs "${EPOCHS:-2000}" --lr "$3" \
    --schedule cosine --clip 1 -o "$out/$2.$4" > "$out/$2.$4.log"
  rondo run "$1" --model "$2" --params "$out/$2.$4/model.safetensors" --data "$out/wave.csv" \
    --plot wave,y="$out/$2.svg" > "$out/$2.$4.txt"
}

# compare PROGRAM MODEL NAME LIMIT SEED: how many times as large the model's error is as that of the clockwork
compare() {
  fit "$1" clockwork 0.01 "$5"
  fit "$1" "$2" 0.001 "$5"
  clockwork=$(mean error "$out/clockwork.$5.txt")
  other=$(mean error "$out/$2.$5.txt")
  figure "seed $5, mean squared error, clockwork $clockwork, $3 $other, quotient" \
    "$(awk "BEGIN { print $other / $clockwork }")" '>=' "$4"
}
