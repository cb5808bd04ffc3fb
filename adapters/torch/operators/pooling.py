"""Pooling over one, two or three spatial axes."""
import torch.nn.functional as F

from offering import op
from windows import Windows


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
