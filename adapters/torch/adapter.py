"""PyTorch behind backproof's adapter protocol: ONNX operators in terms of torch, gradients by its autograd.

An operator is one function from its inputs and attributes to its outputs, with a tiny case on which dtypes and modes
are tried at start: what works differs from release to release, and between CPUs. Where the semantics of ONNX and
torch differ, the function translates; what torch cannot do at all raises NotImplementedError.
"""
import ctypes
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))
from backproof_adapter import Tensor, serve  # noqa: E402  before torch, which may print

import torch  # noqa: E402
import torch.autograd.forward_ad as forward_ad  # noqa: E402
import torch.nn.functional as F  # noqa: E402

DTYPES = {"f64": torch.float64, "f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
NAMES = {torch_type: name for name, torch_type in DTYPES.items()}
TYPES = dict(DTYPES, i64=torch.int64)
OPS = {}


def op(shapes, domain="ai.onnx", limits=None, **attrs):
    """Registers a function under its name. `shapes` are those of the inputs of the tiny case, `attrs` its attributes.
    "labels" and "weights" stand for such inputs of a loss over three classes, which have no gradient."""

    def register(function):
        OPS[domain, function.__name__] = (function, shapes, attrs, limits)
        return function

    return register


# Gates


@op([(2, 1), (3,)])
def Add(x, a):
    return [x[0] + x[1]]


@op([(2, 1), (3,)])
def Sub(x, a):
    return [x[0] - x[1]]


@op([(2, 1), (3,)])
def Mul(x, a):
    return [x[0] * x[1]]


@op([(2,)], domain="backproof", n=2)
def copy(x, a):
    return [x[0].clone() for _ in range(a["n"])]


@op([(2, 1), (3,), (2, 3)])
def Max(x, a):
    # amax shares the gradient evenly among all that are tied; a chain of maximum would halve it at each step.
    return [torch.amax(torch.stack(torch.broadcast_tensors(*x)), 0)]


@op([(2,)])
def Exp(x, a):
    return [torch.exp(x[0])]


@op([(2,)])
def Reciprocal(x, a):
    return [torch.reciprocal(x[0])]


# Activations


@op([(2,)])
def Sigmoid(x, a):
    return [torch.sigmoid(x[0])]


@op([(2,)])
def Tanh(x, a):
    return [torch.tanh(x[0])]


@op([(2,)])
def Relu(x, a):
    return [torch.relu(x[0])]


@op([(2, 3)], axis=1)
def Softmax(x, a):
    return [torch.softmax(x[0], a.get("axis", -1))]


# Affine


@op([(2, 3), (3, 4), (4,)], alpha=1.5, beta=0.5)
def Gemm(x, a):
    alpha, beta = a.get("alpha", 1.0), a.get("beta", 1.0)
    left = x[0].t() if a.get("transA", 0) else x[0]
    right = x[1].t() if a.get("transB", 0) else x[1]
    if len(x) > 2 and x[2] is not None:
        return [torch.addmm(x[2], left, right, alpha=alpha, beta=beta)]
    product = torch.mm(left, right)
    return [product if alpha == 1 else alpha * product]


# Convolution and pooling over one, two or three spatial axes


class Windows:
    """The attributes of sliding windows, one number per spatial axis, with ONNX's defaults."""

    def __init__(self, x, kernel, a):
        self.rank, self.kernel = len(kernel), list(kernel)
        if self.rank not in (1, 2, 3) or x.dim() != self.rank + 2:
            raise NotImplementedError("torch has windows over 1, 2 or 3 spatial axes after batch and channels")
        if a.get("auto_pad", "NOTSET") != "NOTSET":
            raise NotImplementedError("only explicit pads")
        self.size = list(x.shape[2:])
        self.strides = a.get("strides") or [1] * self.rank
        self.dilations = a.get("dilations") or [1] * self.rank
        pads = a.get("pads") or [0] * (2 * self.rank)
        self.begins, self.ends = pads[:self.rank], pads[self.rank:]
        self.ceil = bool(a.get("ceil_mode", 0))

    def symmetric(self):
        return self.begins == self.ends

    def poolable(self):
        """Whether torch's own padding will do: it takes equal ones of half a window at most."""
        return self.symmetric() and all(2 * p <= k for p, k in zip(self.begins, self.kernel))

    def count(self, k):
        """The number of windows along an axis; one that would begin in the end padding is dropped."""
        begun = self.size[k] + self.begins[k]
        room = begun + self.ends[k] - self.dilations[k] * (self.kernel[k] - 1) - 1
        n = (-(-room // self.strides[k]) if self.ceil else room // self.strides[k]) + 1
        return n - 1 if self.ceil and (n - 1) * self.strides[k] >= begun else n

    def overhang(self):
        """End paddings with which the windows, no more and no fewer, end flush; negative where cells are unused."""
        return [(self.count(k) - 1) * self.strides[k] + self.dilations[k] * (self.kernel[k] - 1) + 1 - self.size[k]
                - self.begins[k] for k in range(self.rank)]

    def pad(self, x, ends, value=0.0):
        # F.pad counts axes from the last one.
        return F.pad(x, [p for pair in zip(reversed(self.begins), reversed(ends)) for p in pair], value=value)


@op([(1, 2, 4), (2, 1, 3), (2,)], group=2, pads=[1, 0])
def Conv(x, a):
    windows = Windows(x[0], x[1].shape[2:], a)
    function = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[windows.rank]
    bias = x[2] if len(x) > 2 else None
    data, padding = x[0], windows.begins
    if not windows.symmetric():
        data, padding = windows.pad(data, windows.ends), 0
    return [function(data, x[1], bias, windows.strides, padding, windows.dilations, a.get("group", 1))]


@op([(1, 2, 4)], kernel_shape=[2], strides=[2], limits="no Indices")
def MaxPool(x, a):
    windows = Windows(x[0], a["kernel_shape"], a)
    function = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}[windows.rank]
    if windows.poolable():
        return [function(x[0], windows.kernel, windows.strides, windows.begins, windows.dilations, windows.ceil)]
    padded = windows.pad(x[0], windows.overhang(), -float("inf"))
    return [function(padded, windows.kernel, windows.strides, 0, windows.dilations)]


@op([(1, 2, 4)], kernel_shape=[2], strides=[2], limits="no dilations; unequal pads only if they count")
def AveragePool(x, a):
    windows, with_padding = Windows(x[0], a["kernel_shape"], a), bool(a.get("count_include_pad", 0))
    function = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}[windows.rank]
    if any(d != 1 for d in windows.dilations):
        raise NotImplementedError("torch has no dilated average pooling")
    if windows.poolable():
        return [function(x[0], windows.kernel, windows.strides, windows.begins, windows.ceil, with_padding)]
    if not with_padding:
        # Sums divided by counts would do, but what is judged should be torch's arithmetic, not the adapter's.
        raise NotImplementedError("torch cannot leave out padding that is unequal, or more than half of a window")
    y = function(windows.pad(x[0], windows.ends), windows.kernel, windows.strides, 0, windows.ceil)
    for k in range(windows.rank):  # torch took the end padding for cells, where a window may begin
        y = y.narrow(k + 2, 0, windows.count(k))
    return [y]


# Losses


@op([(2, 3), "labels", "weights"])
def SoftmaxCrossEntropyLoss(x, a):
    log_prob = F.log_softmax(x[0], 1)
    weights = x[2] if len(x) > 2 else None
    # torch always has an ignore_index; its default is no label.
    loss = F.nll_loss(log_prob, x[1], weights, ignore_index=a.get("ignore_index", -100),
                      reduction=a.get("reduction", "mean"))
    return [loss, log_prob]


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
    if shape == "labels":
        return torch.tensor([0, 1])
    if shape == "weights":
        shape = (3,)
    return torch.linspace(0.1, 0.9, torch.Size(shape).numel(), dtype=torch.float64).to(dtype).reshape(shape)


def works(function, shapes, attrs, mode, dtype):
    x, needs = [tiny(s, dtype) for s in shapes], [not isinstance(s, str) for s in shapes]
    try:
        y = function([t.clone() for t in x], attrs)
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
