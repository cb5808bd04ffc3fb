"""PyTorch behind backproof's adapter protocol: ONNX operators in terms of torch, gradients by its autograd.

An operator is one function from its inputs and attributes to its outputs, in operators/, with a tiny case on which
dtypes and modes are tried at start: what works differs from release to release, and between CPUs. Where the semantics
of ONNX and torch differ, the function translates; what torch cannot do at all raises NotImplementedError.
"""
import ctypes
import glob
import importlib.util
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "python"))
from backproof_adapter import Tensor, serve  # noqa: E402  before torch, which may print

import torch  # noqa: E402
import torch.autograd.forward_ad as forward_ad  # noqa: E402
from offering import OPS  # noqa: E402

DTYPES = {"f64": torch.float64, "f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
NAMES = {torch_type: name for name, torch_type in DTYPES.items()}
TYPES = dict(DTYPES, i64=torch.int64)

for path in sorted(glob.glob(os.path.join(HERE, "operators", "*.py"))):
    spec = importlib.util.spec_from_file_location("operators." + os.path.basename(path)[:-3], path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))

# Between the wire and torch


def to_torch(t):
    if t is None:
        return None
    if len(t.data) == 0:
        return torch.empty(t.shape, dtype=TYPES[t.dtype])
    return torch.frombuffer(bytearray(t.data), dtype=TYPES[t.dtype]).reshape(t.shape)


def to_wire(t):
    if t is None:
        return None
    t = t.detach().contiguous()
    data = ctypes.string_at(t.data_ptr(), t.numel() * t.element_size()) if t.numel() else b""
    return Tensor(NAMES[t.dtype], tuple(t.shape), data)


# Derivatives


def vjp(function, x, attrs, cotangents, needs_grad):
    asked = [k for k, needed in enumerate(needs_grad) if needed]
    for k in asked:
        x[k].requires_grad_()
    pairs = [(y, v) for y, v in zip(function(x, attrs), cotangents) if v is not None and y.requires_grad]
    found = torch.autograd.grad([y for y, _ in pairs], [x[k] for k in asked], [v for _, v in pairs],
                                allow_unused=True) if pairs and asked else [None] * len(asked)
    grads = dict(zip(asked, found))
    return [grads.get(k) for k in range(len(x))]


def jvp(function, x, attrs, tangents):
    with forward_ad.dual_level():
        duals = [t if u is None else forward_ad.make_dual(t, u) for t, u in zip(x, tangents)]
        outputs = [forward_ad.unpack_dual(y) for y in function(duals, attrs)]
        # No tangent: the output does not depend on what moves.
        return [torch.zeros_like(y.primal) if y.tangent is None else y.tangent.clone() for y in outputs]


def run(r):
    if (r.domain, r.op) not in OPS:
        raise NotImplementedError("no %s::%s" % (r.domain, r.op))
    function, x = OPS[r.domain, r.op][0], [to_torch(t) for t in r.inputs]
    cotangents, tangents = [to_torch(t) for t in r.cotangents], [to_torch(t) for t in r.tangents]
    try:
        if r.mode == "vjp":
            results = vjp(function, x, r.attrs, cotangents, r.needs_grad)
        elif r.mode == "jvp":
            results = jvp(function, x, r.attrs, tangents)
        else:
            results = function(x, r.attrs)
    except RuntimeError as e:
        if "not implemented for" in str(e):  # how torch says that a kernel lacks a dtype
            raise NotImplementedError(str(e))
        raise
    return [to_wire(t) for t in results]


# What works here


def tiny(shape, dtype):
    if shape is None:
        return None
    if shape == "labels":
        return torch.tensor([0, 1])
    if len(shape) == 2 and isinstance(shape[0], tuple):
        return torch.tensor(shape[1]).reshape(shape[0])
    if shape == "weights":
        shape = (3,)
    return torch.linspace(0.1, 0.9, torch.Size(shape).numel(), dtype=torch.float64).to(dtype).reshape(shape)


def works(function, shapes, attrs, mode, dtype):
    x = [tiny(s, dtype) for s in shapes]
    needs = [t is not None and t.is_floating_point() and s != "weights" for t, s in zip(x, shapes)]
    try:
        y = function([t if t is None else t.clone() for t in x], attrs)
        if mode == "vjp":
            vjp(function, x, attrs, [torch.ones_like(t) for t in y], needs)
        elif mode == "jvp":
            jvp(function, x, attrs, [t.clone() if n else None for t, n in zip(x, needs)])
        return True
    except Exception:
        return False


def describe():
    offered = []
    for (domain, name), (function, shapes, attrs, limits) in OPS.items():
        by_modes = {}
        for dtype in DTYPES:
            modes = tuple(m for m in ("forward", "vjp", "jvp") if works(function, shapes, attrs, m, DTYPES[dtype]))
            if modes:
                by_modes.setdefault(modes, []).append(dtype)
        for modes, dtypes in by_modes.items():
            entry = {"op": name, "domain": domain, "modes": list(modes), "dtypes": dtypes, "native": True}
            offered.append(dict(entry, limits=limits) if limits else entry)
    return offered


if __name__ == "__main__":
    torch.set_num_threads(1)
    serve({"name": "torch", "version": "1", "framework": "torch", "framework_version": torch.__version__,
           "language": "python"}, describe, run)
