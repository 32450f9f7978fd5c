# RUN: %python %s %tools
# Generation against brute force: with V = 3 and at most L = 4 rows every sequence is scored by running the model on it.
# Full beams find the best in order, ties by the smaller sequence; one beam is greedy; prompts, `stop`, the length penalty.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import itertools
import numpy as np
from rondo import *

rng = np.random.default_rng(10)
V, L = 3, 4
NEXT = f"""model lm {{
  input x : token({V}) on step
  output logits = dense({V})(gru(4)(embed(3)(x)))
  generate next x from logits (start = 1, stop = 2, limit = {L})
}}
"""
SAME = f"""model speaker {{
  input mood : real[2] on sample
  input x : token({V}) on step
  output logits = dense({V})(gru(4)(embed(3)(1 fby x), h = spread(dense(4)(mood), to = step)))
  generate x from logits (stop = 2, limit = {L})
}}
"""


def sequences(stop):
    """What can be generated: rows, and whether it ends with the stop token (which is not a row)."""
    for length in range(L + 1):
        for rows in itertools.product([v for v in range(V) if v != stop], repeat=length):
            if length == L:
                yield rows, False
            elif stop is not None:
                yield rows, True


def scores(text, params, stop, prompt=(), mood=None):
    """The log probability of everything that can follow the prompt, or the start. The prompt itself is not scored; where
    the next row is predicted it stands in the place of the start."""
    found, prompt = {}, list(prompt)
    candidates = list(sequences(stop))
    written = [list(rows) + [stop] * ended for rows, ended in candidates]
    if "generate next" in text:
        inputs = {"x": [((prompt or [1]) + tokens)[:-1] for tokens in written]}
        skipped = max(len(prompt) - 1, 0)
    else:
        inputs, skipped = {"x": [prompt + tokens for tokens in written], "mood": [mood] * len(written)}, len(prompt)
    logits = run(text, inputs, params).out["logits"]
    for (rows, ended), tokens, values in zip(candidates, written, logits):
        found[rows] = (sum(log_softmax(values[skipped + t])[token] for t, token in enumerate(tokens)), len(tokens))
    return found


def prompt_file(rows):
    file = tempfile.NamedTemporaryFile(suffix=".npy", delete=False)
    np.save(file, np.array(rows, dtype=np.int64))
    file.close()
    return file.name


def ask(text, params, options, mood=None, limit=L):
    answer = generate(text, params, ["--batch", "1", *options], {"mood": [mood]} if mood is not None else None)
    return [(tuple(r["rows"]), r["score"]) for r in answer["samples"][0]]


def compare(name, text, params, stop, mood=None):
    all_scores = scores(text, params, stop, mood=mood)
    order = sorted(all_scores, key=lambda rows: (-all_scores[rows][0], rows))
    full = ask(text, params, ["--beams", "200"], mood)
    expect(f"{name}: full beams are brute force, in order", [rows for rows, _ in full] == order)
    check(f"{name}: scores", [s for _, s in full] if len(full) == len(order) else [], [all_scores[r][0] for r in order])
    for beams in (1, 2, 4):
        some = ask(text, params, ["--beams", beams], mood)
        expect(f"{name}: at most {beams} results", 1 <= len(some) <= beams)
        for rows, score in some:
            check(f"{name}: score of {rows} with {beams} beams", score, all_scores[rows][0])

    # Greedy: always the likeliest token.
    greedy = ask(text, params, [], mood)
    rows = []
    while len(rows) < L:
        begun = list(rows) + [0]  # the value of the last token does not matter for its own chances
        inputs = {"x": [[1] + rows]} if "generate next" in text else {"x": [begun], "mood": [mood]}
        best = int(np.argmax(run(text, inputs, params).out["logits"][0][-1]))
        if best == stop:
            break
        rows.append(best)
    expect(f"{name}: greedy", greedy[0][0] == tuple(rows) and len(greedy) == 1)
    one = ask(text, params, ["--beams", "1"], mood)
    expect(f"{name}: one beam is greedy", one == greedy)
    expect(f"{name}: --greedy says so", ask(text, params, ["--greedy"], mood) == greedy)

    # The length penalty: by score / length^a; the stop token counts as a step.
    for penalty in (0.5, 2.0):
        ranked = sorted(all_scores, key=lambda r: (-all_scores[r][0] / all_scores[r][1] ** penalty, r))
        got = [r for r, _ in ask(text, params, ["--beams", "200", "--length-penalty", penalty], mood)]
        expect(f"{name}: length penalty {penalty}", got == ranked)

    # A prompt is forced: what comes behind it is searched.
    for prompt in ([0], [0, 1, 0]):
        file = prompt_file(prompt)
        begun = scores(text, params, stop, prompt, mood)
        order = sorted(begun, key=lambda r: (-begun[r][0], r))
        full = ask(text, params, ["--beams", "200", "--prompt-file", file], mood)
        expect(f"{name}: behind the prompt {prompt}", [r for r, _ in full] == order)
        check(f"{name}: scores behind it", [s for _, s in full], [begun[r][0] for r in order])
        os.unlink(file)

    limited = ask(text, params, ["--limit", "2"], mood)
    expect(f"{name}: --limit", limited[0][0] == tuple(rows[:2]))


def against_brute_force():
    for seed in range(2):
        mood = rng.standard_normal(2)
        params = parameters(NEXT, rng, 1.5)
        attempt("next", compare, f"generate next, {seed}", NEXT, params, 2)
        params = parameters(SAME, rng, 1.5)
        attempt("same", compare, f"generate, {seed}", SAME, params, 2, mood)
    endless = NEXT.replace(" stop = 2,", "")
    attempt("no stop", compare, "without stop", endless, parameters(endless, rng, 1.5), None)


def ties():
    """All logits alike: every choice ties, and the smaller token, the smaller sequence, wins (always)."""
    params = {name: np.zeros_like(value) for name, value in parameters(NEXT, rng).items()}
    endless = NEXT.replace(" stop = 2,", "")
    expect("greedy takes the first maximum", ask(endless, params, [])[0][0] == (0,) * L)
    got = [rows for rows, _ in ask(endless, params, ["--beams", "100"])]
    expect("equal scores stand in order", got == sorted(itertools.product(range(V), repeat=L)))
    expect("and again", got == [rows for rows, _ in ask(endless, params, ["--beams", "100"])])
    few = [rows for rows, _ in ask(endless, params, ["--beams", "3"])]
    expect("few beams too", few == [(0, 0, 0, 0), (0, 0, 0, 1), (0, 0, 0, 2)])


def real_values():
    """Without tokens y itself is the next row; nothing is drawn or searched."""
    text = """model wave {
  input x : real[2] on step
  output y = dense(2)(rnn(4)(x))
  generate next x from y (limit = 5)
}
"""
    p = parameters(text, rng)
    rows = [np.array(r) for r in generate(text, p, ["--batch", "1"])["samples"][0][0]["rows"]]
    inner = next(path[:-2] for path in p if path.endswith(".U"))
    h, value, want = np.zeros(4), np.zeros(2), []
    for _ in range(5):
        h = rnn_step(at(p, inner), value, h)
        value = p["y.W"] @ h + p["y.b"]
        want.append(value)
    check("real rows", np.array(rows), np.array(want))


def sampling():
    """Drawn with a seed: the same seed, the same rows; an almost cold draw is greedy; --top-k 1 too."""
    params = parameters(NEXT, rng, 0.4)
    draws = [ask(NEXT, params, ["--sample", "--seed", seed]) for seed in range(12)]
    expect("the same seed draws the same", draws == [ask(NEXT, params, ["--sample", "--seed", seed]) for seed in range(12)])
    expect("other seeds draw others", len({d[0][0] for d in draws}) > 1)
    all_scores = scores(NEXT, params, 2)
    for (rows, score), in draws:
        check(f"score of the drawn {rows}", score, all_scores[rows][0])
    greedy = ask(NEXT, params, [])
    expect("--top-k 1 is greedy", ask(NEXT, params, ["--sample", "--top-k", "1"])[0][0] == greedy[0][0])
    expect("cold is greedy", ask(NEXT, params, ["--sample", "--temperature", "0.0001"])[0][0] == greedy[0][0])


for part in (against_brute_force, ties, real_values, sampling):
    attempt(part.__name__, part)
finish()
