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
