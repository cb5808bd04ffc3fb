"""PyTorch behind backproof's adapter protocol: ONNX operators in terms of torch, gradients by its autograd.

An operator is one function from its inputs and attributes to its outputs, in operators/, with a tiny case on which
dtypes and modes are tried at start: what works differs from release to release, and between CPUs. Where the semantics
of ONNX and torch differ, the function translates; what torch cannot do at all raises NotImplementedError.
"""
import ctypes
import functools
import glob
import importlib.util
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "python"))
from backproof_adapter import Answer, Tensor, serve  # noqa: E402  before torch, which may print

import torch  # noqa: E402
import torch.autograd.forward_ad as forward_ad  # noqa: E402
from offering import OPS  # noqa: E402

DTYPES = {"f64": torch.float64, "f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
TYPES = dict(DTYPES, i64=torch.int64)
NAMES = {torch_type: name for name, torch_type in TYPES.items()}

for path in sorted(glob.glob(os.path.join(HERE, "operators", "*.py"))):
    spec = importlib.util.spec_from_file_location("operators." + os.path.basename(path)[:-3], path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))

# Between the wire and torch


UNDER = ["strided", "expanded", "unaligned", "aliased", "retained", "threads", "watched", "accumulated", "shared"]


def to_torch(t, under=""):
    if t is None:
        return None
    dtype = TYPES[t.dtype]
    if len(t.data) == 0:
        return torch.empty(t.shape, dtype=dtype)
    if under == "unaligned":
        width = torch.empty((), dtype=dtype).element_size()
        return torch.frombuffer(bytearray(width) + bytearray(t.data), dtype=dtype, offset=width).reshape(t.shape)
    x = torch.frombuffer(bytearray(t.data), dtype=dtype).reshape(t.shape)
    if under == "strided":  # the axes in the opposite order, and room for a second element behind each
        memory = torch.empty(tuple(reversed(t.shape)) + (2,), dtype=dtype).fill_(-1)
        return memory[..., 0].permute(*reversed(range(len(t.shape)))).copy_(x) if t.shape else x
    if under == "expanded" and bool((x == x.reshape(-1)[0]).all()):
        return x.reshape(-1)[0].clone().expand(t.shape)
    return x


def twins(x, k):
    """The first input with the elements of input k."""
    for j in range(k):
        if x[j] is not None and x[j].shape == x[k].shape and x[j].dtype == x[k].dtype and torch.equal(x[j], x[k]):
            return j
    return k


def operands(r):
    x = [to_torch(t, "" if r.under == "expanded" else r.under) for t in r.inputs]
    for k in range(len(x)):
        first = twins(x, k) if r.under in ("aliased", "shared") and x[k] is not None else k
        if first != k:
            x[k] = x[first] if r.under == "shared" else x[first].detach()
    return x, [to_torch(t, r.under) for t in r.cotangents]


def to_wire(t):
    if t is None:
        return None
    t = t.detach().contiguous()
    data = ctypes.string_at(t.data_ptr(), t.numel() * t.element_size()) if t.numel() else b""
    return Tensor(NAMES[t.dtype], tuple(t.shape), data)


# Derivatives


def vjp(function, x, attrs, cotangents, needs_grad, under=""):
    # An input that is shared is one leaf, and gets its whole gradient where it stands first.
    asked = [k for k, needed in enumerate(needs_grad) if needed and not any(x[j] is x[k] for j in range(k))]
    for k in asked:
        x[k].requires_grad_()
    pairs = [(y, v) for y, v in zip(function(x, attrs), cotangents) if v is not None and y.requires_grad]
    if not pairs or not asked:
        return [None] * len(x)
    outputs, inputs, v = [y for y, _ in pairs], [x[k] for k in asked], [v for _, v in pairs]
    if under == "accumulated":
        for again in (True, False):
            torch.autograd.backward(outputs, v, retain_graph=again)
        found = [t.grad for t in inputs]
    else:
        if under == "retained":
            torch.autograd.grad(outputs, inputs, v, allow_unused=True, retain_graph=True)
        found = torch.autograd.grad(outputs, inputs, v, allow_unused=True)
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
    function, (x, cotangents) = OPS[r.domain, r.op][0], operands(r)
    tangents = [to_torch(t) for t in r.tangents]
    torch.set_num_threads(4 if r.under == "threads" else 1)
    try:
        if r.mode == "vjp":
            results = vjp(function, x, r.attrs, cotangents, r.needs_grad, r.under)
        elif r.mode == "jvp":
            results = jvp(function, x, r.attrs, tangents)
        else:
            results = function(x, r.attrs)
    except NotImplementedError:  # which is a RuntimeError too
        raise
    except RuntimeError as e:
        if "not implemented for" in str(e):  # how torch says that a kernel lacks a dtype
            raise NotImplementedError(str(e))
        raise ValueError(str(e))  # torch refuses a case of an op that was offered
    return Answer([to_wire(t) for t in results], changed(r, x, cotangents))


def changed(r, x, cotangents):
    """The operands that are no longer what was given."""
    return ["%s.%d" % (kind, k) for kind, given, now in (("in", r.inputs, x), ("cot", r.cotangents, cotangents))
            for k, t in enumerate(given) if t is not None and bytes(to_wire(now[k]).data) != bytes(t.data)]


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


def movable(shapes):
    """The inputs that could have a gradient."""
    return [k for k, s in enumerate(shapes)
            if s not in (None, "weights") and tiny(s, torch.float64).is_floating_point()]


def works(function, shapes, attrs, mode, dtype, inputs):
    x = [tiny(s, dtype) for s in shapes]
    needs = [k in inputs for k in range(len(x))]
    try:
        y = function([t if t is None else t.clone() for t in x], attrs)
        if mode == "vjp":
            vjp(function, x, attrs, [torch.ones_like(t) for t in y], needs)
        elif mode == "jvp":
            jvp(function, x, attrs, [t.clone() if n else None for t, n in zip(x, needs)])
        return True
    except Exception:
        return False


def modes(function, shapes, attrs, dtype):
    """What works, and the inputs whose gradients torch does not give (it says so, of a target for instance)."""
    works_with = functools.partial(works, function, shapes, attrs, dtype=dtype)
    inputs = movable(shapes)
    found = [m for m in ("forward", "vjp", "jvp") if works_with(m, inputs=inputs)]
    if "vjp" in found or "forward" not in found:
        return tuple(found), ()
    given = [k for k in inputs if works_with("vjp", inputs=[k])]
    if not given or not works_with("vjp", inputs=given):
        return tuple(found), ()
    found += [m for m in ("vjp", "jvp") if m not in found and works_with(m, inputs=given)]
    return tuple(found), tuple(k for k in inputs if k not in given)


def describe():
    offered = []
    for (domain, name), (function, shapes, attrs, limits) in OPS.items():
        by_modes = {}
        for dtype in DTYPES:
            works_here, no_grad = modes(function, shapes, attrs, DTYPES[dtype])
            if works_here:
                by_modes.setdefault((works_here, no_grad), []).append(dtype)
        for (works_here, no_grad), dtypes in by_modes.items():
            entry = {"op": name, "domain": domain, "modes": list(works_here), "dtypes": dtypes, "native": True}
            if no_grad:
                entry["no_grad"] = list(no_grad)
            offered.append(dict(entry, limits=limits) if limits else entry)
    return {"ops": offered, "under": UNDER}


if __name__ == "__main__":
    serve({"name": "torch", "version": "1", "framework": "torch", "framework_version": torch.__version__,
           "language": "python"}, describe, run)
