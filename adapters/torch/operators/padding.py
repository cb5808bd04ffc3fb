"""Padding and resizing."""
import math

import torch.nn.functional as F

from offering import op


@op([(2, 3), None], mode="reflect", pads=[0, 1, 0, 2], axes=[0, 1], limits="at most three axes, but for constants")
def Pad(x, a):
    rank, axes = x[0].dim(), a.get("axes") or list(range(x[0].dim()))
    begins, ends = [0] * rank, [0] * rank
    for k, axis in enumerate(axes):
        begins[axis], ends[axis] = a["pads"][k], a["pads"][k + len(axes)]
    if a["mode"] == "constant":
        value = x[1].item() if len(x) > 1 and x[1] is not None else 0.0
        return [F.pad(x[0], backwards(begins, ends), value=value)]
    # The other modes are for one to three axes after batch and channels, so the axes before the first pads become one.
    padded = [k for k in range(rank) if begins[k] or ends[k]]
    first = min(padded + [rank - 1])
    if rank - first > 3:
        raise NotImplementedError("torch pads three axes at most, other than with a constant")
    size = list(x[0].shape)
    if a["mode"] == "wrap" and any(max(b, e) > n for b, e, n in zip(begins, ends, size)):
        raise NotImplementedError("torch wraps around once at most")
    mode = {"reflect": "reflect", "edge": "replicate", "wrap": "circular"}[a["mode"]]
    y = F.pad(x[0].reshape([1, math.prod(size[:first])] + size[first:]), backwards(begins[first:], ends[first:]), mode)
    return [y.reshape([n + b + e for n, b, e in zip(size, begins, ends)])]


def backwards(begins, ends):
    """Pads in torch's order, in which the last axis comes first."""
    return [p for pair in zip(reversed(begins), reversed(ends)) for p in pair]


@op([(1, 2, 4)], mode="linear", coordinate_transformation_mode="half_pixel", nearest_mode="floor", cubic_coeff_a=-0.75,
    exclude_outside=0, scales=[], sizes=[1, 2, 6], limits="batch and channels unchanged; nearest: asymmetric with "
    "floor, half_pixel with round_prefer_ceil; linear, cubic: half_pixel or align_corners; cubic: two axes, a = -0.75")
def Resize(x, a):
    coordinates, spatial = a["coordinate_transformation_mode"], x[0].dim() - 2
    size, scales = a.get("sizes") or None, a.get("scales") or None
    if spatial not in (1, 2, 3) or (size and size[:2] != list(x[0].shape[:2])) or (scales and scales[:2] != [1, 1]):
        raise NotImplementedError("torch resizes one to three axes after batch and channels")
    where = {"size": size[2:]} if size else {"scale_factor": scales[2:], "recompute_scale_factor": False}
    if a["mode"] == "nearest":
        modes = {("asymmetric", "floor"): "nearest", ("half_pixel", "round_prefer_ceil"): "nearest-exact"}
        if (coordinates, a["nearest_mode"]) not in modes:
            raise NotImplementedError("torch has asymmetric with floor, and half_pixel with round_prefer_ceil")
        return [F.interpolate(x[0], mode=modes[coordinates, a["nearest_mode"]], **where)]
    if coordinates not in ("half_pixel", "pytorch_half_pixel", "align_corners"):
        raise NotImplementedError("torch has half_pixel and align_corners only")
    if a["mode"] == "cubic" and (spatial != 2 or a["cubic_coeff_a"] != -0.75 or a["exclude_outside"]):
        raise NotImplementedError("torch has cubic over two axes only, with a = -0.75, of cells at the ends repeated")
    mode = "bicubic" if a["mode"] == "cubic" else ["linear", "bilinear", "trilinear"][spatial - 1]
    y = F.interpolate(x[0], mode=mode, align_corners=coordinates == "align_corners", **where)
    if coordinates == "pytorch_half_pixel" and 1 in y.shape[2:]:
        raise NotImplementedError("torch puts a single cell at the centre, ONNX at the beginning")
    return [y]
