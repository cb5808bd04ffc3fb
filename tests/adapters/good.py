"""Sigmoid in f64 and f32 in plain Python: right, or with a planted bug.

    good.py           the gradient g s(x) s(-x)
    good.py wrong     the gradient g s(x): a factor is missing
    good.py lossy     the gradient g s(x) (1-s(x)), which loses its digits where s(x) is near 1
    good.py forward   offers no gradient at all
"""
import math
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "adapters", "python"))
from backproof_adapter import Tensor, serve  # noqa: E402

LETTER = {"f64": "d", "f32": "f"}
MODE = sys.argv[1] if len(sys.argv) > 1 else "right"


def numbers(t):
    return struct.unpack("<%d%s" % (len(t.data) // struct.calcsize(LETTER[t.dtype]), LETTER[t.dtype]), t.data)


def tensor(like, values):
    return Tensor(like.dtype, like.shape, struct.pack("<%d%s" % (len(values), LETTER[like.dtype]), *values))


def sigmoid(x):
    e = math.exp(-abs(x))
    return e / (1 + e) if x < 0 else 1 / (1 + e)


def slope(x):
    if MODE == "lossy":
        return sigmoid(x) * (1 - sigmoid(x))
    return sigmoid(x) * (1 if MODE == "wrong" else sigmoid(-x))


def describe():
    modes = ["forward"] if MODE == "forward" else ["forward", "vjp"]
    return [{"op": "Sigmoid", "domain": "ai.onnx", "modes": modes, "dtypes": ["f64", "f32"], "native": True}]


def run(r):
    if r.op != "Sigmoid" or r.dtype not in LETTER:
        raise NotImplementedError("only Sigmoid in f64 and f32")
    x = r.inputs[0]
    if r.mode == "forward":
        return [tensor(x, [sigmoid(v) for v in numbers(x)])]
    return [tensor(x, [g * slope(v) for g, v in zip(numbers(r.cotangents[0]), numbers(x))])]


if __name__ == "__main__":
    serve({"name": "good", "version": "1", "language": "python"}, describe, run)
