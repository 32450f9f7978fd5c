# Shell functions of the examples that train: figures, and what they should be.

# mean OUTPUT FILE: of what `rondo run` has printed, an output's mean over all ticks.
mean() {
  sed -n "s/^output $1 : .*, mean \([^ ]*\) over .*/\1/p" "$2"
}

# figure WHAT VALUE RELATION LIMIT: prints a figure; the script ends if it is not what it should be.
figure() {
  if awk "BEGIN { exit !($2 $3 $4) }"; then
    echo "$1: $2, as expected $3 $4"
  else
    echo "$1: $2, but expected $3 $4"
    exit 1
  fi
}
