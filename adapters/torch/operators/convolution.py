"""Convolution over one, two or three spatial axes."""
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
