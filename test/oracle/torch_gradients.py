# RUN: %python %s %tools
# What compiled code says of gradients is what PyTorch's autograd says in double precision, of the same equations with the
# same weights: its cells in layers and directions over packed sequences, with learned and given initial states; and
# models: language model, attention, layer normalisation, alignment, pooling, losses that train parts.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
import torch
import torch.nn.functional as F
from gradients import *
from rondo import *

torch.set_default_dtype(torch.float64)
torch.manual_seed(21)
torch.set_num_threads(1)
rng = np.random.default_rng(21)
n, H, lengths = 3, 5, [6, 0, 1, 9, 4]


def leaf(value):
    return torch.tensor(np.asarray(value, np.float32).astype(np.float64), requires_grad=True)


def gradient(tensor):
    return (torch.zeros_like(tensor) if tensor.grad is None else tensor.grad).numpy()


def leaves(params):
    return {path: leaf(value) for path, value in params.items()}


def compare(name, got, params, inputs):
    """`inputs`: by name a list of leaves, a sample each. What no sample reached has no gradient in PyTorch: zero."""
    for path, tensor in params.items():
        check_gradient(f"{name}, {path}", got.d[path], gradient(tensor))
    for input, samples in inputs.items():
        join = np.stack if samples[0].ndim == got.d[input].ndim - 1 else np.concatenate
        check_gradient(f"{name}, {input}", got.d[input], join([gradient(s) for s in samples]))


def part(params, path):
    return {name[len(path) + 1:]: value for name, value in params.items() if name.startswith(path + ".")}


# ---- PyTorch's own cells, packed.

def weights_of(kind, module, layers, both, take):
    """PyTorch's tensors under the names of the library's cells; `take`: their values or gradients. Of two biases that are
    added the values are added, and each has the gradient of the sum."""
    found = {}
    for layer in range(layers):
        for direction, suffix in (("forward", ""), ("backward", "_reverse")) if both else ((None, ""),):
            W, U, bi, bh = (take(getattr(module, f"{part}_l{layer}{suffix}")) for part in
                            ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
            both_biases = bi if take is gradient else bi + bh
            path = (f"enc.layer.{layer}." if layers > 1 else "enc.") + (f"{direction}." if both else "")
            if kind == "gru":
                b = np.concatenate([both_biases[:2 * H], bi[2 * H:]])
                values = {"W": W, "U": U[:2 * H], "Un": U[2 * H:], "b": b, "bn": bh[2 * H:]}
            else:
                values = {"W": W, "U": U, "b": both_biases}
            found.update({path + name: value for name, value in values.items()})
    return found


def cell(recipe, kind, make, layers, both):
    name = f"{recipe}, {layers} layers" + (", both directions" if both else "")
    enc = f"bidirectional({recipe})" if both else recipe
    model = Compiled(f"model m {{\n  input x : real[{n}] on step\n  enc = {f'stack({layers} * {enc})' if layers > 1 else enc}\n"
                     "  output y = enc(x)\n}\n")
    module = make(n, H, num_layers=layers, bidirectional=both, batch_first=True)
    for tensor in module.parameters():
        tensor.data = tensor.data.to(torch.float32).to(torch.float64)
    samples = [leaf(rng.standard_normal((t, n))) for t in lengths]
    flow = [rng.standard_normal((t, H * (1 + both))).astype(np.float32) for t in lengths]
    long = [k for k, t in enumerate(lengths) if t]  # PyTorch packs no empty sequences
    pack = torch.nn.utils.rnn.pack_sequence([samples[k] for k in long], enforce_sorted=False)
    out, _ = torch.nn.utils.rnn.pad_packed_sequence(module(pack)[0], batch_first=True)
    sum((row[:len(flow[k])] * torch.tensor(flow[k])).sum() for row, k in zip(out, long)).backward()
    params = weights_of(kind, module, layers, both, lambda t: t.detach().numpy())
    got = model.backward({"x": [s.detach().numpy() for s in samples]}, params, {"y": flow})
    for path, want in weights_of(kind, module, layers, both, gradient).items():
        check_gradient(f"{name}, {path}", got.d[path], want)
    check_gradient(f"{name}, x", got.d["x"], np.concatenate([gradient(s) for s in samples]))


CELLS = [(f"rnn({H})", "rnn", torch.nn.RNN), (f"rnn({H}, act = relu)", "rnn", lambda *a, **k: torch.nn.RNN(*a, nonlinearity="relu", **k)),
         (f"lstm({H})", "lstm", torch.nn.LSTM), (f"gru({H})", "gru", torch.nn.GRU)]
for recipe, kind, make in CELLS:
    for layers, both in ((1, False), (2, False), (1, True), (3, True)):
        attempt(f"{recipe}, {layers}", cell, recipe, kind, make, layers, both)


def starts():
    """A state that an input gives, once a sample, and one that is a parameter; two losses are their means."""
    lengths = [5, 1, 8]
    model = Compiled(f"""model m {{
  input x : real[{n}] on step
  input h0 : real[{H}] on sample
  param c0 : real[{H}] = normal(1)
  enc = lstm({H})
  y = enc(x, h = spread(h0, to = step), c = c0)
  output y
  loss mean(y * y, axis = 0)
  loss end = sum(enc.c' when sample, axis = 0)
}}
""")
    module = torch.nn.LSTM(n, H, batch_first=True)
    for tensor in module.parameters():
        tensor.data = tensor.data.to(torch.float32).to(torch.float64)
    samples, h0 = [leaf(rng.standard_normal((t, n))) for t in lengths], [leaf(rng.standard_normal(H)) for _ in lengths]
    c0 = leaf(rng.standard_normal(H))
    pack = torch.nn.utils.rnn.pack_sequence(samples, enforce_sorted=False)
    out, (_, c) = module(pack, (torch.stack(h0)[None], c0.expand(1, len(lengths), H)))
    loss, end = (out.data ** 2).mean(), c.sum() / len(lengths)
    (loss + end).backward()
    params = weights_of("lstm", module, 1, False, lambda t: t.detach().numpy())
    got = model.backward({"x": [s.detach().numpy() for s in samples], "h0": [h.detach().numpy() for h in h0]},
                         {**params, "c0": c0.detach().numpy()})
    check("starts, losses", [got.loss["loss"], got.loss["end"]], [loss.item(), end.item()], 1e-5)
    for path, want in weights_of("lstm", module, 1, False, gradient).items():
        check_gradient(f"starts, {path}", got.d[path], want)
    compare("starts", got, {"c0": c0}, {"x": samples, "h0": h0})


attempt("starts", starts)


# ---- Models, of equations that are written here once more.

def lstm_steps(p, rows, h=None, c=None):
    h = torch.zeros(p["U"].shape[1]) if h is None else h
    c = torch.zeros_like(h) if c is None else c
    for row in rows:
        i, f, g, o = (p["W"] @ row + p["U"] @ h + p["b"]).chunk(4)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        yield h


def run_lstm(p, rows):
    return torch.stack([*lstm_steps(p, rows)]) if len(rows) else torch.zeros(0, p["U"].shape[1])


def prepare(text):
    model = Compiled(text)
    values = model.parameters(rng)
    return model, values, leaves(values)


def language_model():
    """Tied embedding, two layers, the mean over all tokens that have a next one."""
    V = 11
    model, values, p = prepare(f"""model m {{
  input text : token({V}) on step
  param bias : real[{V}] = zeros
  e = embed({H})
  h = stack(2 * lstm({H}))(e(text))
  output logits = e.table @ h + bias
  loss cross_entropy(logits, next(text))
}}
""")
    text = [rng.integers(0, V, t) for t in [7, 0, 1, 12, 2]]
    scores, labels = [], []
    for tokens in text:
        rows = p["e.table"][tokens]
        for layer in range(2):
            rows = run_lstm(part(p, f"h.layer.{layer}"), rows)
        scores.append((rows @ p["e.table"].T + p["bias"])[:-1])
        labels.append(torch.tensor(tokens[1:]))
    loss = F.cross_entropy(torch.cat(scores), torch.cat(labels))
    loss.backward()
    got = model.backward({"text": text}, values)
    check("language model, loss", got.loss["loss"], loss.item(), 1e-5)
    compare("language model", got, p, {})


def translation():
    """Encoder, decoder with additive attention whose query is its state; a source without rows reads as zero."""
    V, E, M = 7, 3, 4
    model, values, p = prepare(f"""model m {{
  input src : real[{M}] on source
  input tgt : token({V}) on target
  memory = spread(collect(lstm({H})(src), per = sample), to = target)
  cell decoder(y: real[n], m: real[s, k]) {{
    core = lstm({H})
    att  = additive(6)
    read = att(core.h, m)
    return concat(core(concat(y, read)), read)
  }}
  dec = decoder
  logits = dense({V})(dec(embed({E})(1 fby tgt), memory))
  output best = argmax(logits)
  loss cross_entropy(logits, tgt)
}}
""")
    [memory_path] = {path.rsplit(".", 1)[0] for path in p if path.endswith(".U") and not path.startswith("dec.")}
    [table] = [path for path in p if path.endswith("table")]
    src = [leaf(rng.standard_normal((t, M))) for t in [5, 0, 1, 8]]
    tgt = [rng.integers(0, V, t) for t in [3, 2, 6, 0]]
    core, att, scores = part(p, "dec.core"), part(p, "dec.att"), []
    for source, tokens in zip(src, tgt):
        memory = run_lstm(part(p, memory_path), source)
        h = c = torch.zeros(H)
        for token in [1, *tokens][:len(tokens)]:
            weights = torch.softmax(torch.tanh(memory @ att["U"] + att["W"] @ h) @ att["v"], 0)
            read = weights @ memory
            i, f, g, o = (core["W"] @ torch.cat([p[table][token], read]) + core["U"] @ h + core["b"]).chunk(4)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            scores.append(p["logits.W"] @ torch.cat([h, read]) + p["logits.b"])
    loss = F.cross_entropy(torch.stack(scores), torch.tensor(np.concatenate(tgt)))
    loss.backward()
    got = model.backward({"src": [s.detach().numpy() for s in src], "tgt": tgt}, values)
    check("translation, loss", got.loss["loss"], loss.item(), 1e-5)
    compare("translation", got, p, {"src": src})


def normalised():
    model, values, p = prepare(f"model m {{\n  input x : real[{n}] on step\n  output y = layer_norm_lstm({H})(x)\n}}\n")
    q = part(p, "y")
    norm = lambda name, x: F.layer_norm(x, x.shape, q[f"{name}.gain"], q[f"{name}.bias"], 1e-5)
    samples = [leaf(rng.standard_normal((t, n))) for t in lengths]
    flow = [rng.standard_normal((t, H)).astype(np.float32) for t in lengths]
    total = torch.zeros(())
    for sample, seeds in zip(samples, flow):
        h = c = torch.zeros(H)
        for row, seed in zip(sample, seeds):
            i, f, g, o = (norm("norm_x", q["W"] @ row) + norm("norm_h", q["U"] @ h)).chunk(4)
            c = torch.sigmoid(f + 1.0) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(norm("norm_c", c))
            total = total + h @ torch.tensor(seed, dtype=torch.float64)
    total.backward()
    compare("layer norm", model.backward({"x": [s.detach().numpy() for s in samples]}, values, {"y": flow}), p, {"x": samples})


def alignment():
    K = 5
    model, values, p = prepare(f"""model m {{
  input x : real[{n}] on frame
  input letters : token({K}) on letter
  output logits = dense({K})(bidirectional(gru({H}))(x))
  loss ctc(collect(logits, per = sample), collect(letters, per = sample))
}}
""")
    [path] = {path.rsplit(".forward", 1)[0] for path in p if ".forward" in path}

    def gru(q, rows):
        h, out = torch.zeros(H), []
        for row in rows:
            wr, wz, wn = (q["W"] @ row + q["b"]).chunk(3)
            ur, uz = (q["U"] @ h).chunk(2)
            r, z = torch.sigmoid(wr + ur), torch.sigmoid(wz + uz)
            h = (1 - z) * torch.tanh(wn + r * (q["Un"] @ h + q["bn"])) + z * h
            out.append(h)
        return torch.stack(out)

    labels = [[1, 2, 2], [], [3], [4, 1, 3, 1], [2]]
    samples = [leaf(rng.standard_normal((t, n))) for t in [7, 4, 1, 13, 2]]
    losses = []
    for sample, letters in zip(samples, labels):
        rows = torch.cat([gru(part(p, f"{path}.forward"), sample), gru(part(p, f"{path}.backward"), sample.flip(0)).flip(0)], 1)
        scores = torch.log_softmax(rows @ p["logits.W"].T + p["logits.b"], 1)
        losses.append(F.ctc_loss(scores[:, None], torch.tensor(letters, dtype=torch.int64)[None], [len(sample)], [len(letters)], reduction="sum"))
    loss = sum(losses) / len(losses)
    loss.backward()
    got = model.backward({"x": [s.detach().numpy() for s in samples], "letters": [np.array(l, np.int64) for l in labels]}, values)
    check("alignment, loss", got.loss["loss"], loss.item(), 1e-5)
    compare("alignment", got, p, {"x": samples})


def documents():
    """Words in sentences, pooled by a softmax, and sentences by three poolings; empty sentences do not exist."""
    V, C = 9, 3
    model, values, p = prepare(f"""model m {{
  input words : token({V}) on word in sentence
  input weight : real on sentence
  input label : token({C}) on sample
  h = rnn({H})(embed({n})(words), reset = after(sentence))
  by_word = attention_pool(4)
  s = by_word(collect(h, per = sentence)) * weight
  m = collect(s, per = sample)
  by_sentence = attention_pool(4)
  logits = dense({C})(concat(by_sentence(m), mean_max_pool(m)))
  output best = argmax(logits)
  loss cross_entropy(logits, label)
}}
""")
    [table] = [path for path in p if path.endswith("table")]
    cuts, q = [[3, 0, 5], [1], [2, 4, 1, 0]], part(p, "h")
    weight = [leaf(rng.standard_normal(len(c))) for c in cuts]
    words, scores, labels = [], [], [2, 0, 1]

    def pool(q, rows):
        return torch.softmax(torch.tanh(rows @ q["W"] + q["c"]) @ q["u"], 0) @ rows

    for lengths, gains in zip(cuts, weight):
        document = []
        words.append(rng.integers(0, V, sum(lengths)))
        for begin, length, gain in zip(np.cumsum([0, *lengths]), lengths, gains):
            h, rows = torch.zeros(H), []
            for token in words[-1][begin:begin + length]:
                h = torch.tanh(q["W"] @ p[table][token] + q["U"] @ h + q["b"])
                rows.append(h)
            if rows:
                document.append(pool(part(p, "by_word"), torch.stack(rows)) * gain)
        rows = torch.stack(document)
        read = torch.cat([pool(part(p, "by_sentence"), rows), rows.mean(0), rows.max(0).values])
        scores.append(p["logits.W"] @ read + p["logits.b"])
    loss = F.cross_entropy(torch.stack(scores), torch.tensor(labels))
    loss.backward()
    got = model.backward({"words": words, "weight": [w.detach().numpy() for w in weight], "label": labels}, values, segments={"word": cuts})
    check("documents, loss", got.loss["loss"], loss.item(), 1e-5)
    compare("documents", got, p, {"weight": weight})


def parts():
    """A loss moves what it trains and, through that alone, nothing else; what is frozen still hands on to inputs."""
    model, values, p = prepare(f"""model m {{
  input x : real[{n}] on step
  enc = lstm({H})
  h = enc(x)
  output ahead = dense({n})(h)
  output back = dense({n})(h)
  loss mse(ahead, next(x)) trains enc, ahead
  loss second = mean(abs(back), axis = 0) trains back.W
}}
""")
    samples = [leaf(rng.standard_normal((t, n))) for t in [6, 2]]
    first, second, ticks, nexts = torch.zeros(()), torch.zeros(()), 8, 6
    for sample in samples:
        h = run_lstm(part(p, "enc"), sample)
        ahead, back = (h @ p[f"{name}.W"].T + p[f"{name}.b"] for name in ("ahead", "back"))
        first = first + ((ahead[:-1] - sample[1:]) ** 2).mean(1).sum() / nexts
        second = second + back.abs().mean(1).sum() / ticks
    by_hand = {**{path: first for path in p if not path.startswith("back.")}, "back.W": second}
    want = {path: torch.autograd.grad(loss, p[path], retain_graph=True)[0].numpy() for path, loss in by_hand.items()}
    inputs = [g.numpy() for g in torch.autograd.grad(first + second, samples)]
    got = model.backward({"x": [s.detach().numpy() for s in samples]}, values)
    for path, numbers in want.items():
        check_gradient(f"parts, {path}", got.d[path], numbers)
    check("parts, what no loss moves", got.d["back.b"], np.zeros(n), 0)
    check_gradient("parts, x", got.d["x"], np.concatenate(inputs))


for part_of_test in (language_model, translation, normalised, alignment, documents, parts):
    attempt(part_of_test.__name__, part_of_test)
finish()
