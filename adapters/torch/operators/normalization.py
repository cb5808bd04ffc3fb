"""Normalisations."""
import torch
import torch.nn.functional as F

from offering import op


@op([(3, 2, 2), (2,), (2,), (2,), (2,)], training_mode=1, epsilon=0.125)
def BatchNormalization(x, a):
    training = bool(a.get("training_mode", 0))
    # In training torch would change the running statistics, which is none of the question.
    mean, var = (None, None) if training else (x[3], x[4])
    return [F.batch_norm(x[0], mean, var, x[1], x[2], training, eps=a.get("epsilon", 1e-5))]


def normalized_shape(x, a):
    return x.shape[a.get("axis", -1):]


@op([(2, 3), (3,), (3,)], axis=1, outputs=1, limits="one output; scale and bias of the normalized shape")
def LayerNormalization(x, a):
    shape = normalized_shape(x[0], a)
    if a.get("outputs", 1) != 1:
        raise NotImplementedError("torch gives no gradient to Mean and InvStdDev")
    if any(p is not None and p.shape != shape for p in x[1:]):
        raise NotImplementedError("torch does not broadcast scale and bias")
    return [F.layer_norm(x[0], shape, x[1], x[2] if len(x) > 2 else None, a.get("epsilon", 1e-5))]


@op([(2, 4, 2), (4,), (4,)], num_groups=2)
def GroupNormalization(x, a):
    return [F.group_norm(x[0], a["num_groups"], x[1], x[2], a.get("epsilon", 1e-5))]


@op([(2, 2, 3), (2,), (2,)])
def InstanceNormalization(x, a):
    return [F.instance_norm(x[0], weight=x[1], bias=x[2], eps=a.get("epsilon", 1e-5))]


@op([(2, 3), (3,)], axis=1, limits="scale of the normalized shape")
def RMSNormalization(x, a):
    shape = normalized_shape(x[0], a)
    if not hasattr(F, "rms_norm"):
        raise NotImplementedError("torch has rms_norm from 2.4 on")
    if x[1].shape != shape:
        raise NotImplementedError("torch does not broadcast the scale")
    return [F.rms_norm(x[0], shape, x[1], a.get("epsilon", 1e-5))]


@op([(2, 3, 2)], size=3)
def LRN(x, a):
    if x[0].dim() < 3:
        raise NotImplementedError("torch wants a spatial axis")
    # Of an even size, torch's region is longer downwards, and ONNX's upwards.
    mirrored = a["size"] % 2 == 0
    data = x[0].flip(1) if mirrored else x[0]
    y = F.local_response_norm(data, a["size"], a.get("alpha", 1e-4), a.get("beta", 0.75), a.get("bias", 1.0))
    return [y.flip(1) if mirrored else y]


@op([(2, 3)], domain="backproof", axis=1, p=2.0, eps=1e-12)
def normalize(x, a):
    return [F.normalize(x[0], a["p"], a["axis"], a["eps"])]
