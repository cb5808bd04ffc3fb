"""Elements chosen by indices: gathers, scatters, embeddings, TopK."""
import torch
import torch.nn.functional as F

from offering import op


def wrapped(indices, extent):
    """Indices from the start of the axis: torch takes negative ones in some operators only."""
    return torch.where(indices < 0, indices + extent, indices)


@op([(3, 2), ((2,), [2, 0])], axis=0)
def Gather(x, a):
    data, indices, axis = x[0], x[1], a.get("axis", 0) % x[0].dim()
    chosen = data.index_select(axis, wrapped(indices, data.shape[axis]).reshape(-1))
    return [chosen.reshape(data.shape[:axis] + indices.shape + data.shape[axis + 1:])]


@op([(3, 2), ((1, 2), [2, 0])], axis=0)
def GatherElements(x, a):
    axis = a.get("axis", 0)
    return [torch.gather(x[0], axis, wrapped(x[1], x[0].shape[axis]))]


@op([(3, 2), ((2, 1), [2, 0])], batch_dims=0)
def GatherND(x, a):
    data, indices, batch_dims = x[0], x[1], a.get("batch_dims", 0)
    where = indices.unbind(-1)
    batch = []
    for k in range(batch_dims):
        shape = [1] * (indices.dim() - 1)
        shape[k] = data.shape[k]
        batch.append(torch.arange(data.shape[k]).reshape(shape))
    return [data[tuple(batch) + where]]


REDUCTIONS = {"add": "sum", "mul": "prod", "max": "amax", "min": "amin"}


@op([(3, 2), ((1, 2), [2, 0]), (1, 2)], axis=0, reduction="add")
def ScatterElements(x, a):
    data, updates, axis, reduction = x[0], x[2], a.get("axis", 0), a.get("reduction", "none")
    indices = wrapped(x[1], data.shape[axis])
    if reduction == "none":
        return [data.scatter(axis, indices, updates)]
    if reduction == "add":
        return [data.scatter_add(axis, indices, updates)]
    return [data.scatter_reduce(axis, indices, updates, REDUCTIONS[reduction])]


@op([(3, 2), ((2, 1), [2, 0]), (2, 2)], reduction="add")
def ScatterND(x, a):
    data, updates, reduction = x[0], x[2], a.get("reduction", "none")
    if reduction not in ("none", "add"):
        raise NotImplementedError("torch reduces at tuples of indices by sums only")
    return [data.index_put(x[1].unbind(-1), updates, accumulate=reduction == "add")]


@op([(3, 2)], axis=0, k=2, largest=1, sorted=1)
def TopK(x, a):
    return [torch.topk(x[0], a["k"], a.get("axis", -1), bool(a.get("largest", 1)), bool(a.get("sorted", 1)))[0]]


@op([(3, 2), ((2,), [2, 0])], domain="backproof", scale_grad_by_freq=0)
def embedding(x, a):
    return [F.embedding(x[1], x[0], a.get("padding_idx"), scale_grad_by_freq=bool(a["scale_grad_by_freq"]))]


@op([(3, 2), ((2,), [2, 0]), ((1,), [0]), None], domain="backproof", mode="sum", include_last_offset=0)
def embedding_bag(x, a):
    return [F.embedding_bag(x[1], x[0], x[2], mode=a["mode"], per_sample_weights=x[3] if len(x) > 3 else None,
                            include_last_offset=bool(a["include_last_offset"]), padding_idx=a.get("padding_idx"))]


@op([(2,), ((2,), [1, 0]), ((2,), [0, 2]), (2, 3), (2,)], domain="backproof", rows=2)
def sparse_linear(x, a):
    matrix = torch.sparse_coo_tensor(torch.stack([x[1], x[2]]), x[0], (a["rows"], x[3].shape[1]))
    product = torch.sparse.mm(matrix, x[3].t())
    return [product if len(x) < 5 or x[4] is None else product + x[4]]
