"""A module that PyTorch exports to ONNX, and its step: torch_export.py export MODEL OPSET, or step START OUT. The inputs
and the cotangent of the step are those of START, which backproof wrote."""
import json
import pathlib
import struct
import sys

import torch


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        nn = torch.nn
        torch.manual_seed(0)
        self.conv, self.norm = nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4, eps=2.0**-10)
        self.up, self.drop, self.fc = nn.ConvTranspose2d(4, 3, 2, stride=2), nn.Dropout(0.25), nn.Linear(48, 5)

    def forward(self, x):
        x = torch.nn.functional.silu(self.norm(self.conv(x)))
        x = torch.nn.functional.interpolate(self.up(x), scale_factor=0.5, mode="nearest")
        x = torch.nn.functional.pad(torch.nn.functional.max_pool2d(x, 2), (1, 1, 1, 1))
        x = torch.nn.functional.hardtanh(x, -0.75, 0.75)
        return torch.log_softmax(self.fc(self.drop(x.reshape(x.size(0), -1)[:, :48])), -1)


def export(path, opset):
    torch.onnx.export(Net().eval(), torch.randn(1, 2, 6, 6), path, opset_version=int(opset), input_names=["x"],
                      output_names=["y"], dynamic_axes={"x": {0: "n"}}, do_constant_folding=False,
                      training=torch.onnx.TrainingMode.PRESERVE)


def read(path):
    whole = pathlib.Path(path).read_bytes()
    size, = struct.unpack("<Q", whole[:8])
    out = {}
    for name, entry in json.loads(whole[8:8 + size]).items():
        if name != "__metadata__" and entry["dtype"] == "F64":
            begin, end = (8 + size + k for k in entry["data_offsets"])
            out[name] = torch.frombuffer(bytearray(whole[begin:end]) or bytearray(8), dtype=torch.float64)
            out[name] = out[name][:(end - begin) // 8].reshape(entry["shape"])
    return out


def write(path, tensors):
    header, data = {}, b""
    for name, t in tensors.items():
        raw = t.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": "F64", "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


def step(start, out):
    model, given = Net().eval().double(), read(start)
    x, v = given["input/x"].requires_grad_(), given["weight/objective.v"]
    (model(x) * v).sum().backward()
    write(out, {"input/x": x, "delta/x": x.grad, "weight/objective.v": v,
                **{f"grad/{name}": p.grad for name, p in model.named_parameters()}})


{"export": export, "step": step}[sys.argv[1]](*sys.argv[2:])
