"""Pooling over one, two or three spatial axes."""
import torch
import torch.nn.functional as F

from offering import op
from windows import Windows


@op([(1, 2, 4)], kernel_shape=[2], strides=[2], limits="no Indices")
def MaxPool(x, a):
    windows = Windows(x[0], a["kernel_shape"], a)
    function = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}[windows.rank]
    if windows.poolable():
        return [function(x[0], windows.kernel, windows.strides, windows.begins, windows.dilations, windows.ceil)]
    if (x[0] == -float("inf")).any():
        raise NotImplementedError("torch has no unequal padding, and the -inf that makes it would tie with -inf")
    padded = windows.pad(x[0], windows.overhang(), -float("inf"))
    return [function(padded, windows.kernel, windows.strides, 0, windows.dilations)]


@op([(1, 2, 4)], kernel_shape=[2], strides=[2], limits="no dilations; unequal pads only if they count")
def AveragePool(x, a):
    windows, with_padding = Windows(x[0], a["kernel_shape"], a), bool(a.get("count_include_pad", 0))
    function = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}[windows.rank]
    if any(d != 1 for d in windows.dilations):
        raise NotImplementedError("torch has no dilated average pooling")
    if windows.poolable():
        if windows.rank == 3 and any(n < k for n, k in zip(windows.size, windows.kernel)):
            raise NotImplementedError("torch's avg_pool3d takes no window larger than the input, padded or not")
        return [function(x[0], windows.kernel, windows.strides, windows.begins, windows.ceil, with_padding)]
    if not with_padding:
        # Sums divided by counts would do, but what is judged should be torch's arithmetic, not the adapter's.
        raise NotImplementedError("torch cannot leave out padding that is unequal, or more than half of a window")
    y = function(windows.pad(x[0], windows.ends), windows.kernel, windows.strides, 0, windows.ceil)
    for k in range(windows.rank):  # torch took the end padding for cells, where a window may begin
        y = y.narrow(k + 2, 0, windows.count(k))
    return [y]


def by_rank(x, one, two, three):
    if x.dim() not in (3, 4, 5):
        raise NotImplementedError("torch pools over 1, 2 or 3 spatial axes after batch and channels")
    return (one, two, three)[x.dim() - 3]


def lp_pool(x, p, kernel, strides):
    if p % 2 != 0:
        raise NotImplementedError("torch's lp_pool adds up powers of x, not of |x|: the same for even p only")
    if len(kernel) == 3 and not hasattr(F, "lp_pool3d"):
        raise NotImplementedError("this torch has no lp_pool3d")
    if len(kernel) == 1:
        return F.lp_pool1d(x, p, kernel[0], strides[0])
    return (F.lp_pool2d if len(kernel) == 2 else F.lp_pool3d)(x, p, tuple(kernel), tuple(strides))


@op([(1, 2, 4)], kernel_shape=[2], strides=[2], p=2, limits="even p, no dilations")
def LpPool(x, a):
    windows = Windows(x[0], a["kernel_shape"], a)
    if any(d != 1 for d in windows.dilations):
        raise NotImplementedError("torch has no dilated lp_pool")
    # Zeros add nothing to a norm, so padding can be explicit.
    return [lp_pool(windows.pad(x[0], windows.overhang()), a.get("p", 2), windows.kernel, windows.strides)]


@op([(1, 2, 4)], p=2, limits="even p")
def GlobalLpPool(x, a):
    return [lp_pool(x[0], a.get("p", 2), list(x[0].shape[2:]), [1] * (x[0].dim() - 2))]


@op([(1, 2, 4)])
def GlobalAveragePool(x, a):
    return [by_rank(x[0], F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d)(x[0], 1)]


@op([(1, 2, 4)])
def GlobalMaxPool(x, a):
    return [by_rank(x[0], F.adaptive_max_pool1d, F.adaptive_max_pool2d, F.adaptive_max_pool3d)(x[0], 1)]


@op([(1, 2, 4)], domain="backproof", output_size=[3])
def adaptive_avg_pool(x, a):
    function = by_rank(x[0], F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d)
    return [function(x[0], tuple(a["output_size"]))]


@op([(1, 2, 4)], domain="backproof", output_size=[3])
def adaptive_max_pool(x, a):
    function = by_rank(x[0], F.adaptive_max_pool1d, F.adaptive_max_pool2d, F.adaptive_max_pool3d)
    return [function(x[0], tuple(a["output_size"]))]


@op([(1, 2, 4, 4), (1, 2, 2)], domain="backproof", kernel_size=[2, 2], output_size=[2, 2])
def fractional_max_pool(x, a):
    if x[0].dim() not in (4, 5):
        raise NotImplementedError("torch has fractional pools over 2 or 3 spatial axes")
    two = x[0].dim() == 4
    if not two and any(m + k > n for m, k, n in zip(a["output_size"], a["kernel_size"], x[0].shape[2:])):
        raise NotImplementedError("torch has no windows at every cell in three dimensions")
    function = F.fractional_max_pool2d if two else F.fractional_max_pool3d
    samples = x[1].flip(-1) if two else x[1]  # in two dimensions, torch's first number is for the last axis
    return [function(x[0], tuple(a["kernel_size"]), tuple(a["output_size"]), _random_samples=samples)]


@op([(1, 2, 2), ((1, 2, 2), [1, 2, 4, 7])], kernel_shape=[2], strides=[2], limits="equal pads, indices in their plane")
def MaxUnpool(x, a):
    windows = Windows(x[0], a["kernel_shape"], a)
    if not windows.symmetric():
        raise NotImplementedError("torch unpools with equal pads only")
    function = (F.max_unpool1d, F.max_unpool2d, F.max_unpool3d)[windows.rank - 1]
    cells = 1
    for n, k, s, p in zip(windows.size, windows.kernel, windows.strides, windows.begins):
        cells *= (n - 1) * s + k - 2 * p
    planes = x[0].shape[0] * x[0].shape[1]
    in_plane = x[1].reshape(planes, -1) - cells * torch.arange(planes).reshape(-1, 1)
    if in_plane.numel() and (in_plane.min() < 0 or in_plane.max() >= cells):
        raise NotImplementedError("torch's indices stay in their plane")
    return [function(x[0], in_plane.reshape(x[1].shape), windows.kernel, windows.strides, windows.begins)]
