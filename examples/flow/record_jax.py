"""Records gradients for `backproof flow`: copy this function into your training script.

    record_flow(file, step, blocks, parameters, x, loss)

`blocks` are the network's layers in order, each a function (its parameters, x) -> y; `loss` takes the last y; `file` is open
for writing. One call is one step; it runs the network once more, eagerly.
"""
import json

import jax
import numpy as np


def record_flow(file, step, blocks, parameters, x, loss):
    def write(kind, name, t, **more):
        t = np.asarray(t)
        kept, t = {"float16": "f16", "bfloat16": "bf16", "float32": "f32"}.get(str(t.dtype), "f64"), t.astype("f8").ravel()
        fine = t[np.isfinite(t)]
        exponents, counts = np.unique(np.frexp(fine[fine != 0])[1] - 1, return_counts=True)
        file.write(json.dumps({
            "step": step, "kind": kind, "layer": name, **more, "n": t.size, "norm": float(np.linalg.norm(fine)),
            "absmax": float(abs(fine).max(initial=0)), "zeros": int((fine == 0).sum()), "nonfinite": int(t.size - fine.size),
            "dtype": kept, "exp_hist": [[int(e), int(c)] for e, c in zip(exponents, counts)]}) + "\n")

    pulls = []
    for block, p in zip(blocks, parameters):
        x, pull = jax.vjp(block, p, x)
        pulls.append(pull)
    delta = jax.grad(loss)(x)
    for k in reversed(range(len(blocks))):
        write("delta", f"block{k + 1}", delta, index=k + 1, width=int(np.size(delta[0])))
        gradients, delta = pulls[k](delta)
        for kind, tree in (("grad", gradients), ("weight", parameters[k])):
            for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
                write(kind, f"block{k + 1}{jax.tree_util.keystr(path)}", leaf)
