"""Functions of one number, element by element; activations are in activations."""
import torch

from offering import as_it_stands, op

as_it_stands({
    "Abs": torch.abs,
    "Acos": torch.acos,
    "Acosh": torch.acosh,
    "Asin": torch.asin,
    "Asinh": torch.asinh,
    "Atan": torch.atan,
    "Atanh": torch.atanh,
    "Ceil": torch.ceil,
    "Cos": torch.cos,
    "Cosh": torch.cosh,
    "Erf": torch.erf,
    "Exp": torch.exp,
    "Floor": torch.floor,
    "Log": torch.log,
    "Neg": torch.neg,
    "Reciprocal": torch.reciprocal,
    "Round": torch.round,
    "Sign": torch.sign,
    "Sin": torch.sin,
    "Sinh": torch.sinh,
    "Sqrt": torch.sqrt,
    "Tan": torch.tan,
}, [(2,)])

as_it_stands({
    "expm1": torch.expm1,
    "log1p": torch.log1p,
    "rsqrt": torch.rsqrt,
    "square": torch.square,
}, [(2,)], domain="backproof")


@op([(2,)], domain="backproof", c=1.5)
def add_const(x, a):
    return [x[0] + a["c"]]


@op([(2,)], domain="backproof", a=1.5)
def mul_const(x, a):
    return [x[0] * a["a"]]


@op([(2,)], domain="backproof", eps=-1.0)
def logit(x, a):
    return [torch.special.logit(x[0], None if a["eps"] < 0 else a["eps"])]
