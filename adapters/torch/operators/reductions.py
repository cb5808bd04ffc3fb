"""Reductions."""
import torch
import torch.nn.functional as F

from offering import op


def axes_of(x, a):
    """The axes to reduce, as torch wants them."""
    axes = a.get("axes") or []
    if not axes and a.get("noop_with_empty_axes", 0):
        raise NotImplementedError("torch reduces over something always")
    return axes or list(range(x.dim()))


def one_axis(x, a):
    axes = axes_of(x, a)
    if len(axes) != 1:
        raise NotImplementedError("torch reduces over one axis or all of them")
    return axes[0]


def keepdims(a):
    return bool(a.get("keepdims", 1))


@op([(2, 3)], axes=[1])
def ReduceSum(x, a):
    return [torch.sum(x[0], axes_of(x[0], a), keepdims(a))]


@op([(2, 3)], axes=[1])
def ReduceMean(x, a):
    return [torch.mean(x[0], axes_of(x[0], a), keepdims(a))]


@op([(2, 3)], axes=[1], limits="over one axis, or all")
def ReduceProd(x, a):
    axes = axes_of(x[0], a)
    if len(axes) == x[0].dim() and not keepdims(a):
        return [torch.prod(x[0])]
    return [torch.prod(x[0], one_axis(x[0], a), keepdims(a))]


def extreme(function, x, a):
    axes = axes_of(x, a)
    if any(x.shape[k] == 0 for k in axes):
        raise NotImplementedError("torch has no extremes of nothing")
    return function(x, axes, keepdims(a))


@op([(2, 3)], axes=[1], limits="not of an empty set")
def ReduceMax(x, a):
    return [extreme(torch.amax, x[0], a)]


@op([(2, 3)], axes=[1], limits="not of an empty set")
def ReduceMin(x, a):
    return [extreme(torch.amin, x[0], a)]


@op([(2, 3)], axes=[1])
def ReduceL1(x, a):
    return [torch.linalg.vector_norm(x[0], 1, axes_of(x[0], a), keepdims(a))]


@op([(2, 3)], axes=[1])
def ReduceL2(x, a):
    return [torch.linalg.vector_norm(x[0], 2, axes_of(x[0], a), keepdims(a))]


@op([(2, 3)], domain="backproof", axes=[1], p=3.0, keepdims=0)
def reduce_lp(x, a):
    axes = axes_of(x[0], a)
    if a["p"] in (float("inf"), -float("inf")) and any(x[0].shape[k] == 0 for k in axes):
        raise NotImplementedError("torch has no extremes of nothing")
    return [torch.linalg.vector_norm(x[0], a["p"], axes, keepdims(a))]


@op([(2, 3)], axes=[1])
def ReduceLogSum(x, a):
    return [torch.sum(x[0], axes_of(x[0], a), keepdims(a)).log()]


@op([(2, 3)], axes=[1])
def ReduceSumSquare(x, a):
    return [x[0].square().sum(axes_of(x[0], a), keepdims(a))]


@op([(2, 3)], axes=[1])
def ReduceLogSumExp(x, a):
    return [torch.logsumexp(x[0], axes_of(x[0], a), keepdims(a))]


@op([(2, 3)], domain="backproof", axes=[1], correction=1, keepdims=0)
def variance(x, a):
    return [torch.var(x[0], axes_of(x[0], a), correction=a["correction"], keepdim=keepdims(a))]


@op([(2, 3)], domain="backproof", axes=[1], correction=1, keepdims=0)
def standard_deviation(x, a):
    return [torch.std(x[0], axes_of(x[0], a), correction=a["correction"], keepdim=keepdims(a))]


@op([(2, 3)], axis=1, limits="not exclusive")
def CumSum(x, a):
    return [running(torch.cumsum, x[0], a)]


@op([(2, 3)], axis=1, limits="not exclusive")
def CumProd(x, a):
    return [running(torch.cumprod, x[0], a)]


def running(function, x, a):
    if a.get("exclusive", 0):
        raise NotImplementedError("torch's running sums and products include the element itself")
    axis = a["axis"]
    return function(x.flip(axis), axis).flip(axis) if a.get("reverse", 0) else function(x, axis)


@op([(2, 3), (2, 3)], domain="backproof", p=2.0, eps=0.125, keepdim=0)
def pairwise_distance(x, a):
    return [F.pairwise_distance(x[0], x[1], a["p"], a["eps"], bool(a["keepdim"]))]


@op([(2, 3), (2, 3)], domain="backproof", axis=1, eps=1e-8)
def cosine_similarity(x, a):
    return [F.cosine_similarity(x[0], x[1], a["axis"], a["eps"])]
