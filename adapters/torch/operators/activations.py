"""Activations."""
import torch
import torch.nn.functional as F

from offering import as_it_stands, op

as_it_stands({
    "HardSwish": F.hardswish,
    "Mish": F.mish,
    "Relu": torch.relu,
    "Sigmoid": torch.sigmoid,
    "Softsign": F.softsign,
    "Tanh": torch.tanh,
}, [(2,)])

as_it_stands({
    "log_sigmoid": F.logsigmoid,
    "relu6": F.relu6,
    "tanhshrink": F.tanhshrink,
}, [(2,)], domain="backproof")


@op([(2, 3)], axis=1)
def Softmax(x, a):
    return [torch.softmax(x[0], a.get("axis", -1))]


@op([(2, 3)], axis=1)
def LogSoftmax(x, a):
    return [F.log_softmax(x[0], a.get("axis", -1))]


@op([(2, 3)], domain="backproof", axis=1)
def softmin(x, a):
    return [F.softmin(x[0], a["axis"])]


@op([(2,)], alpha=0.3)
def LeakyRelu(x, a):
    return [F.leaky_relu(x[0], a.get("alpha", 0.01))]


@op([(2, 3), (3,)])
def PRelu(x, a):
    data, slope = x
    # torch has one slope, or one for each channel.
    if slope.numel() == 1:
        return [F.prelu(data, slope.reshape(1))]
    channels = (data.shape[1],) + (1,) * (data.dim() - 2) if data.dim() > 1 else None
    if tuple(slope.shape) not in (channels, (1,) + (channels or ())):
        raise NotImplementedError("prelu has slopes by channel only")
    return [F.prelu(data, slope.reshape(-1))]


@op([(2,), None], domain="backproof", lower=0.125, upper=0.5)
def rrelu(x, a):
    if len(x) > 1 and x[1] is not None:
        raise NotImplementedError("rrelu draws its noise itself")
    return [F.rrelu(x[0], a["lower"], a["upper"])]


@op([(2,)], alpha=1.0)
def Elu(x, a):
    return [F.elu(x[0], a.get("alpha", 1.0))]


def same(a, b, dtype):
    """Whether two numbers are the same in the dtype of the tensors that they are used with."""
    return torch.tensor(a, dtype=dtype) == torch.tensor(b, dtype=dtype)


# What ONNX says by default are these numbers, rounded to f32.
SELU_ALPHA, SELU_GAMMA = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


@op([(2,)], alpha=SELU_ALPHA, gamma=SELU_GAMMA)
def Selu(x, a):
    if not (same(a["alpha"], SELU_ALPHA, x[0].dtype) and same(a["gamma"], SELU_GAMMA, x[0].dtype)):
        raise NotImplementedError("selu has constants of its own")
    return [F.selu(x[0])]


@op([(2,)], alpha=1.3)
def Celu(x, a):
    return [F.celu(x[0], a.get("alpha", 1.0))]


@op([(2,)], approximate="none")
def Gelu(x, a):
    return [F.gelu(x[0], approximate=a.get("approximate", "none"))]


@op([(2,)], alpha=1.0)
def Swish(x, a):
    if a.get("alpha", 1.0) != 1:
        raise NotImplementedError("silu has no alpha")
    return [F.silu(x[0])]


@op([(2,), (2,)], domain="backproof", alpha=1.0)
def swiglu(x, a):
    if a["alpha"] != 1:
        raise NotImplementedError("silu has no alpha")
    return [F.silu(x[0]) * x[1]]


@op([(2,)], domain="backproof", beta=0.5, threshold=20.0)
def softplus(x, a):
    return [F.softplus(x[0], a["beta"], a["threshold"])]


@op([(2,)], domain="backproof", min_val=-1.0, max_val=1.0)
def hardtanh(x, a):
    return [F.hardtanh(x[0], a["min_val"], a["max_val"])]


@op([(2,)], alpha=1 / 6, beta=0.5)
def HardSigmoid(x, a):
    if not same(a.get("alpha", 0.2), 1 / 6, x[0].dtype) or a.get("beta", 0.5) != 0.5:
        raise NotImplementedError("hardsigmoid is x / 6 + 1 / 2")
    return [F.hardsigmoid(x[0])]


@op([(2,)], lambd=0.5, bias=0.0)
def Shrink(x, a):
    lambd, bias = a.get("lambd", 0.5), a.get("bias", 0.0)
    if bias == 0:
        return [F.hardshrink(x[0], lambd)]
    if bias == lambd:
        return [F.softshrink(x[0], lambd)]
    raise NotImplementedError("hardshrink has the bias 0, softshrink the bias lambd")


@op([(2,)], alpha=0.5)
def ThresholdedRelu(x, a):
    return [F.threshold(x[0], a.get("alpha", 1.0), 0.0)]


@op([(4,)], domain="backproof", axis=0)
def glu(x, a):
    return [F.glu(x[0], a["axis"])]
