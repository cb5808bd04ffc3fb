"""Writes mlp.onnx and cnn.onnx, the example models: make_onnx.py [FOLDER]. Needs protoc (Debian: protobuf-compiler).

The functions write ONNX's messages in protobuf's text format, as the tests do too.
"""
import pathlib
import random
import struct
import subprocess
import sys

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "lib/backproof/network/onnx/onnx.proto"
FLOAT, INT64 = 1, 7


def text(s):
    return '"' + "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else f"\\{ord(c):03o}" for c in s) + '"'


def raw(data):
    return '"' + "".join(f"\\{byte:03o}" for byte in data) + '"'


def dims(extents):
    return " ".join(f"dims: {n}" for n in extents)


def floats(name, extents, numbers):
    return f"name: {text(name)} {dims(extents)} data_type: {FLOAT} raw_data: {raw(struct.pack(f'<{len(numbers)}f', *numbers))}"


def integers(name, extents, numbers):
    return f"name: {text(name)} {dims(extents)} data_type: {INT64} " + " ".join(f"int64_data: {n}" for n in numbers)


def attribute(name, value):
    if isinstance(value, int):
        return f"attribute {{ name: {text(name)} type: 2 i: {value} }}"
    if isinstance(value, float):
        return f"attribute {{ name: {text(name)} type: 1 f: {value!r} }}"
    if isinstance(value, str) and value.startswith("tensor "):
        return f"attribute {{ name: {text(name)} type: 4 t {{ {value[7:]} }} }}"
    if isinstance(value, str):
        return f"attribute {{ name: {text(name)} type: 3 s: {text(value)} }}"
    return f"attribute {{ name: {text(name)} type: 7 " + " ".join(f"ints: {n}" for n in value) + " }"


def node(op, inputs, outputs, name="", **attributes):
    return ("node { " + " ".join(f"input: {text(i)}" for i in inputs) + " " + " ".join(f"output: {text(o)}" for o in outputs)
            + f" op_type: {text(op)} name: {text(name)} " + " ".join(attribute(*a) for a in attributes.items()) + " }")


def value(kind, name, extents, element=FLOAT):
    def dim(n):
        return f"dim {{ dim_param: {text(n)} }}" if isinstance(n, str) else f"dim {{ dim_value: {n} }}"
    return (f"{kind} {{ name: {text(name)} type {{ tensor_type {{ elem_type: {element} "
            f"shape {{ {' '.join(map(dim, extents))} }} }} }} }}")


def model(parts, opset=17):
    return f"ir_version: 8 opset_import {{ version: {opset} }} graph {{ name: \"example\" {' '.join(parts)} }}"


def encode(message):
    done = subprocess.run(["protoc", f"--proto_path={SCHEMA.parent}", "--encode=backproof.onnx.ModelProto", SCHEMA.name],
                          input=message.encode(), stdout=subprocess.PIPE, check=True)
    return done.stdout


def initializer(tensor):
    return f"initializer {{ {tensor} }}"


class Weights:
    """Drawn from one seed, in the order in which they are asked for."""
    def __init__(self, seed):
        self.random = random.Random(seed)

    def normal(self, name, extents, scale, mean=0.0):
        count = 1
        for n in extents:
            count *= n
        return initializer(floats(name, extents, [mean + self.random.gauss(0, scale) for _ in range(count)]))


def mlp():
    """A multilayer perceptron as one exports it for training: with labels, and its loss as the output."""
    w = Weights(1)
    return model([
        value("input", "x", ["batch", 8]), value("input", "labels", ["batch"], INT64), value("output", "loss", []),
        w.normal("fc1.weight", [16, 8], 0.5), w.normal("fc1.bias", [16], 0.1),
        w.normal("fc2.weight", [3, 16], 0.35), w.normal("fc2.bias", [3], 0.1),
        node("Gemm", ["x", "fc1.weight", "fc1.bias"], ["hidden"], "fc1", transB=1),
        node("Relu", ["hidden"], ["active"], "relu"),
        node("Gemm", ["active", "fc2.weight", "fc2.bias"], ["logits"], "fc2", transB=1),
        node("SoftmaxCrossEntropyLoss", ["logits", "labels"], ["loss"], "loss", reduction="mean")])


def cnn():
    """A convolutional network as one exports it for inference: no loss, and its flattening computed from the shape."""
    w = Weights(2)
    return model([
        value("input", "image", ["batch", 1, 8, 8]), value("output", "probability", ["batch", 3]),
        w.normal("conv1.weight", [4, 1, 3, 3], 0.4), w.normal("conv1.bias", [4], 0.1),
        w.normal("bn.weight", [4], 0.2, 1.0), w.normal("bn.bias", [4], 0.1), w.normal("bn.running_mean", [4], 0.1),
        initializer(floats("bn.running_var", [4], [0.75, 1.25, 0.5, 1.0])),
        w.normal("conv2.weight", [2, 4, 3, 3], 0.3), w.normal("fc.weight", [3, 8], 0.5), w.normal("fc.bias", [3], 0.1),
        node("Conv", ["image", "conv1.weight", "conv1.bias"], ["c1"], "conv1", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("BatchNormalization", ["c1", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"], ["n1"], "bn",
             epsilon=1e-05, momentum=0.9),
        node("Relu", ["n1"], ["r1"], "relu1"),
        node("MaxPool", ["r1"], ["p1"], "pool1", kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", ["p1", "conv2.weight"], ["c2"], "conv2", kernel_shape=[3, 3]),
        node("Shape", ["c2"], ["s"], "shape"),
        node("Constant", [], ["first"], "first", value="tensor " + integers("", [], [0])),
        node("Gather", ["s", "first"], ["rows"], "rows", axis=0),
        node("Constant", [], ["axis"], "axis", value="tensor " + integers("", [1], [0])),
        node("Unsqueeze", ["rows", "axis"], ["row_list"], "row_list"),
        node("Constant", [], ["rest"], "rest", value="tensor " + integers("", [1], [-1])),
        node("Concat", ["row_list", "rest"], ["flat_shape"], "flat_shape", axis=0),
        node("Reshape", ["c2", "flat_shape"], ["flat"], "flatten"),
        node("Dropout", ["flat"], ["kept"], "dropout"),
        node("Gemm", ["kept", "fc.weight", "fc.bias"], ["logits"], "fc", transB=1),
        node("Softmax", ["logits"], ["probability"], "softmax", axis=-1)])


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    for name, message in (("mlp", mlp()), ("cnn", cnn())):
        (folder / f"{name}.onnx").write_bytes(encode(message))
