"""Losses over rows of scores, pairs and triplets of vectors, sequences; likelihoods; penalties."""
import torch
import torch.nn.functional as F

from offering import op


@op([(2, 3), "labels", "weights"], domain="backproof", p=1, margin=1.0, reduction="mean")
def multi_margin_loss(x, a):
    weights = x[2] if len(x) > 2 else None
    return [F.multi_margin_loss(x[0], x[1], a["p"], a["margin"], weights, reduction=a["reduction"])]


@op([(2, 3), ((2, 3), [1, -1, 0, 2, 0, -1])], domain="backproof", reduction="mean")
def multilabel_margin_loss(x, a):
    return [F.multilabel_margin_loss(x[0], x[1], reduction=a["reduction"])]


@op([(2, 3), (2, 3), "weights"], domain="backproof", reduction="mean")
def multilabel_soft_margin_loss(x, a):
    weights = x[2] if len(x) > 2 else None
    return [F.multilabel_soft_margin_loss(x[0], x[1], weights, reduction=a["reduction"])]


@op([(2, 3), (2, 3), ((2,), [1, -1])], domain="backproof", margin=0.0, reduction="mean")
def cosine_embedding_loss(x, a):
    return [F.cosine_embedding_loss(x[0], x[1], x[2], a["margin"], reduction=a["reduction"])]


@op([(2, 3), (2, 3), (2, 3)], domain="backproof", p=2.0, margin=1.0, eps=1e-6, swap=1, reduction="mean")
def triplet_margin_loss(x, a):
    return [F.triplet_margin_loss(x[0], x[1], x[2], a["margin"], a["p"], a["eps"], bool(a["swap"]),
                                  reduction=a["reduction"])]


@op([(2, 3), (2, 3)], domain="backproof", log_input=1, full=0, eps=1e-8, reduction="mean")
def poisson_nll_loss(x, a):
    return [F.poisson_nll_loss(x[0], x[1], bool(a["log_input"]), bool(a["full"]), eps=a["eps"],
                               reduction=a["reduction"])]


@op([(2, 3), (2, 3), (2, 1)], domain="backproof", full=0, eps=1e-6, reduction="mean")
def gaussian_nll_loss(x, a):
    if torch.any(x[2] < 0):
        raise NotImplementedError("torch rejects negative variances")
    return [F.gaussian_nll_loss(x[0], x[1], x[2], bool(a["full"]), a["eps"], a["reduction"])]


@op([(3, 1, 3), ((1, 2), [1, 2]), ((1,), [3]), ((1,), [2])], domain="backproof", blank=0, zero_infinity=0,
    reduction="mean")
def ctc_loss(x, a):
    return [F.ctc_loss(x[0], x[1], x[2], x[3], a["blank"], a["reduction"], bool(a["zero_infinity"]))]


@op([(2, 3)], domain="backproof", **{"lambda": 0.5})
def l1_penalty(x, a):
    return [a["lambda"] * x[0].abs().sum()]


@op([(2, 3)], domain="backproof", m=3, **{"lambda": 0.5})
def l2_penalty(x, a):
    return [a["lambda"] / (2 * a["m"]) * (x[0] * x[0]).sum()]
