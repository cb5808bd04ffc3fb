"""Convolution over one, two or three spatial axes, its transpose, and the columns that it is made of."""
import torch.nn.functional as F

from offering import op
from windows import Windows


@op([(1, 2, 4), (2, 1, 3), (2,)], group=2, pads=[1, 0])
def Conv(x, a):
    windows = Windows(x[0], x[1].shape[2:], a)
    function = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[windows.rank]
    bias = x[2] if len(x) > 2 else None
    data, padding = x[0], windows.begins
    if not windows.symmetric():
        data, padding = windows.pad(data, windows.ends), 0
    return [function(data, x[1], bias, windows.strides, padding, windows.dilations, a.get("group", 1))]


def transpose_pads(a, whole, size, strides):
    """Pads at the beginnings, and the extents of the output, which would be `whole` without any."""
    rank, how, stated = len(whole), a.get("auto_pad", "NOTSET"), a.get("output_shape")
    if not stated and how in ("NOTSET", "VALID"):
        pads = how == "NOTSET" and a.get("pads") or [0] * (2 * rank)
        return pads[:rank], [w - b - e for w, b, e in zip(whole, pads[:rank], pads[rank:])]
    stated = stated or [n * s for n, s in zip(size, strides)]
    totals = [w - n for w, n in zip(whole, stated)]
    return [t // 2 if how == "SAME_UPPER" else t - t // 2 for t in totals], stated


@op([(1, 2, 4), (2, 1, 3), (2,)], group=2, pads=[1, 0])
def ConvTranspose(x, a):
    kernel = list(x[1].shape[2:])
    rank, size = len(kernel), list(x[0].shape[2:])
    if rank not in (1, 2, 3):
        raise NotImplementedError("torch convolves over 1, 2 or 3 spatial axes")
    function = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}[rank]
    strides, dilations = a.get("strides") or [1] * rank, a.get("dilations") or [1] * rank
    more = a.get("output_padding") or [0] * rank
    whole = [s * (n - 1) + m + d * (k - 1) + 1 for s, n, m, d, k in zip(strides, size, more, dilations, kernel)]
    begins, out = transpose_pads(a, whole, size, strides)
    ends = [w - b - n for w, b, n in zip(whole, begins, out)]
    bias, group = x[2] if len(x) > 2 else None, a.get("group", 1)
    if begins == ends:
        return [function(x[0], x[1], bias, strides, begins, more, group, dilations)]
    y = function(x[0], x[1], bias, strides, 0, more, group, dilations)
    for k in range(rank):  # torch takes equal pads only; they cut off what is there without them
        y = y.narrow(k + 2, begins[k], out[k])
    return [y]


@op([(1, 2, 3, 3)], domain="backproof", kernel_size=[2, 2], dilation=[1, 1], padding=[0, 0], stride=[1, 1])
def unfold(x, a):
    return [F.unfold(x[0], a["kernel_size"], a["dilation"], a["padding"], a["stride"])]


@op([(1, 4, 4)], image_shape=[3, 3], block_shape=[2, 2], limits="images of two axes")
def Col2Im(x, a):
    rank, image = len(a["block_shape"]), list(a["image_shape"])
    if rank != 2:
        raise NotImplementedError("torch folds over two spatial axes only")
    pads = a.get("pads") or [0] * (2 * rank)
    begins, ends = pads[:rank], pads[rank:]
    dilations, strides = a.get("dilations") or [1] * rank, a.get("strides") or [1] * rank
    if begins == ends:
        return [F.fold(x[0], image, a["block_shape"], dilations, begins, strides)]
    padded = [n + b + e for n, b, e in zip(image, begins, ends)]
    y = F.fold(x[0], padded, a["block_shape"], dilations, 0, strides)
    return [y[:, :, begins[0]:begins[0] + image[0], begins[1]:begins[1] + image[1]]]
