# Shell function of the examples that ask for what was long ago.

# learn PROGRAM INPUT TARGET EPOCHS NAME OPTION...: trains on train.INPUT.csv and train.TARGET.csv, and leaves what the
# trained model does with test.INPUT.csv and test.TARGET.csv in NAME.txt
learn() {
  program=$1 input=$2 target=$3 epochs=$4 name=$5
  shift 5
  rm -rf "${out:?}/$name" # of an earlier run
  rondo train "$program" "$@" --data "$input=$out/train.$input.csv" --data "$target=$out/train.$target.csv" \
    --epochs "$epochs" --lr 0.01 --clip 1 -o "$out/$name"
  rondo run "$program" "$@" --params "$out/$name/model.safetensors" \
    --input "$input=$out/test.$input.csv" --input "$target=$out/test.$target.csv" > "$out/$name.txt"
}
