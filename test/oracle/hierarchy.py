# RUN: %python %s %tools
# Segment hierarchies are nested loops: over sections, their sentences, their words, with a fresh state for each; empty
# segments on every level and samples without anything; inputs on two clocks of one chain; pooling; attention pooling.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from rondo import *

rng = np.random.default_rng(4)
V, H = 7, 3
# Words by sentence by section. Empty sentences, a section of empty sentences only, a section without any, empty samples.
NESTED = [[[3, 2], [4]], [], [[], [2, 0, 1], [0, 0]], [[1]], [[0]], [[0, 5, 0], [], [0, 1, 1, 2]]]
words = [rng.integers(0, V, count(s, 2)) for s in NESTED]
N1 = len(NESTED)


def gru_over(p, rows):
    """The states of a GRU that begins with zero."""
    h, out = np.zeros(H), []
    for row in rows:
        h = gru_step(p, row, h)
        out.append(h)
    return np.array(out).reshape(len(out), H)


def nest(values, lengths):
    """The rows of a sample, as lists of lists; segments that are empty are left out, for they do not tick."""
    rows = iter(values)
    sections = [[[next(rows) for _ in range(k)] for k in section] for section in lengths]
    return [kept for kept in ([s for s in section if s] for section in sections) if kept]


def plain():
    text = f"""model document {{
  input words : token({V}) on word in sentence in section
  input label : token(3) on sample
  w = gru({H})(embed(2)(words), reset = after(sentence))
  s = gru({H})(w when sentence, reset = after(section))
  d = gru({H})(s when section)
  output w
  output s
  output d
  output scores = dense(3)(d when sample)
  loss cross_entropy(scores, label)
}}
"""
    p = parameters(text, rng)
    label = [rng.integers(0, 3) for _ in NESTED]
    got = run(text, {"words": words, "label": label}, p, {"word": NESTED})
    want = {name: [] for name in ("w", "s", "d", "scores")}
    for sample, lengths in zip(words, NESTED):
        w_rows, s_rows, ends = [], [], []
        for section in nest(sample, lengths):
            heads = []
            for sentence in section:
                states = gru_over(at(p, "w"), [p["w_embed.table"][token] for token in sentence])
                w_rows += list(states)
                heads.append(states[-1])
            states = gru_over(at(p, "s"), heads)
            s_rows += list(states)
            ends.append(states[-1])
        d_rows = gru_over(at(p, "d"), ends)
        want["w"].append(np.array(w_rows))
        want["s"].append(np.array(s_rows))
        want["d"].append(d_rows)
        top = d_rows[-1] if len(d_rows) else np.zeros(H)
        want["scores"].append((p["scores.W"] @ top + p["scores.b"])[None])
    for name, rows in want.items():
        check(f"document, {name}", got.out[name], rows)
    losses = [-log_softmax(scores[0])[y] for scores, y in zip(want["scores"], label)]
    check("document, loss: a mean over samples", got.loss["loss"], np.mean(losses))


def two_clocks():
    """An input on words and one on sentences (a row for each, the empty ones too): both ways through `spread` and `hold`."""
    text = """model m {
  input x : real[2] on word in sentence in section
  input y : real[2] on sentence
  input z : real on section
  output up    = (x when sentence) + y
  output down  = x + spread(y, to = word)
  output held  = x + hold(y)
  output far   = hold(z, to = word) * x
  output wide  = spread(z, to = word) * x
  output top   = spread(mean(x, per = sample), to = word)
  output place = tick + 0 * int(y[0])
  output index = tick + 0 * int(x[0])
}
"""
    x = [rng.standard_normal((count(s, 2), 2)) for s in NESTED]
    y = [rng.standard_normal((count(s, 1), 2)) for s in NESTED]
    z = [rng.standard_normal(len(s)) for s in NESTED]
    got = run(text, {"x": x, "y": y, "z": z}, None, {"word": NESTED})
    for k, lengths in enumerate(NESTED):
        want = {name: [] for name in got.out}
        word, sentence, ticked, far, held = 0, 0, 0, 0.0, np.zeros(2)
        mean = x[k].mean(axis=0) if len(x[k]) else np.zeros(2)
        for a, section in enumerate(lengths):
            for b, size in enumerate(section):
                last_sentence = not any(section[b + 1:])
                for c in range(size):
                    row, end = x[k][word], c == size - 1
                    want["index"].append(word)
                    want["top"].append(mean)
                    want["down"].append(row + y[k][sentence])
                    want["wide"].append(row * z[k][a])
                    if end:
                        held = y[k][sentence]
                        want["up"].append(row + held)
                        want["place"].append(ticked)
                        ticked += 1
                        if last_sentence:
                            far = z[k][a]
                    want["held"].append(row + held)
                    want["far"].append(row * far)
                    word += 1
                sentence += 1
        for name, rows in want.items():
            check(f"two clocks, {name}, sample {k}", got.out[name][k], np.array(rows))


def pooling():
    """Reductions a segment, over all its words, also of streams that tick less often than every word."""
    text = """model m {
  input x : real[2] on word in sentence in section
  some = x when every(2)
  rare = x when x[0] > 1.0
  output mean1 = mean(x, per = sentence)
  output max1  = max(x, per = sentence)
  output sum1  = sum(x, per = sentence)
  output head1 = first(x, per = sentence)
  output mean2 = mean(x, per = section)
  output max2  = max(mean(x, per = sentence), per = section)
  output head2 = first(x when sentence, per = section)
  output mean3 = mean(x, per = sample)
  output some1 = sum(some, per = sentence)
  output rare1 = max(rare, per = sentence)
  output rare3 = mean(rare, per = sample)
  output last3 = x when sample
  output soft1 = softmax(collect(x, per = sentence) @ [1.0, 0.5]) @ collect(x, per = sentence)
  output rows1 = mean(collect(x, per = sentence), axis = 0)
  output soft2 = softmax(collect(x when sentence, per = section) @ [1.0, 0.5]) @ collect(x when sentence, per = section)
  output soft3 = softmax(collect(x, per = sample) @ [1.0, 0.5]) @ collect(x, per = sample)
}
"""
    x = [rng.standard_normal((count(s, 2), 2)) for s in NESTED]
    got = run(text, {"x": x}, None, {"word": NESTED})
    attend = lambda rows: softmax(rows @ [1.0, 0.5]) @ rows if len(rows) else np.zeros(2)
    average = lambda rows: rows.mean(axis=0) if len(rows) else np.zeros(2)
    for k, lengths in enumerate(NESTED):
        marked = [(t, row) for t, row in enumerate(x[k])]
        sections = [[np.array([row for _, row in sentence]) for sentence in section] for section in nest(marked, lengths)]
        numbers = [[[t for t, _ in sentence] for sentence in section] for section in nest(marked, lengths)]
        sentences = [s for section in sections for s in section]
        places = [s for section in numbers for s in section]
        even = [np.sum([x[k][t] for t in s if t % 2 == 0] + [np.zeros(2)], axis=0) for s in places]
        rare = [s[s[:, 0] > 1.0] for s in sentences]
        want = {
            "mean1": [s.mean(axis=0) for s in sentences], "max1": [s.max(axis=0) for s in sentences],
            "sum1": [s.sum(axis=0) for s in sentences], "head1": [s[0] for s in sentences],
            "mean2": [np.concatenate(s).mean(axis=0) for s in sections],
            "max2": [np.max([t.mean(axis=0) for t in s], axis=0) for s in sections],
            "head2": [s[0][-1] for s in sections], "mean3": [average(x[k])], "some1": even,
            "rare1": [r.max(axis=0) if len(r) else np.zeros(2) for r in rare], "rare3": [average(x[k][x[k][:, 0] > 1.0])],
            "last3": [x[k][-1] if len(x[k]) else np.zeros(2)], "soft1": [attend(s) for s in sentences],
            "rows1": [s.mean(axis=0) for s in sentences], "soft2": [attend(np.array([t[-1] for t in s])) for s in sections],
            "soft3": [attend(x[k])],
        }
        for name, rows in want.items():
            check(f"pooling, {name}, sample {k}", got.out[name][k], np.array(rows))


def attention_network():
    """The hierarchical attention network: both directions within a sentence, attention over words and sentences."""
    text = f"""model reviews {{
  input words : token({V}) on word in sentence
  h = bidirectional(gru({H}))(embed(2)(words), reset = after(sentence))
  by_word = attention_pool(4)
  s = by_word(collect(h, per = sentence))
  g = bidirectional(gru({H}))(s)
  output g
  output s
  output document = attention_pool(4)(collect(g, per = sample))
  output word_weights = by_word.weights
}}
"""
    p = parameters(text, rng)
    lengths = [[3, 1, 4], [0, 2, 0, 5], [], [0], [6]]
    tokens = [rng.integers(0, V, sum(s)) for s in lengths]
    got = run(text, {"words": tokens}, p, {"word": lengths})

    def both(path, rows):
        back = gru_over(at(p, path + ".backward"), rows[::-1])[::-1]
        return np.concatenate([gru_over(at(p, path + ".forward"), rows), back], axis=1)

    def pool(path, rows):
        if not len(rows):
            return np.zeros(2 * H), np.zeros(0)
        q = at(p, path)
        weights = softmax(np.tanh(rows @ q["W"] + q["c"]) @ q["u"])
        return weights @ rows, weights

    for k, (sample, sizes) in enumerate(zip(tokens, lengths)):
        pooled = [pool("by_word", both("h", [p["h_embed.table"][t] for t in part]))
                  for part in np.split(sample, np.cumsum(sizes)[:-1]) if len(part)] if sizes else []
        s = np.array([value for value, _ in pooled]).reshape(len(pooled), 2 * H)
        g = both("g", list(s))
        check(f"attention network, sentences, sample {k}", got.out["s"][k], s)
        check(f"attention network, context, sample {k}", got.out["g"][k], g)
        check(f"attention network, document, sample {k}", got.out["document"][k], pool("document", g)[0][None])
        weights = np.concatenate([w for _, w in pooled]) if pooled else np.zeros(0)
        check(f"attention network, weights, sample {k}", got.out["word_weights"][k], weights)


for part in (plain, two_clocks, pooling, attention_network):
    attempt(part.__name__, part)
finish()
