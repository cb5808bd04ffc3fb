"""Gates: what takes several operands, or gives several results, element by element."""
import torch

from offering import as_it_stands, op

as_it_stands({
    "Add": torch.add,
    "Div": torch.div,
    "Mul": torch.mul,
    "Pow": torch.pow,
    "Sub": torch.sub,
}, [(2, 1), (3,)])

as_it_stands({
    "atan2": torch.atan2,
    "hypot": torch.hypot,
    "logaddexp": torch.logaddexp,
    "xlogy": torch.special.xlogy,
}, [(2, 1), (3,)], domain="backproof")


def of_all(reduce):
    return lambda *x: reduce(torch.stack(torch.broadcast_tensors(*x)), 0)


as_it_stands({
    # These share the gradient evenly among all that are tied; chains of maximum or minimum would halve it at each step.
    "Max": of_all(torch.amax),
    "Min": of_all(torch.amin),
    "Mean": of_all(torch.mean),
    "Sum": of_all(torch.sum),
}, [(2, 1), (3,), (2, 3)])


@op([(2,)], domain="backproof", n=2)
def copy(x, a):
    return [x[0].clone() for _ in range(a["n"])]


@op([(2, 3), (), ()])
def Clip(x, a):
    low, high = (list(x) + [None, None])[1:3]
    if low is None and high is None:  # torch.clamp wants one of them
        return [x[0].clone()]
    return [torch.clamp(x[0], low, high)]


@op([((2, 3), [[0, 1, 1], [1, 0, 0]]), (3,), (2, 1)])
def Where(x, a):
    return [torch.where(x[0] != 0, x[1], x[2])]
