"""A participant (see participant.py): ONNX Runtime's RNN, LSTM and GRU."""
import os

import numpy
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from participant import Runner, serve

OPERATOR = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
# Row block k of ONNX' weights is row block ORDER[k] of Rondo's: i, f, g, o is i, o, f, c there; r, z, n is z, r, h.
ORDER = {"rnn": [0], "lstm": [0, 3, 1, 2], "gru": [1, 0, 2]}


def reordered(case, rows):
    order = ORDER[case.cell]
    blocks = rows.reshape(len(order), case.hidden, -1)
    return blocks[order].reshape(rows.shape)


def weights(case, path, inputs):
    """W [gates * hidden, inputs], R [gates * hidden, hidden] and both biases [2 * gates * hidden] of a direction."""
    gates, hidden = len(ORDER[case.cell]), case.hidden
    w, b = case.read(path + ".W", gates * hidden, inputs), case.read(path + ".b", gates * hidden)
    second = numpy.zeros_like(b)
    if case.cell == "gru":
        u = numpy.concatenate([case.read(path + ".U", 2 * hidden, hidden), case.read(path + ".Un", hidden, hidden)])
        second[2 * hidden:] = case.read(path + ".bn", hidden)
    else:
        u = case.read(path + ".U", gates * hidden, hidden)
    return reordered(case, w), reordered(case, u), numpy.concatenate([reordered(case, b), reordered(case, second)])


def model(case):
    """Layers one behind the other. The last one gives y [steps, directions, batch, hidden]."""
    nodes, constants, stream = [], [], "x"

    def constant(name, array):
        constants.append(numpy_helper.from_array(array, name))
        return name

    for layer in range(case.layers):
        if case.directions == 2:
            paths = ["y.forward", "y.backward"]
        else:
            paths = ["y" if case.layers == 1 else f"y.layer.{layer}"]
        parts = [weights(case, path, case.inputs if layer == 0 else case.hidden) for path in paths]
        w, r, b = (constant(f"{name}{layer}", numpy.stack(part)) for name, part in zip("WRB", zip(*parts)))
        last = layer == case.layers - 1
        attributes = {"hidden_size": case.hidden}
        if case.directions == 2:
            attributes["direction"] = "bidirectional"
        if case.cell == "gru":
            attributes["linear_before_reset"] = 1
        nodes.append(helper.make_node(OPERATOR[case.cell], [stream, w, r, b], ["y" if last else f"y{layer}"],
                                      **attributes))
        if not last:
            nodes.append(helper.make_node("Squeeze", [f"y{layer}", constant(f"axis{layer}", numpy.array([1]))],
                                          [f"x{layer}"]))
            stream = f"x{layer}"
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [case.steps, case.batch, case.inputs])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [case.steps, case.directions, case.batch, case.hidden])
    graph = helper.make_graph(nodes, "net", [x], [y], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def session(case, bytes_of_model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ["OMP_NUM_THREADS"])
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(bytes_of_model, options, providers=["CPUExecutionProvider"])


def prepare(case):
    if case.cell not in OPERATOR:
        raise LookupError("it has no such cell")
    if case.train:
        raise LookupError("it computes no gradients")
    net = session(case, model(case).SerializeToString())
    x = onnxruntime.OrtValue.ortvalue_from_numpy(case.x())
    y = onnxruntime.OrtValue.ortvalue_from_shape_and_type([case.steps, case.directions, case.batch, case.hidden],
                                                          numpy.float32)
    binding = net.io_binding()
    binding.bind_ortvalue_input("x", x)
    binding.bind_ortvalue_output("y", y)
    return Runner("", lambda: net.run_with_iobinding(binding),
                  lambda: y.numpy().transpose(0, 2, 1, 3).reshape(case.steps, case.batch, -1))


if __name__ == "__main__":
    serve(f"ONNX Runtime {onnxruntime.__version__}", prepare)
