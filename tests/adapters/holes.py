"""Adapters in which nothing is wrong, and something is not there. holes.py WAY; all in f64, or in bf16 where it is said.

    whole             Elu and Concat, forward and VJP
    declines          declines every question
    declines_vjp      declines every VJP, which it offers
    forward           offers no VJP
    picky             Elu for alpha = 1 alone: declines all else
    declares          the same, and says so
    no_such_name      declares values of an attribute that there is not
    without_first     Concat without the gradient of its first input
    first_declared    the same, and says so
    not_passed_over   Concat: an input that needs no gradient is left out, and the next one gets what was its own
    sink              an op of its own, in bf16: Y = X sigmoid(sink), without the gradient of sink
    sink_given        the same, with it
    jump              an op of its own: Y = X + round(shift), without a gradient of shift, which has none
"""
import math
import struct
import sys

import good  # noqa: F401  which finds the SDK
from backproof_adapter import Tensor, serve

WAY = sys.argv[1]


def numbers(t):
    if t.dtype == "bf16":
        return [struct.unpack("<f", b"\0\0" + bytes(t.data[k:k + 2]))[0] for k in range(0, len(t.data), 2)]
    return struct.unpack("<%dd" % (len(t.data) // 8), t.data)


def to_bf16(x):
    if math.isnan(x) or math.isinf(x):
        return struct.pack("<f", x)[2:]
    (bits,) = struct.unpack("<I", struct.pack("<f", x))
    return struct.pack("<H", (bits + 0x7FFF + (bits >> 16 & 1)) >> 16)


def tensor(dtype, shape, values):
    data = b"".join(map(to_bf16, values)) if dtype == "bf16" else struct.pack("<%dd" % len(values), *values)
    return Tensor(dtype, tuple(shape), data)


def like(t, values):
    return tensor(t.dtype, t.shape, values)


def elu(r):
    alpha, x = r.attrs["alpha"], numbers(r.inputs[0])
    if WAY in ("picky", "declares") and alpha != 1:
        raise NotImplementedError("alpha is always 1 here")
    if r.mode == "forward":
        return [like(r.inputs[0], [v if v >= 0 else alpha * math.expm1(v) for v in x])]
    slopes = [1 if v >= 0 else alpha * math.exp(v) for v in x]
    return [like(r.inputs[0], [g * s for g, s in zip(numbers(r.cotangents[0]), slopes)])]


def concat(r):
    axis, shapes = r.attrs["axis"] % len(r.inputs[0].shape), [t.shape for t in r.inputs]
    outer, chunks = math.prod(shapes[0][:axis]), [math.prod(s[axis:]) for s in shapes]
    if r.mode == "forward":
        parts = [numbers(t) for t in r.inputs]
        whole = [v for row in range(outer) for p, c in zip(parts, chunks) for v in p[row * c:(row + 1) * c]]
        shape = list(shapes[0])
        shape[axis] = sum(s[axis] for s in shapes)
        return [tensor(r.dtype, shape, whole)]
    g, width, grads, at = numbers(r.cotangents[0]), sum(chunks), [], 0
    for k, (t, c) in enumerate(zip(r.inputs, chunks)):
        if not r.needs_grad[k]:
            grads.append(None)
            at += 0 if WAY == "not_passed_over" else c
            continue
        grads.append(like(t, [v for row in range(outer) for v in g[row * width + at:row * width + at + c]]))
        at += c
    if WAY in ("without_first", "first_declared"):
        grads[0] = None
    return grads


def sink(r):
    x, s = numbers(r.inputs[0]), 1 / (1 + math.exp(-numbers(r.inputs[1])[0]))
    if r.mode == "forward":
        return [like(r.inputs[0], [v * s for v in x])]
    g = numbers(r.cotangents[0])
    slope = sum(a * b for a, b in zip(g, x)) * s * (1 - s)
    return [like(r.inputs[0], [v * s for v in g]), like(r.inputs[1], [slope]) if WAY == "sink_given" else None]


def jump(r):
    if r.mode == "forward":
        return [like(r.inputs[0], [v + round(numbers(r.inputs[1])[0]) for v in numbers(r.inputs[0])])]
    return [like(r.inputs[0], numbers(r.cotangents[0])), None]


def entry(op, **more):
    modes = ["forward"] if WAY == "forward" else ["forward", "vjp"]
    return dict({"op": op, "domain": "ai.onnx", "modes": modes, "dtypes": ["f64"]}, **more)


def describe():
    if WAY in ("sink", "sink_given"):
        return [entry("Sink", domain="tests", dtypes=["bf16"], signature="X[N], sink[1] -> Y[N]", ranges={"sink": [-2, 2]})]
    if WAY == "jump":
        return [entry("Jump", domain="tests", signature="X[N], shift[1] -> Y[N]", ranges={"shift": [-2, 2]})]
    takes = {"declares": {"attributes": {"alpha": [1]}}, "no_such_name": {"attributes": {"beta": [1]}}}
    return [entry("Elu", **takes.get(WAY, {})), entry("Concat", **({"no_grad": [0]} if WAY == "first_declared" else {}))]


def run(r):
    if WAY == "declines" or (WAY == "declines_vjp" and r.mode == "vjp"):
        raise NotImplementedError("not today")
    return {"Elu": elu, "Concat": concat, "Sink": sink, "Jump": jump}[r.op](r)


serve({"name": "holes", "version": "1", "language": "python"}, describe, run)
