"""Affine layers."""
import torch

from offering import op


@op([(2, 3), (3, 4), (4,)], alpha=1.5, beta=0.5)
def Gemm(x, a):
    alpha, beta = a.get("alpha", 1.0), a.get("beta", 1.0)
    left = x[0].t() if a.get("transA", 0) else x[0]
    right = x[1].t() if a.get("transB", 0) else x[1]
    if len(x) > 2 and x[2] is not None:
        return [torch.addmm(x[2], left, right, alpha=alpha, beta=beta)]
    product = torch.mm(left, right)
    return [product if alpha == 1 else alpha * product]
