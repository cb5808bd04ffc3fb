"""Elementary functions, and the arithmetic that is not in gates."""
import torch

from offering import op


@op([(2, 1), (3,)])
def Div(x, a):
    return [x[0] / x[1]]


@op([(2,)])
def Neg(x, a):
    return [torch.neg(x[0])]


@op([(2, 1), (3,), (2, 3)])
def Min(x, a):
    # amin shares the gradient evenly among all that are tied; a chain of minimum would halve it at each step.
    return [torch.amin(torch.stack(torch.broadcast_tensors(*x)), 0)]


@op([(2,)], domain="backproof", c=1.5)
def add_const(x, a):
    return [x[0] + a["c"]]


@op([(2,)], domain="backproof", a=1.5)
def mul_const(x, a):
    return [x[0] * a["a"]]


@op([(2,)])
def Log(x, a):
    return [torch.log(x[0])]


@op([(2,)], domain="backproof")
def log1p(x, a):
    return [torch.log1p(x[0])]


@op([(2,)], domain="backproof")
def expm1(x, a):
    return [torch.expm1(x[0])]


@op([(2,)])
def Sqrt(x, a):
    return [torch.sqrt(x[0])]


@op([(2,)], domain="backproof")
def square(x, a):
    return [torch.square(x[0])]


@op([(2,)])
def Abs(x, a):
    return [torch.abs(x[0])]


@op([(2, 1), (3,)])
def Pow(x, a):
    return [torch.pow(x[0], x[1])]


@op([(2,)])
def Sin(x, a):
    return [torch.sin(x[0])]


@op([(2,)])
def Cos(x, a):
    return [torch.cos(x[0])]


@op([(2,)])
def Tan(x, a):
    return [torch.tan(x[0])]


@op([(2,)])
def Atan(x, a):
    return [torch.atan(x[0])]


@op([(2,)])
def Sinh(x, a):
    return [torch.sinh(x[0])]


@op([(2,)])
def Cosh(x, a):
    return [torch.cosh(x[0])]


@op([(2,)])
def Asin(x, a):
    return [torch.asin(x[0])]


@op([(2,)])
def Acos(x, a):
    return [torch.acos(x[0])]


@op([(2,)])
def Asinh(x, a):
    return [torch.asinh(x[0])]


@op([(2,)])
def Acosh(x, a):
    return [torch.acosh(x[0])]


@op([(2,)])
def Atanh(x, a):
    return [torch.atanh(x[0])]


@op([(2,)])
def Erf(x, a):
    return [torch.erf(x[0])]
