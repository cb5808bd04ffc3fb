"""Activations."""
import torch

from offering import op


@op([(2,)])
def Sigmoid(x, a):
    return [torch.sigmoid(x[0])]


@op([(2,)])
def Tanh(x, a):
    return [torch.tanh(x[0])]


@op([(2,)])
def Relu(x, a):
    return [torch.relu(x[0])]


@op([(2, 3)], axis=1)
def Softmax(x, a):
    return [torch.softmax(x[0], a.get("axis", -1))]
