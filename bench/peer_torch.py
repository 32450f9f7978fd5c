"""A participant (see participant.py): PyTorch. Its own layers where it has them, else the cell's equations, with the
product of the inputs in front of the loop: eager, scripted, and compiled with the loop unrolled. The fastest counts."""
import os
import warnings

import torch
import torch._dynamo
import torch._inductor.config
from torch.nn.functional import layer_norm, linear

from participant import Runner, fastest, serve

LAYERS = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}


class Cell(torch.nn.Module):
    """Holds the parameters W [gates * hidden, inputs] and U [gates * hidden, hidden]."""

    def __init__(self, case, gates=4):
        super().__init__()
        self.hidden = case.hidden
        self.W = torch.from_numpy(case.read("y.W", gates * case.hidden, case.inputs))
        self.U = torch.from_numpy(case.read("y.U", gates * case.hidden, case.hidden))


class Highway(Cell):
    """models/highway.rondo"""

    def __init__(self, case):
        super().__init__(case)
        self.b = torch.from_numpy(case.read("y.b", 4 * case.hidden))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inputs = linear(x, self.W, self.b)
        h = torch.zeros(x.shape[1], self.hidden)
        c = h
        outputs = []
        for t in range(x.shape[0]):
            i, f, g, o = torch.addmm(inputs[t], h, self.U.t()).chunk(4, 1)
            keep, write = torch.sigmoid(f), torch.sigmoid(o)
            c = keep * c + (1 - keep) * torch.sigmoid(i) * torch.tanh(g)
            h = write * torch.tanh(c) + (1 - write) * h
            outputs.append(h)
        return torch.stack(outputs)


class LayerNormLstm(Cell):
    """models/layer_norm_lstm.rondo"""

    def __init__(self, case):
        super().__init__(case)
        for name, size in (("x", 4 * case.hidden), ("h", 4 * case.hidden), ("c", case.hidden)):
            for part in ("gain", "bias"):
                setattr(self, f"{part}_{name}", torch.from_numpy(case.read(f"y.norm_{name}.{part}", size)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n = self.hidden
        inputs = layer_norm(linear(x, self.W), [4 * n], self.gain_x, self.bias_x, 1e-5)
        h = torch.zeros(x.shape[1], n)
        c = h
        outputs = []
        for t in range(x.shape[0]):
            recurrent = layer_norm(torch.mm(h, self.U.t()), [4 * n], self.gain_h, self.bias_h, 1e-5)
            i, f, g, o = (inputs[t] + recurrent).chunk(4, 1)
            c = torch.sigmoid(f + 1) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(layer_norm(c, [n], self.gain_c, self.bias_c, 1e-5))
            outputs.append(h)
        return torch.stack(outputs)


class Clockwork(torch.nn.Module):
    """models/clockwork.rondo: of modules that do not tick nothing is computed."""

    def __init__(self, case):
        super().__init__()
        n, g = case.hidden // case.modules, case.modules
        self.size = n
        self.W, self.U, self.b = [], [], []
        for k in range(g):  # the columns of W: the input's, those of the slower modules. Those go with U
            w = torch.from_numpy(case.read(f"m.{k}.W", n, case.inputs + (g - 1 - k) * n))
            u = torch.from_numpy(case.read(f"m.{k}.U", n, n))
            self.W.append(w[:, :case.inputs].contiguous())
            self.U.append(torch.cat([u, w[:, case.inputs:]], 1).t().contiguous())
            self.b.append(torch.from_numpy(case.read(f"m.{k}.b", n)))
        self.out = torch.from_numpy(case.read("y.W", 1, case.hidden)), torch.from_numpy(case.read("y.b", 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n = self.size
        h = torch.zeros(x.shape[1], n * len(self.W))
        inputs = [linear(x[::2 ** k], w, b) for k, (w, b) in enumerate(zip(self.W, self.b))]
        outputs = []
        for t in range(x.shape[0]):
            due = [torch.tanh(torch.addmm(inputs[k][t >> k], h[:, k * n:], u))
                   for k, u in enumerate(self.U) if t % 2 ** k == 0]
            h = torch.cat(due + [h[:, len(due) * n:]], 1)
            outputs.append(h)
        return linear(torch.stack(outputs), *self.out)


CELLS = {"highway": Highway, "layer_norm_lstm": LayerNormLstm, "clockwork": Clockwork}


def library_layer(case):
    layer = LAYERS[case.cell](case.inputs, case.hidden, case.layers, bidirectional=case.directions == 2)
    for k in range(case.layers):
        for direction in range(case.directions):
            path = "y" if case.layers == 1 else f"y.layer.{k}"
            if case.directions == 2:
                path = ("y.forward", "y.backward")[direction]
            suffix = f"_l{k}" + ("_reverse" if direction else "")
            second = torch.zeros_like(getattr(layer, "bias_hh" + suffix))
            u = case.read(path + ".U", -1, case.hidden)
            if case.cell == "gru":
                u = torch.cat([torch.from_numpy(u), torch.from_numpy(case.read(path + ".Un", -1, case.hidden))])
                second[2 * case.hidden:] = torch.from_numpy(case.read(path + ".bn", case.hidden))
            w = case.read(path + ".W", getattr(layer, "weight_ih" + suffix).shape[0], -1)
            for name, value in (("weight_ih", w), ("weight_hh", u), ("bias_ih", case.read(path + ".b", -1)),
                                ("bias_hh", second)):
                getattr(layer, name + suffix).copy_(torch.as_tensor(value))
    return layer


def prepare(case):
    x = torch.from_numpy(case.x())
    torch._dynamo.reset()
    if case.cell in LAYERS:
        layer = library_layer(case).eval()
        ways = {"eager": lambda x: layer(x)[0]}
        if case.cell == "lstm":  # the others are unrolled, which takes long and stays far behind the best peer
            ways["compiled"] = torch.compile(ways["eager"])
    elif case.cell in CELLS:
        net = CELLS[case.cell](case).eval()
        ways = {"eager": net, "compiled": torch.compile(net)}
        if case.cell != "clockwork":  # whose lists of matrices cannot be scripted
            ways["scripted"] = torch.jit.freeze(torch.jit.script(net))
    else:
        raise LookupError("it has no such cell")
    outputs = {}

    def runner(name, way):
        def run():
            outputs[name] = way(x)
        for _ in range(3):  # compiles, and profiles where it is scripted
            run()
        return Runner(name, run, lambda: outputs[name].numpy())

    return fastest([runner(name, way) for name, way in ways.items()])


if __name__ == "__main__":
    warnings.filterwarnings("ignore", category=FutureWarning)  # that scripts are deprecated
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch._inductor.config.freezing = True  # packs the weights
    torch._dynamo.config.allow_rnn = True
    with torch.inference_mode():
        serve(f"PyTorch {torch.__version__.split('+')[0]}", prepare)
