"""Records one training step of a PyTorch model for `backproof audit NETWORK STEP.safetensors`.

    step = Step(model, image=x, digit=y)          # inputs by their names in the network's description
    loss = criterion(model(x), y)
    loss.backward()
    step.write("step.safetensors")

Every module without children is a layer of its own name, whose output and gradient are kept. Record before the
gradients are clipped, and after they are unscaled.
"""
import json
import struct


class Step:
    def __init__(self, model, **inputs):
        self.model, self.inputs, self.outputs = model, inputs, {}
        self.hooks = [module.register_forward_hook(self._hook(name)) for name, module in model.named_modules()
                      if name and not list(module.children())]

    def _hook(self, name):
        def keep(module, arguments, output):
            if output.requires_grad:
                output.retain_grad()
            self.outputs[name] = output
        return keep

    def tensors(self):
        for name, t in self.inputs.items():
            yield f"input/{name}", t
            yield f"delta/{name}", t.grad
        for name, p in self.model.named_parameters():
            yield f"weight/{name}", p
            yield f"grad/{name}", p.grad
        for name, t in self.outputs.items():
            yield f"value/{name}", t
            yield f"delta/{name}", t.grad

    def write(self, path):
        names = {"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64"}
        header, data = {}, b""
        for name, t in self.tensors():
            if t is None:
                continue
            t = t.detach().cpu().contiguous()
            kind = str(t.dtype).split(".")[-1]
            raw = (t.view(__import__("torch").int16) if kind == "bfloat16" else t).numpy().tobytes()
            header[name] = {"dtype": names[kind], "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
            data += raw
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(path, "wb") as f:
            f.write(struct.pack("<Q", len(text)) + text + data)
        for hook in self.hooks:
            hook.remove()
