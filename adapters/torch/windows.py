"""The attributes of sliding windows, as ONNX states them, for torch."""
import torch.nn.functional as F


class Windows:
    """The attributes of sliding windows, one number per spatial axis, with ONNX's defaults."""

    def __init__(self, x, kernel, a):
        self.rank, self.kernel = len(kernel), list(kernel)
        if self.rank not in (1, 2, 3) or x.dim() != self.rank + 2:
            raise NotImplementedError("torch has windows over 1, 2 or 3 spatial axes after batch and channels")
        self.size = list(x.shape[2:])
        self.strides = a.get("strides") or [1] * self.rank
        self.dilations = a.get("dilations") or [1] * self.rank
        how = a.get("auto_pad", "NOTSET")
        pads = how == "NOTSET" and a.get("pads") or [0] * (2 * self.rank)
        self.begins, self.ends = pads[:self.rank], pads[self.rank:]
        self.ceil = bool(a.get("ceil_mode", 0)) and how == "NOTSET"
        if how in ("SAME_UPPER", "SAME_LOWER"):
            reaches = [d * (k - 1) + 1 for d, k in zip(self.dilations, self.kernel)]
            totals = [max(0, (-(-n // s) - 1) * s + r - n) for n, s, r in zip(self.size, self.strides, reaches)]
            less, more = [p // 2 for p in totals], [p - p // 2 for p in totals]
            self.begins, self.ends = (less, more) if how == "SAME_UPPER" else (more, less)

    def symmetric(self):
        return self.begins == self.ends

    def poolable(self):
        """Whether torch's own padding will do: it takes equal ones of half a window at most."""
        return self.symmetric() and all(2 * p <= k for p, k in zip(self.begins, self.kernel))

    def count(self, k):
        """The number of windows along an axis; one that would begin in the end padding is dropped."""
        begun = self.size[k] + self.begins[k]
        room = begun + self.ends[k] - self.dilations[k] * (self.kernel[k] - 1) - 1
        n = (-(-room // self.strides[k]) if self.ceil else room // self.strides[k]) + 1
        return n - 1 if self.ceil and (n - 1) * self.strides[k] >= begun else n

    def overhang(self):
        """End paddings with which the windows, no more and no fewer, end flush; negative where cells are unused."""
        return [(self.count(k) - 1) * self.strides[k] + self.dilations[k] * (self.kernel[k] - 1) + 1 - self.size[k]
                - self.begins[k] for k in range(self.rank)]

    def pad(self, x, ends, value=0.0):
        # F.pad counts axes from the last one.
        return F.pad(x, [p for pair in zip(reversed(self.begins), reversed(ends)) for p in pair], value=value)
