"""A participant (see participant.py): PyTorch. Its own layers where it has them, else the cell's equations, with the
product of the inputs in front of the loop: eager, scripted, and compiled with the loop unrolled. The fastest counts.
Gradients are those of autograd."""
import os
import warnings

import numpy
import torch
import torch._dynamo
import torch._inductor.config
from torch.nn.functional import layer_norm, linear

from participant import Runner, fastest, serve

LAYERS = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}


def parameter(values):
    return torch.nn.Parameter(torch.as_tensor(values))


class Cell(torch.nn.Module):
    """Holds the parameters W [gates * hidden, inputs] and U [gates * hidden, hidden]."""

    def __init__(self, case, gates=4):
        super().__init__()
        self.hidden = case.hidden
        self.W = parameter(case.read("y.W", gates * case.hidden, case.inputs))
        self.U = parameter(case.read("y.U", gates * case.hidden, case.hidden))

    def by_paths(self, gradients):
        """Those of the parameters by their paths in the Rondo model, of those by their names here."""
        return {"y." + name: gradient for name, gradient in gradients.items()}


class Highway(Cell):
    """models/highway.rondo"""

    def __init__(self, case):
        super().__init__(case)
        self.b = parameter(case.read("y.b", 4 * case.hidden))

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
                setattr(self, f"{part}_{name}", parameter(case.read(f"y.norm_{name}.{part}", size)))

    def by_paths(self, gradients):
        return {f"y.norm_{name[-1]}.{name[:-2]}" if "_" in name else "y." + name: gradient
                for name, gradient in gradients.items()}

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
        self.W, self.U, self.b = (torch.nn.ParameterList() for _ in range(3))
        for k in range(g):  # the columns of W: the input's, those of the slower modules. Those go with U
            w = torch.from_numpy(case.read(f"m.{k}.W", n, case.inputs + (g - 1 - k) * n))
            u = torch.from_numpy(case.read(f"m.{k}.U", n, n))
            self.W.append(parameter(w[:, :case.inputs].contiguous()))
            self.U.append(parameter(torch.cat([u, w[:, case.inputs:]], 1).t().contiguous()))
            self.b.append(parameter(case.read(f"m.{k}.b", n)))
        self.out, self.out_b = parameter(case.read("y.W", 1, case.hidden)), parameter(case.read("y.b", 1))

    def by_paths(self, gradients):
        found = {"y.W": gradients["out"], "y.b": gradients["out_b"]}
        for k in range(len(self.W)):
            joined = gradients[f"U.{k}"].T
            found[f"m.{k}.U"] = joined[:, :self.size]
            found[f"m.{k}.W"] = numpy.concatenate([gradients[f"W.{k}"], joined[:, self.size:]], 1)
            found[f"m.{k}.b"] = gradients[f"b.{k}"]
        return found

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
        return linear(torch.stack(outputs), self.out, self.out_b)


CELLS = {"highway": Highway, "layer_norm_lstm": LayerNormLstm, "clockwork": Clockwork}


class Layers(torch.nn.Module):
    """PyTorch's own."""

    def __init__(self, case):
        super().__init__()
        self.hidden = case.hidden
        self.net = LAYERS[case.cell](case.inputs, case.hidden, case.layers, bidirectional=case.directions == 2)
        self.paths = {}  # by the ends of parameters' names
        for k in range(case.layers):
            for direction in range(case.directions):
                path = "y" if case.layers == 1 else f"y.layer.{k}"
                if case.directions == 2:
                    path = ("y.forward", "y.backward")[direction]
                self.paths[f"_l{k}" + ("_reverse" if direction else "")] = path
        for suffix, path in self.paths.items():
            second = getattr(self.net, "bias_hh" + suffix)
            torch.nn.init.zeros_(second)
            u = case.read(path + ".U", -1, case.hidden)
            if case.cell == "gru":
                u = numpy.concatenate([u, case.read(path + ".Un", -1, case.hidden)])
                second.data[2 * case.hidden:] = torch.from_numpy(case.read(path + ".bn", case.hidden))
            else:
                second.requires_grad_(False)  # it is not in the model
            w = case.read(path + ".W", getattr(self.net, "weight_ih" + suffix).shape[0], -1)
            for name, value in (("weight_ih", w), ("weight_hh", u), ("bias_ih", case.read(path + ".b", -1))):
                getattr(self.net, name + suffix).data.copy_(torch.as_tensor(value))

    def forward(self, x):
        return self.net(x)[0]

    def by_paths(self, gradients):
        found, n = {}, self.hidden
        for suffix, path in self.paths.items():
            w, u, b = (gradients[f"net.{name}{suffix}"] for name in ("weight_ih", "weight_hh", "bias_ih"))
            found.update({path + ".W": w, path + ".U": u, path + ".b": b})
            second = gradients.get(f"net.bias_hh{suffix}")
            if second is not None:
                found.update({path + ".U": u[:2 * n], path + ".Un": u[2 * n:], path + ".bn": second[2 * n:]})
        return found


def ways_of(case):
    """The network, and the ways to compute it."""
    if case.cell in LAYERS:
        net = Layers(case)
        # Where it is unrolled that takes long, and stays far behind the best peer.
        if case.cell == "lstm" and not case.train:
            return net, {"eager": net, "compiled": torch.compile(net)}
        return net, {"eager": net}
    if case.cell not in CELLS:
        raise LookupError("it has no such cell")
    net = CELLS[case.cell](case).train(bool(case.train))
    ways = {"eager": net, "compiled": torch.compile(net)}
    if case.cell != "clockwork":  # whose lists of matrices cannot be scripted
        scripted = torch.jit.script(net)
        ways["scripted"] = scripted if case.train else torch.jit.freeze(scripted)
    return net, ways


def prepare(case):
    torch._dynamo.reset()
    with torch.inference_mode(not case.train):
        x = torch.from_numpy(case.x())
        net, ways = ways_of(case)
        if case.train:
            dy = torch.from_numpy(case.dy())
            leaves = {"x": x.requires_grad_(),
                      **{name: leaf for name, leaf in net.named_parameters() if leaf.requires_grad}}
    outputs = {}

    def runner(name, way):
        def run():
            outputs[name] = way(x)

        def run_both_ways():
            with torch.inference_mode(False):
                y = way(x)
                outputs[name] = y, torch.autograd.grad(y, list(leaves.values()), dy)

        def gradients():
            found = dict(zip(leaves, (gradient.numpy() for gradient in outputs[name][1])))
            return found.pop("x"), net.by_paths(found)

        for _ in range(3):  # compiles, and profiles where it is scripted
            run_both_ways() if case.train else run()
        if case.train:
            return Runner(name, run_both_ways, lambda: outputs[name][0].detach().numpy(), gradients)
        return Runner(name, run, lambda: outputs[name].numpy())

    return fastest([runner(name, way) for name, way in ways.items()])


if __name__ == "__main__":
    warnings.filterwarnings("ignore", category=FutureWarning)  # that scripts are deprecated
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch._inductor.config.freezing = True  # packs the weights
    torch._dynamo.config.allow_rnn = True
    with torch.inference_mode():
        serve(f"PyTorch {torch.__version__.split('+')[0]}", prepare)
