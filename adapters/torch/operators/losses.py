"""Losses."""
import torch.nn.functional as F

from offering import op


@op([(2, 3), "labels", "weights"])
def SoftmaxCrossEntropyLoss(x, a):
    log_prob = F.log_softmax(x[0], 1)
    weights = x[2] if len(x) > 2 else None
    # torch always has an ignore_index; its default is no label.
    loss = F.nll_loss(log_prob, x[1], weights, ignore_index=a.get("ignore_index", -100),
                      reduction=a.get("reduction", "mean"))
    return [loss, log_prob]


def target(x):
    # A target that broadcasts is expanded here, because torch warns of it.
    return x[1].expand_as(x[0])


@op([(2, 3), "labels", "weights"], reduction="mean", ignore_index=-100)
def NegativeLogLikelihoodLoss(x, a):
    weights = x[2] if len(x) > 2 else None
    return [F.nll_loss(x[0], x[1], weights, ignore_index=a.get("ignore_index", -100),
                       reduction=a.get("reduction", "mean"))]


@op([(2, 3), "labels", None, "weights"], domain="backproof", reduction="mean", ignore_index=-100, label_smoothing=0.1)
def cross_entropy(x, a):
    if x[1] is None and a["ignore_index"] >= 0:
        raise NotImplementedError("ignores labels only, not probabilities")
    return [F.cross_entropy(x[0], x[2] if x[1] is None else x[1], x[3], ignore_index=a["ignore_index"],
                            reduction=a["reduction"], label_smoothing=a["label_smoothing"])]


@op([(2, 3), (2, 3)], domain="backproof", reduction="mean")
def l1_loss(x, a):
    return [F.l1_loss(x[0], target(x), reduction=a["reduction"])]


@op([(2, 3), (2, 3)], domain="backproof", reduction="mean")
def mse_loss(x, a):
    return [F.mse_loss(x[0], target(x), reduction=a["reduction"])]


@op([(2, 3), (2, 3)], domain="backproof", reduction="mean", beta=1.0)
def smooth_l1_loss(x, a):
    return [F.smooth_l1_loss(x[0], target(x), reduction=a["reduction"], beta=a["beta"])]


@op([(2, 3), (2, 3)], domain="backproof", reduction="mean", delta=1.0)
def huber_loss(x, a):
    return [F.huber_loss(x[0], target(x), reduction=a["reduction"], delta=a["delta"])]


@op([(2, 3), (2, 3), None], domain="backproof", reduction="mean")
def binary_cross_entropy(x, a):
    if not bool(((x[0] >= 0) & (x[0] <= 1)).all()):
        raise NotImplementedError("torch takes probabilities from 0 to 1 only")
    return [F.binary_cross_entropy(x[0], x[1], x[2], reduction=a["reduction"])]


@op([(2, 3), (2, 3), None, None], domain="backproof", reduction="mean")
def binary_cross_entropy_with_logits(x, a):
    return [F.binary_cross_entropy_with_logits(x[0], x[1], x[2], pos_weight=x[3], reduction=a["reduction"])]


@op([(2, 3), (2, 3)], domain="backproof", reduction="batchmean", log_target=0)
def kl_div(x, a):
    return [F.kl_div(x[0], target(x), reduction=a["reduction"], log_target=bool(a["log_target"]))]


@op([(2, 3), (2, 3)], domain="backproof", reduction="mean", margin=1.0)
def hinge_embedding_loss(x, a):
    return [F.hinge_embedding_loss(x[0], x[1], margin=a["margin"], reduction=a["reduction"])]


@op([(2, 3), (2, 3), (2, 3)], domain="backproof", reduction="mean", margin=0.5)
def margin_ranking_loss(x, a):
    return [F.margin_ranking_loss(x[0], x[1], x[2], margin=a["margin"], reduction=a["reduction"])]


@op([(2, 3), (2, 3)], domain="backproof", reduction="mean")
def soft_margin_loss(x, a):
    return [F.soft_margin_loss(x[0], x[1], reduction=a["reduction"])]


@op([(2, 3), (2, 3)], domain="backproof", reduction="mean", margin=1.0, p=1)
def hinge_loss(x, a):
    # torch has none, and everyone writes it so.
    loss = (a["margin"] - x[1] * x[0]).clamp(min=0) ** a["p"]
    return [loss if a["reduction"] == "none" else loss.sum() if a["reduction"] == "sum" else loss.mean()]
