"""Operators that move data: shapes, axes, parts, blocks."""
import torch

from offering import op


@op([(2, 3)], shape=[3, -1], allowzero=0)
def Reshape(x, a):
    shape = a["shape"]
    if not a.get("allowzero", 0):
        shape = [x[0].shape[k] if e == 0 else e for k, e in enumerate(shape)]
    return [torch.reshape(x[0], shape)]


@op([(2, 3, 4)], perm=[1, 2, 0])
def Transpose(x, a):
    return [x[0].permute(a["perm"])]


@op([(2, 1), (2, 3)], axis=1)
def Concat(x, a):
    return [torch.cat(x, a["axis"])]


@op([(2, 5)], axis=1, split=[], num_outputs=2)
def Split(x, a):
    if a["split"]:
        return list(torch.split(x[0], a["split"], a["axis"]))
    return list(torch.chunk(x[0], a["num_outputs"], a["axis"]))


@op([(4, 5)], starts=[1, 0], ends=[-1, 9], axes=[1, 0], steps=[2, 1], limits="no negative steps")
def Slice(x, a):
    if any(step < 0 for step in a["steps"]):
        raise NotImplementedError("torch cannot slice backwards")
    taken = [slice(None)] * x[0].dim()
    for start, end, axis, step in zip(a["starts"], a["ends"], a["axes"], a["steps"]):
        taken[axis] = slice(start, end, step)
    return [x[0][tuple(taken)]]


@op([(2, 1)], shape=[3, 1, 4])
def Expand(x, a):
    return [x[0].expand(torch.broadcast_shapes(x[0].shape, tuple(a["shape"])))]


@op([(2, 3)], repeats=[2, 1])
def Tile(x, a):
    return [torch.tile(x[0], a["repeats"])]


@op([(2, 3)], upper=1, k=1)
def Trilu(x, a):
    return [(torch.triu if a.get("upper", 1) else torch.tril)(x[0], a["k"])]


def block_last(x, channels, block):
    """Channels numbered by block and then by channel become channels numbered by channel and then by block."""
    return x.unflatten(1, (block * block, channels)).transpose(1, 2).flatten(1, 2)


def block_first(x, channels, block):
    """The inverse."""
    return x.unflatten(1, (channels, block * block)).transpose(1, 2).flatten(1, 2)


@op([(1, 8, 1, 2)], blocksize=2, mode="DCR")
def DepthToSpace(x, a):
    data, block = x[0], a["blocksize"]
    if a.get("mode", "DCR") == "DCR":
        data = block_last(data, data.shape[1] // block ** 2, block)
    return [torch.pixel_shuffle(data, block)]


@op([(1, 2, 2, 4)], blocksize=2)
def SpaceToDepth(x, a):
    return [block_first(torch.pixel_unshuffle(x[0], a["blocksize"]), x[0].shape[1], a["blocksize"])]
