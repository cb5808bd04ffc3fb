"""Gates: elementwise arithmetic."""
import torch

from offering import op


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


@op([(2, 3), (), ()])
def Clip(x, a):
    low, high = (list(x) + [None, None])[1:3]
    if low is None and high is None:  # torch.clamp wants one of them
        return [x[0].clone()]
    return [torch.clamp(x[0], low, high)]


@op([((2, 3), [[0, 1, 1], [1, 0, 0]]), (3,), (2, 1)])
def Where(x, a):
    return [torch.where(x[0] != 0, x[1], x[2])]


@op([(2,)])
def Sign(x, a):
    return [torch.sign(x[0])]


@op([(2,)])
def Floor(x, a):
    return [torch.floor(x[0])]


@op([(2,)])
def Ceil(x, a):
    return [torch.ceil(x[0])]


@op([(2,)])
def Round(x, a):
    return [torch.round(x[0])]


@op([(2, 1), (3,), (2, 3)])
def Sum(x, a):
    return [torch.sum(torch.stack(torch.broadcast_tensors(*x)), 0)]


@op([(2, 1), (3,), (2, 3)])
def Mean(x, a):
    return [torch.mean(torch.stack(torch.broadcast_tensors(*x)), 0)]


@op([(2,)], domain="backproof")
def rsqrt(x, a):
    return [torch.rsqrt(x[0])]


@op([(2, 1), (3,)], domain="backproof")
def xlogy(x, a):
    return [torch.special.xlogy(x[0], x[1])]


@op([(2, 1), (3,)], domain="backproof")
def hypot(x, a):
    return [torch.hypot(x[0], x[1])]


@op([(2, 1), (3,)], domain="backproof")
def atan2(x, a):
    return [torch.atan2(x[0], x[1])]


@op([(2, 1), (3,)], domain="backproof")
def logaddexp(x, a):
    return [torch.logaddexp(x[0], x[1])]


@op([(2,)], domain="backproof", eps=-1.0)
def logit(x, a):
    return [torch.special.logit(x[0], None if a["eps"] < 0 else a["eps"])]
