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
