"""One step of examples/networks/lenet.json in PyTorch, recorded: torch_step.py STEP OUT [BUG]. The weights and the
inputs are those of STEP, which backproof wrote; a BUG is planted where its name says."""
import json
import pathlib
import struct
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "adapters" / "python"))
from backproof_step import Step


def read(path):
    whole = pathlib.Path(path).read_bytes()
    size, = struct.unpack("<Q", whole[:8])
    types = {"F64": torch.float64, "I64": torch.int64}
    out = {}
    for name, entry in json.loads(whole[8:8 + size]).items():
        if name == "__metadata__":
            continue
        begin, end = (8 + size + k for k in entry["data_offsets"])
        out[name] = torch.frombuffer(bytearray(whole[begin:end]), dtype=types[entry["dtype"]]).reshape(entry["shape"])
    return out


class GradientTimes(torch.autograd.Function):
    """A backward pass that is wrong by a factor in one element of its gradient."""

    @staticmethod
    def forward(context, x):
        return x.clone()

    @staticmethod
    def backward(context, g):
        g = g.clone()
        g.view(-1)[torch.argmax(g.abs())] *= 1 + 1e-9
        return g


class WrongPool(torch.nn.MaxPool2d):
    def forward(self, x):
        return super().forward(GradientTimes.apply(x))


class WrongLinear(torch.nn.Linear):
    def forward(self, x):
        return torch.nn.functional.linear(x, GradientTimes.apply(self.weight), self.bias)


class LeNet(torch.nn.Module):
    def __init__(self, bug):
        super().__init__()
        nn = torch.nn
        self.conv1, self.relu1 = nn.Conv2d(1, 6, 5, padding=2), nn.ReLU()
        self.pool1 = (WrongPool if bug == "pool1" else nn.MaxPool2d)(2)
        self.conv2, self.relu2, self.pool2 = nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)
        self.fc1, self.relu3 = (WrongLinear if bug == "fc1" else nn.Linear)(400, 120), nn.ReLU()
        self.fc2, self.relu4, self.fc3 = nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)

    def forward(self, x):
        x = self.pool1(self.relu1(self.conv1(x)))
        x = self.pool2(self.relu2(self.conv2(x)))
        return self.fc3(self.relu4(self.fc2(self.relu3(self.fc1(x.flatten(1))))))


def main(given, out, bug=None):
    start = read(given)
    model = LeNet(bug).double()
    names = {"W": "weight", "B": "bias", "weight": "weight", "bias": "bias"}
    model.load_state_dict({f"{layer}.{names[kind]}": value for key, value in start.items() if key.startswith("weight/")
                           for layer, kind in [key[7:].split(".")]})
    x, y = start["input/image"].clone().requires_grad_(), start["input/digit"]
    step = Step(model, image=x, digit=y)
    torch.nn.functional.cross_entropy(model(x), y).backward()
    step.write(out)


main(*sys.argv[1:])
