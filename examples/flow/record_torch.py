"""Records gradients for `backproof flow`: copy this class into your training script.

    recorder = FlowRecorder(model, "flow.jsonl")
    ...
    loss.backward()             # with a GradScaler: scaler.unscale_(optimizer) next
    recorder.step()             # before clipping, before optimizer.step(); with a GradScaler: step(scaler.get_scale())
"""
import json

import torch


class FlowRecorder:
    def __init__(self, model, path):
        self.model, self.file, self.number, self.seen = model, open(path, "w", buffering=1), 0, []
        for name, module in model.named_modules():
            if next(module.parameters(recurse=False), None) is not None:  # layers are what has weights of its own
                module.register_forward_hook(lambda m, x, y, name=name: self._watch(name, y))

    def _watch(self, name, y):
        if y.requires_grad:
            self.seen.append([name, None])
            y.register_hook(lambda g, entry=self.seen[-1]: entry.__setitem__(1, g.detach()))

    def _write(self, kind, name, t, **more):
        line = {"step": self.number, "kind": kind, "layer": name, **more, "absent": t is None}
        if t is not None:
            x = t.detach().double().flatten()
            fine = x[torch.isfinite(x)]
            exponents, counts = torch.unique(torch.frexp(fine[fine != 0])[1] - 1, return_counts=True)
            line.update(n=x.numel(), norm=fine.norm().item(), absmax=fine.abs().max().item() if len(fine) else 0.0,
                        zeros=int((fine == 0).sum()), nonfinite=x.numel() - fine.numel(),
                        dtype={"torch.float16": "f16", "torch.bfloat16": "bf16", "torch.float32": "f32"}.get(str(t.dtype), "f64"),
                        exp_hist=[list(pair) for pair in zip(exponents.tolist(), counts.tolist())])
        self.file.write(json.dumps(line) + "\n")

    def step(self, loss_scale=1.0):
        for k, (name, g) in enumerate(self.seen, 1):
            width = 1 if g is None else g[0].numel()
            self._write("delta", name, g, index=k, width=width, loss_scale=loss_scale)
        for name, p in self.model.named_parameters():
            if p.requires_grad:
                self._write("grad", name, p.grad)
                self._write("weight", name, p)
        self.seen, self.number = [], self.number + 1
