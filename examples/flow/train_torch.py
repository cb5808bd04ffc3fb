"""Trains a multilayer perceptron for a few hundred steps, and records it: train_torch.py sigmoid|relu FILE [STEPS]."""
import sys

import torch

from record_torch import FlowRecorder


def network(activation, depth=10, width=64):
    layers, size = [], 8
    for _ in range(depth):
        layers += [torch.nn.Linear(size, width), activation()]
        size = width
    return torch.nn.Sequential(*layers, torch.nn.Linear(width, 1))


def main(name, path, steps=300):
    torch.manual_seed(1)
    torch.set_num_threads(1)
    model = network({"sigmoid": torch.nn.Sigmoid, "relu": torch.nn.ReLU}[name])
    if name == "relu":
        for p in model.parameters():
            torch.nn.init.kaiming_normal_(p, nonlinearity="relu") if p.dim() > 1 else torch.nn.init.zeros_(p)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    recorder = FlowRecorder(model, path)
    for _ in range(int(steps)):
        x = torch.randn(64, 8)
        loss = torch.nn.functional.mse_loss(model(x), torch.sin(x.sum(1, keepdim=True)))
        optimizer.zero_grad()
        loss.backward()
        recorder.step()
        optimizer.step()


main(*sys.argv[1:])
