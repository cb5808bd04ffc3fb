"""Affine layers."""
import torch
import torch.nn.functional as F

from offering import as_it_stands, op

as_it_stands({"MatMul": torch.matmul}, [(2, 3), (3, 4)])
as_it_stands({"linear": F.linear}, [(2, 3), (4, 3), (4,)], domain="backproof")
as_it_stands({"bilinear": F.bilinear}, [(2, 3), (2, 4), (5, 3, 4), (5,)], domain="backproof")


@op([(2, 3), (3, 4), (4,)], alpha=1.5, beta=0.5)
def Gemm(x, a):
    alpha, beta = a.get("alpha", 1.0), a.get("beta", 1.0)
    left = x[0].t() if a.get("transA", 0) else x[0]
    right = x[1].t() if a.get("transB", 0) else x[1]
    if len(x) > 2 and x[2] is not None:
        return [torch.addmm(x[2], left, right, alpha=alpha, beta=beta)]
    product = torch.mm(left, right)
    return [product if alpha == 1 else alpha * product]


@op([(2, 3), (3,)], domain="backproof", axis=1)
def bias_add(x, a):
    along = [1] * x[0].dim()
    along[a["axis"]] = -1
    return [x[0] + x[1].reshape(along)]


@op([(2, 3), (3, 4)], equation="ij,jk->ik")
def Einsum(x, a):
    return [torch.einsum(a["equation"], *x)]
