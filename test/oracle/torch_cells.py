# RUN: %python %s %tools
# The recurrent cells of PyTorch with the same weights: layers, directions, packed lengths, initial states; weights
# carried over by hand and by `rondo convert`, there and back.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
import torch
from rondo import *

torch.set_default_dtype(torch.float64)
torch.manual_seed(11)
torch.set_num_threads(1)
rng = np.random.default_rng(11)
n, H, lengths = 3, 4, [6, 1, 9, 4]


def by_hand(kind, module, layers, both):
    """PyTorch's weights under the names of the library's cells; of two biases the sum, but for the GRU's candidate."""
    params = {}
    for layer in range(layers):
        for direction, suffix in (("forward", ""), ("backward", "_reverse")) if both else ((None, ""),):
            get = lambda part: getattr(module, f"{part}_l{layer}{suffix}").detach().numpy()
            W, U, bi, bh = get("weight_ih"), get("weight_hh"), get("bias_ih"), get("bias_hh")
            path = (f"enc.layer.{layer}." if layers > 1 else "enc.") + (f"{direction}." if both else "")
            if kind == "gru":
                joined = np.concatenate([bi[:2 * H] + bh[:2 * H], bi[2 * H:]])
                values = {"W": W, "U": U[:2 * H], "Un": U[2 * H:], "b": joined, "bn": bh[2 * H:]}
            else:
                values = {"W": W, "U": U, "b": bi + bh}
            params.update({path + name: value for name, value in values.items()})
    return params


def convert(options, tensors):
    with tempfile.TemporaryDirectory() as work:
        source, target = os.path.join(work, "in.safetensors"), os.path.join(work, "out.safetensors")
        write_safetensors(source, tensors)
        call(["convert", *options, source, target])
        return read_safetensors(target)


def model(recipe, layers, both):
    cell = f"bidirectional({recipe})" if both else recipe
    enc = f"stack({layers} * {cell})" if layers > 1 else cell
    return f"model m {{\n  input x : real[{n}] on step\n  enc = {enc}\n  output y = enc(x)\n}}\n"


def packed(module, samples):
    padded = torch.nn.utils.rnn.pad_sequence([torch.tensor(s) for s in samples], batch_first=True)
    packs = torch.nn.utils.rnn.pack_padded_sequence(padded, [len(s) for s in samples], batch_first=True, enforce_sorted=False)
    out, _ = torch.nn.utils.rnn.pad_packed_sequence(module(packs)[0], batch_first=True)
    return [out[k, :len(s)].detach().numpy() for k, s in enumerate(samples)]


def compare(recipe, kind, make, layers, both):
    name = f"{recipe}, {layers} layers" + (", both directions" if both else "")
    module = make(n, H, num_layers=layers, bidirectional=both, batch_first=True)
    samples = [rng.standard_normal((t, n)) for t in lengths]
    want = packed(module, samples)
    params = by_hand(kind, module, layers, both)
    text = model(recipe, layers, both)
    check(f"{name}, by hand", run(text, {"x": samples}, params).out["y"], want)

    state = {f"net.{key}": value.detach().numpy() for key, value in module.state_dict().items()}
    there = convert(["--from", "pytorch", "--to", "rondo", "--map", f"{kind}:enc=net"], state)
    if sorted(there) != sorted(params):
        return fail(f"{name}, converted names", f"{sorted(there)} instead of {sorted(params)}")
    check(f"{name}, converted", run(text, {"x": samples}, there).out["y"], want)
    for path in params:
        check(f"{name}, converted {path}", there[path], params[path], 0)

    # Back, and from there again: the same bits. What PyTorch then computes is the same function.
    back = convert(["--from", "rondo", "--to", "pytorch", "--map", f"{kind}:net=enc"], there)
    expect(f"{name}, names back in PyTorch", sorted(back) == sorted(state))
    again = convert(["--from", "pytorch", "--to", "rondo", "--map", f"{kind}:enc=net"], back)
    expect(f"{name}, bits of a round trip", sorted(again) == sorted(there)
           and all(again[p].tobytes() == there[p].tobytes() for p in there))
    module.load_state_dict({key[4:]: torch.tensor(value.copy()) for key, value in back.items()})
    check(f"{name}, back in PyTorch", packed(module, samples), want)


CELLS = [(f"rnn({H})", "rnn", torch.nn.RNN), (f"rnn({H}, act = relu)", "rnn", lambda *a, **k: torch.nn.RNN(*a, nonlinearity="relu", **k)),
         (f"lstm({H})", "lstm", torch.nn.LSTM), (f"gru({H})", "gru", torch.nn.GRU)]
for recipe, kind, make in CELLS:
    for layers, both in ((1, False), (2, False), (3, False), (1, True), (2, True), (3, True)):
        attempt(f"{recipe}, {layers}", compare, recipe, kind, make, layers, both)


def initial_states():
    """States given by inputs of the model, a value a sample (T9, N8)."""
    samples = [rng.standard_normal((t, n)) for t in lengths]
    h0, c0 = rng.standard_normal((4, H)), rng.standard_normal((4, H))
    for recipe, kind, make in CELLS:
        given = "h = spread(h0, to = step)" + (", c = spread(c0, to = step)" if kind == "lstm" else "")
        text = (f"model m {{\n  input x : real[{n}] on step\n  input h0 : real[{H}] on sample\n  input c0 : real[{H}] on sample\n"
                f"  enc = {recipe}\n  y = enc(x, {given})\n  output y\n  output final = enc.h' when sample\n"
                "  output copy = c0\n}\n")
        module = make(n, H, batch_first=True)
        got = run(text, {"x": samples, "h0": h0, "c0": c0}, by_hand(kind, module, 1, False))
        for k, sample in enumerate(samples):
            start = torch.tensor(h0[k]).reshape(1, 1, H)
            if kind == "lstm":
                start = (start, torch.tensor(c0[k]).reshape(1, 1, H))
            out = module(torch.tensor(sample)[None], start)[0][0].detach().numpy()
            check(f"{recipe}, initial state, sample {k}", got.out["y"][k], out)
            check(f"{recipe}, final state, sample {k}", got.out["final"][k][0], out[-1])


attempt("initial states", initial_states)
finish()
