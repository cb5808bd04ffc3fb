"""A whole adapter in Python: the sigmoid and its gradient, in f64."""
import math
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "adapters" / "python"))
from backproof_adapter import Tensor, serve  # noqa: E402


def numbers(t):
    return struct.unpack(f"<{len(t.data) // 8}d", t.data)


def sigmoid(x):
    e = math.exp(-abs(x))
    return e / (1 + e) if x < 0 else 1 / (1 + e)


def run(r):
    x = r.inputs[0]
    y = [sigmoid(v) for v in numbers(x)]
    if r.mode == "vjp":
        y = [g * s * sigmoid(-v) for g, s, v in zip(numbers(r.cotangents[0]), y, numbers(x))]
    return [Tensor("f64", x.shape, struct.pack(f"<{len(y)}d", *y))]


serve({"name": "sigmoid", "version": "1.0", "language": "python"},
      describe=lambda: [{"op": "Sigmoid", "domain": "ai.onnx", "modes": ["forward", "vjp"], "dtypes": ["f64"]}], run=run)
