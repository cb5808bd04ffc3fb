"""backproof flow: exit codes, reports, recordings that are damaged."""
import io
import json
import os
import re
import struct
import subprocess
import sys
import unittest
import zipfile

from tool import SOURCE, ToolTest, main

TORCH = os.environ.get("BACKPROOF_TORCH_PYTHON", str(SOURCE / "adapters" / "torch" / ".venv" / "bin" / "python"))

JAX = os.environ.get("BACKPROOF_JAX_PYTHON", str(SOURCE / "adapters" / "jax" / ".venv" / "bin" / "python"))
JAX_NETWORK = """
import functools, json, sys, jax, jax.numpy as jnp
from record_jax import record_flow
f, gain = {"sigmoid": (jax.nn.sigmoid, 1), "relu": (jax.nn.relu, 2)}[sys.argv[1]]
block = lambda p, x: f(x @ p["w"] + p["b"])
loss = lambda y: (y ** 2).sum()
parameters = [{"w": jax.random.normal(k, (64, 64)) * (gain / 64) ** .5, "b": jnp.zeros(64)}
              for k in jax.random.split(jax.random.PRNGKey(1), 8)]
"""


def line(kind, name, norm, step=0, n=64, **more):
    return {"step": step, "kind": kind, "layer": name, "n": n, "norm": norm, **more}


def healthy_lines(layers=10, steps=5, drift=0.0):
    for step in range(steps):
        for k in range(layers):
            yield line("delta", f"layer{k}", 10 ** (drift * (layers - 1 - k) / (layers - 1)), step, index=k + 1, width=64)
            yield line("grad", f"layer{k}.weight", 0.1, step)


def npy(values, dtype="<f8", shape=None):
    header = repr({"descr": dtype, "fortran_order": False, "shape": shape or (len(values),)}).encode() + b"\n"
    size = {"<f8": "d", "<f4": "f", "<f2": "e"}[dtype]
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + struct.pack(f"<{len(values)}{size}", *values)


def npz(tensors):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in tensors.items():
            archive.writestr(name + ".npy", data)
    return buffer.getvalue()


def safetensors(entries, payload):
    header = json.dumps(entries).encode()
    return struct.pack("<Q", len(header)) + header + payload


def conforms(value, schema, where="$"):
    """The part of JSON Schema that ours uses; yields what is wrong."""
    if "const" in schema and value != schema["const"]:
        yield f"{where}: not {schema['const']}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value} is none of {schema['enum']}"
    if "anyOf" in schema and all(list(conforms(value, s, where)) for s in schema["anyOf"]):
        yield f"{where}: fits no alternative"
    kinds = {"object": dict, "array": list, "string": str, "number": (int, float), "integer": int, "boolean": bool, "null": type(None)}
    if "type" in schema and not isinstance(value, kinds[schema["type"]]):
        yield f"{where}: no {schema['type']}"
        return
    for key in schema.get("required", []):
        if key not in value:
            yield f"{where}: no {key}"
    if isinstance(value, dict):
        for key in value:
            if key in schema.get("properties", {}):
                yield from conforms(value[key], schema["properties"][key], f"{where}.{key}")
            elif schema.get("additionalProperties") is False:
                yield f"{where}: {key} is not in the schema"
    for k, item in enumerate(value if isinstance(value, list) and "items" in schema else []):
        yield from conforms(item, schema["items"], f"{where}[{k}]")


class Flow(ToolTest):
    def write(self, name, content):
        (self.folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    def jsonl(self, lines, name="r.jsonl"):
        return self.write(name, "".join(json.dumps(one) + "\n" for one in lines))

    def findings(self, *arguments, code):
        self.expect(code, "flow", *arguments, "--json", "out.json")
        return {f["id"] for f in json.loads((self.folder / "out.json").read_text())["findings"] if f["level"] != "info"}

    def small(self, *more):
        return ("flow", "--preset", "sigmoid-glorot", "--depth", "7", "--width", "24", "--samples", "8", *more)

    def test_a_preset_that_vanishes_and_one_that_does_not(self):
        run = self.expect(1, *self.small())
        self.assertRegex(run.out.splitlines()[0], r"^The gradient loses 0\.6\d* decades per layer; over 6 layers the first gets 1/")
        self.assertEqual(run.last, "verdict: fail: vanishing (GF003)")
        run = self.expect(0, "flow", "--preset", "relu-he", "--depth", "7", "--width", "64")
        self.assertEqual(run.last, "verdict: healthy")

    def test_what_to_fail_on(self):
        self.expect(0, *self.small("--fail-on", "none"))
        self.expect(0, *self.small("--fail-on", "exploding,GF001"))
        self.expect(1, *self.small("--fail-on", "vanishing"))
        self.expect_complaint(4, ["--fail-on", "nonsense"], *self.small("--fail-on", "nonsense"))

    def test_usage(self):
        self.expect_complaint(4, ["INPUT", "--preset"], "flow")
        self.expect_complaint(4, ["unknown preset", "nonsense"], "flow", "--preset", "nonsense")
        self.expect_complaint(4, ["cannot"], "flow", "missing.jsonl")
        self.expect_complaint(4, [".npz, .safetensors or .jsonl"], "flow", self.write("r.txt", "x"))
        self.expect_complaint(4, ["1e8 weights"], "flow", "--preset", "relu-he", "--depth", "10000", "--width", "4096")

    def test_all_reports_are_written_and_reruns_give_the_same_bytes(self):
        names = {"--json": "r.json", "--html": "r.html", "--markdown": "r.md", "--junit": "r.xml"}
        arguments = [word for pair in names.items() for word in pair]
        self.expect(1, *self.small(*arguments))
        first = {name: (self.folder / name).read_bytes() for name in names.values()}
        self.expect(1, *self.small(*arguments))
        for name, content in first.items():
            self.assertEqual((self.folder / name).read_bytes(), content, name)
        self.assertNotIn(b"<script", first["r.html"])
        self.assertNotIn(b"http", first["r.html"].replace(b"http://www.w3.org/2000/svg", b""))
        self.assertGreaterEqual(first["r.html"].count(b"<svg"), 7)
        self.assertIn(b"xychart-beta", first["r.md"])
        self.assertLess(len(first["r.md"]), 1 << 20)
        self.assertIn(b'<failure message="The gradient vanishes', first["r.xml"])

    def test_reports_fit_their_schema(self):
        schema = json.loads((SOURCE / "docs" / "flow-report.schema.json").read_text())
        self.expect(1, *self.small("--json", "preset.json"))
        self.expect(0, "flow", self.jsonl(healthy_lines()), "--json", "recording.json")
        self.expect(0, "flow", SOURCE / "examples" / "networks" / "lenet.json", "--samples", "2", "--json", "network.json")
        for name in ("preset.json", "recording.json", "network.json"):
            report = json.loads((self.folder / name).read_text())
            self.assertEqual(list(conforms(report, schema)), [], name)
            self.assertEqual(report, json.loads(json.dumps(report, sort_keys=True)))
        del report["flow"], report["layers"][0]["name"]
        self.assertEqual(len(list(conforms(report, schema))), 2)

    def test_a_baseline_names_the_layer_that_moved(self):
        self.expect(0, "flow", self.jsonl(healthy_lines()), "--json", "before.json")
        self.expect(0, "flow", "r.jsonl", "--baseline", "before.json")
        moved = [dict(one, norm=one["norm"] * (4 if one["kind"] == "delta" and one["index"] <= 5 else 1)) for one in healthy_lines()]
        run = self.expect(1, "flow", self.jsonl(moved, "m.jsonl"), "--baseline", "before.json")
        self.assertIn("The gain of layer5 moved by +0.60 decades", run.out)
        self.expect(0, "flow", "m.jsonl", "--baseline", "before.json", "--max-drift", "0.7")
        self.expect(1, "flow", self.jsonl(healthy_lines(9), "less.jsonl"), "--baseline", "before.json")
        self.expect_complaint(4, ["not a backproof.flow-report/1"], "flow", "r.jsonl", "--baseline", self.write("x.json", '{"schema": 1}'))

    def test_what_overflows_is_said_to(self):
        run = self.expect(1, "flow", "--preset", "residual-unit", "--depth", "3000", "--width", "8", "--samples", "2", "--html", "r.html")
        self.assertIn("nonfinite (GF001)", run.last)

    def test_convolutions_have_both_norms(self):
        run = self.expect(0, "flow", SOURCE / "examples" / "networks" / "lenet.json", "--samples", "2", "--json", "r.json")
        self.assertIn("conv1: its kernel as a matrix has the norm", run.out)
        for layer in json.loads((self.folder / "r.json").read_text())["layers"]:
            self.assertLessEqual(layer["norm"]["lower"], layer["norm"]["upper"] * (1 + 1e-9), layer["name"])
            if layer["name"] == "conv2":
                self.assertLess(layer["norm"]["upper"], 3 * layer["norm"]["lower"])

    def test_networks_from_a_description(self):
        layers = [word for k in range(8) for word in ({"name": f"fc{k}", "op": "Linear", "units": 32, "init": "glorot"},
                                                      {"name": f"s{k}", "op": "Sigmoid"})]
        net = {"format": "backproof.net/1", "inputs": {"x": {"shape": [2, 32]}, "y": {"shape": [2, 32]}},
               "layers": [*layers[:-1], {"op": "mse_loss", "inputs": ["fc7", "y"]}]}
        run = self.expect(1, "flow", self.write("net.json", json.dumps(net)), "--samples", "5")
        self.assertIn("vanishing", run.last)
        self.assertIn("ReLU and He initialisation", run.out)
        net["layers"][1] = {"name": "s0", "op": "Erf"}  # which has no block of its own
        self.expect(1, "flow", self.write("net.json", json.dumps(net)), "--samples", "5")
        net["layers"][1:] = [{"name": "turned", "op": "Transpose", "perm": [1, 0]}, {"op": "l2_penalty", "lambda": 1, "m": 1}]
        self.expect_complaint(4, ["net.json", "'turned'", "Transpose", "record"], "flow", self.write("net.json", json.dumps(net)))
        self.expect_complaint(4, ["net.json"], "flow", self.write("net.json", "{"))

    def test_a_transformer_and_a_recurrent_network(self):
        run = self.expect(0, "flow", SOURCE / "examples" / "networks" / "transformer.json", "--samples", "3", "--json", "t.json")
        self.assertRegex(run.out, r"sum\.3 +48 .*\[")
        layers = json.loads((self.folder / "t.json").read_text())["layers"]
        for layer in layers:  # whatever block a parameter is in, its name begins with its layer's
            self.assertTrue(all(p["name"].startswith(layer["name"] + ".") for p in layer["parameters"]), layer["name"])
        run = self.expect(0, "flow", SOURCE / "examples" / "networks" / "recurrent.json", "--samples", "3")
        self.assertIn("over 2 layers", run.out)

    def test_batch_normalisation_in_training_explodes_with_depth(self):
        layers = [{"repeat": 30, "layers": [{"name": "fc", "op": "Linear", "units": 64, "init": "he"},
                                            {"op": "BatchNormalization", "training_mode": 1}, {"op": "Relu"}]},
                  {"name": "last", "op": "Linear", "units": 64}, {"op": "l2_penalty", "lambda": 1, "m": 1}]
        net = {"format": "backproof.net/1", "inputs": {"x": {"shape": [64, 64]}}, "layers": layers}
        self.expect(0, "flow", self.write("bn.json", json.dumps(net)), "--samples", "3", "--json", "bn.out")
        report = json.loads((self.folder / "bn.out").read_text())
        # Per batch normalisation with ReLU the squared gradient grows by pi/(pi-1) in wide layers and large batches, by
        # somewhat more at 64 (1.473 at 128): half of its logarithm is 0.083 decades.
        drift = report["flow"]["drift"] / 30
        self.assertGreater(drift, 0.07)
        self.assertLess(drift, 0.11)

    def test_recurrent_cells_and_empty_inputs(self):
        cells = {"format": "backproof.net/1", "inputs": {"h": {"shape": [4, 6]}, "x": {"shape": [4, 5]}},
                 "parameters": {"W": {"shape": [18, 5], "init": "glorot"}, "R": {"shape": [18, 6], "init": "orthogonal"}},
                 "layers": [{"repeat": 8, "layers": [{"name": "s", "op": "gru_cell", "inputs": ["x", "before", "W", "R"]}]},
                            {"op": "l2_penalty", "lambda": 1, "m": 1}]}
        self.assertIn("over 7 layers", self.expect(0, "flow", self.write("cells.json", json.dumps(cells)), "--samples", "3").out)
        empty = {"format": "backproof.net/1", "inputs": {"x": {"shape": [0, 6]}},
                 "layers": [{"op": "Linear", "units": 2}, {"op": "l2_penalty", "lambda": 1, "m": 1}]}
        self.expect_complaint(4, ["empty"], "flow", self.write("empty.json", json.dumps(empty)))

    def test_dead_networks_are_counted_and_not_averaged(self):
        run = self.expect(1, "flow", "--preset", "relu-he", "--depth", "31", "--width", "5", "--samples", "8", "--json", "dead.json")
        flow = json.loads((self.folder / "dead.json").read_text())
        self.assertGreaterEqual(flow["silent_samples"], 4)
        self.assertIn(f"in {flow['silent_samples']} of 8 networks", run.out)
        self.assertTrue(all(abs(layer["log10_norm"]) < 20 for layer in flow["layers"]))

    def test_other_seeds_are_other_networks(self):
        self.expect(0, "flow", "--preset", "tanh-glorot", "--depth", "3", "--width", "8", "--samples", "2", "--json", "a.json")
        norm = json.loads((self.folder / "a.json").read_text())["layers"][0]
        self.expect(0, "flow", "--preset", "tanh-glorot", "--depth", "3", "--width", "8", "--samples", "1", "--json", "b.json")
        self.expect(0, "flow", "--preset", "tanh-glorot", "--depth", "3", "--width", "8", "--samples", "1", "--seed", "2", "--json", "c.json")
        one, two = (json.loads((self.folder / f"{n}.json").read_text())["layers"][0]["log10_norm"] for n in "bc")
        self.assertNotAlmostEqual(norm["log10_norm"], (one + two) / 2)

    def test_gemm_is_a_linear_map(self):
        weights = [[0.5, 0.0], [0.0, 0.5]]
        for trans_b in (0, 1):
            layers = [{"name": f"g{k}", "op": "Gemm", "units": 2, "transB": trans_b, "parameters": {"B": {"values": weights}, "C": {"values": [0.0, 0.0]}}}
                      for k in range(11)]
            net = {"format": "backproof.net/1", "inputs": {"x": {"shape": [3, 2]}, "y": {"shape": [3, 2]}},
                   "layers": [*layers, {"op": "mse_loss", "inputs": ["g10", "y"]}]}
            self.expect(0, "flow", self.write("gemm.json", json.dumps(net)), "--samples", "3", "--json", "r.json")
            flow = json.loads((self.folder / "r.json").read_text())["flow"]
            self.assertAlmostEqual(10 ** flow["decades_per_layer"], 0.5, places=12)

    def test_a_residual_network_from_a_description(self):
        layers = [{"name": "in", "op": "Linear", "units": 16}]
        for k in range(4):
            layers += [{"name": f"a{k}", "op": "Relu"}, {"name": f"w{k}", "op": "Linear", "units": 16},
                       {"name": f"sum{k}", "op": "Add", "inputs": [f"w{k}", layers[-1]["name"]]}]
        net = {"format": "backproof.net/1", "inputs": {"x": {"shape": [2, 16]}, "y": {"shape": [2, 16]}},
               "layers": [*layers, {"op": "mse_loss", "inputs": ["sum3", "y"]}]}
        self.expect(0, "flow", self.write("net.json", json.dumps(net)), "--samples", "3", "--json", "r.json")
        kinds = [layer["kind"] for layer in json.loads((self.folder / "r.json").read_text())["layers"]]
        self.assertEqual(kinds, ["dense"] + ["residual"] * 4)

    def test_recordings_in_each_container_say_the_same(self):
        values = {f"delta/{k + 1}/layer{k}": [10.0 ** -k] * 4 for k in range(4)}
        self.write("r.npz", npz({name: npy(v) for name, v in values.items()}))
        entries = {name: {"dtype": "F64", "shape": [4], "data_offsets": [32 * k, 32 * k + 32]} for k, name in enumerate(values)}
        self.write("r.safetensors", safetensors(entries, b"".join(struct.pack("<4d", *v) for v in values.values())))
        self.jsonl([line("delta", f"layer{k}", 2 * 10.0 ** -k, n=4, index=k + 1) for k in range(4)])
        drifts = []
        for name in ("r.npz", "r.safetensors", "r.jsonl"):
            self.expect(0, "flow", name, "--json", "out.json")
            drifts.append(json.loads((self.folder / "out.json").read_text())["flow"]["drift"])
        for drift in drifts:
            self.assertAlmostEqual(drift, 3, places=12)  # a single step: a warning and no failure

    def test_verdicts_on_recordings(self):
        self.assertEqual(self.findings(self.jsonl(healthy_lines()), code=0), set())
        self.assertEqual(self.findings(self.jsonl(healthy_lines(drift=-3.5)), code=1), {"GF003"})
        self.assertEqual(self.findings(self.jsonl(healthy_lines(drift=3.5)), code=1), {"GF004"})
        lines = list(healthy_lines())
        lines[6] = dict(lines[6], norm="NaN")
        self.assertEqual(self.findings(self.jsonl(lines), code=1), {"GF001"})
        self.assertEqual(self.findings(self.jsonl([dict(one, norm=0.0) for one in healthy_lines()]), code=1), {"GF002"})
        lines = list(healthy_lines())
        lines[3] = {"step": 0, "kind": "grad", "layer": "layer1.weight", "absent": True}
        self.assertEqual(self.findings(self.jsonl(lines), code=1), {"GF002"})
        broken = [dict(one, norm=one["norm"] * (1e-2 if one["kind"] == "delta" and one["index"] <= 4 else 1)) for one in healthy_lines()]
        self.assertIn("GF006", self.findings(self.jsonl(broken), code=0))
        tiny = [dict(one, dtype="f16", exp_hist=[[-30, 60], [-3, 4]]) for one in healthy_lines()]
        self.assertEqual(self.findings(self.jsonl(tiny), code=1), {"GF007"})

    def test_a_nan_in_an_array_is_a_finding(self):
        tensors = {f"delta/{k + 1}/layer{k}": npy([1.0, float("nan") if k == 2 else 1.0]) for k in range(4)}
        self.assertEqual(self.findings(self.write("r.npz", npz(tensors)), code=1), {"GF001"})

    def test_jacobians_that_were_recorded(self):
        # Three layers of J = [[0, 2], [1, 0]]: singular values 2 and 1, of the product J^3 = 2 J 4 and 2.
        jac = [0.0, 2.0, 1.0, 0.0]

        def recorded(name, jac, rows, shape=(2, 2)):
            deltas = {f"delta/{k + 1}/l{k + 1}": npy(list(row), shape=(1, 2)) for k, row in enumerate(rows)}
            return self.write(name, npz({**deltas, **{f"jac/l{k}": npy(jac, shape=shape) for k in (2, 3, 4)}}))

        chain = [[10.0, 12.0]]  # delta_(l-1) = J' delta_l
        for _ in range(3):
            chain.insert(0, [chain[0][1], 2 * chain[0][0]])
        self.expect(0, "flow", recorded("j.npz", jac, chain), "--json", "j.json")
        report = json.loads((self.folder / "j.json").read_text())
        self.assertEqual([layer["spectrum"] for layer in report["layers"]][1:], [[2.0, 1.0]] * 3)
        self.assertAlmostEqual(report["whole_jacobian"]["norm"]["lower"], 4.0)
        self.assertAlmostEqual(report["gradient_mismatch"], 0.0)
        chain[1][0] *= 1.01
        run = self.expect(1, "flow", recorded("wrong.npz", jac, chain))
        self.assertIn("GF011", run.last)
        self.expect_complaint(4, ["jac/l2", "two axes"], "flow", recorded("flat.npz", jac, chain, (4,)))
        self.expect_complaint(4, ["jac/l2", "outputs"], "flow", recorded("narrow.npz", jac, chain, (1, 4)))
        self.expect_complaint(4, ["jac/l2", "finite"], "flow", recorded("nan.npz", [float("nan")] * 4, chain))

    def test_contradictions_are_refused(self):
        good = [line("delta", f"l{k}", 1.0, index=k + 1, width=64) for k in range(4)]
        for change, words in (({"absmax": 1e9}, "absmax"), ({"exp_hist": [[0, 1000]]}, "exp_hist"), ({"dtype": "int8"}, "int8"),
                              ({"width": 0}, "width"), ({"n": 0}, "'n' is 0")):
            self.expect_complaint(4, ["line 2", words], "flow", self.jsonl([good[0], {**good[1], **change}, *good[2:]]))
        missing = {key: value for key, value in good[1].items() if key not in ("n", "norm")}
        self.assertIn("l1 is missing", self.expect(1, "flow", self.jsonl([good[0], {**missing, "absent": True}, *good[2:]])).out)
        stored = io.BytesIO()
        with zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as archive:
            for k in range(3):
                archive.writestr(f"delta/{k + 1}/l{k}.npy", npy([1.0] * 50))
        damaged = bytearray(stored.getvalue())
        damaged[200] ^= 1
        self.expect_complaint(4, ["damaged"], "flow", self.write("flipped.npz", bytes(damaged)))
        self.expect_complaint(4, ["--preset"], "flow", self.write("ok.npz", stored.getvalue()), "--depth", "7")

    def test_a_loss_scale_is_divided_out(self):
        lines = [dict(one, loss_scale=2.0 ** (one["index"] * 4)) if one["kind"] == "delta" else one for one in healthy_lines(4)]
        lines = [dict(one, norm=one["norm"] * one.get("loss_scale", 1)) for one in lines]
        self.assertEqual(self.findings(self.jsonl(lines), code=0), set())

    def test_damaged_recordings_are_refused_in_one_line(self):
        good = npz({f"delta/{k}/l{k}": npy([1.0, 2.0]) for k in (1, 2)})
        for name, content, words in (
                ("truncated.npz", good[:-30], ["truncated.npz"]),
                ("empty.npz", b"", ["empty.npz"]),
                ("cut.npz", npz({"delta/1/a": npy([1.0, 2.0])[:-4]}), ["cut.npz"]),
                ("object.npz", npz({"delta/1/a": npy([1.0]).replace(b"<f8", b"|O8")}), ["object.npz"]),
                ("name.npz", npz({"weights": npy([1.0])}), ["name.npz", "weights", "delta/INDEX/LAYER"]),
                ("index.npz", npz({"delta/one/a": npy([1.0])}), ["one", "no whole number"]),
                ("overlap.safetensors", safetensors({"delta/1/a": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]},
                                                     "delta/2/b": {"dtype": "F64", "shape": [1], "data_offsets": [4, 12]}}, bytes(12)), ["overlap"]),
                ("huge.safetensors", struct.pack("<Q", 1 << 60) + b"{}", ["huge.safetensors", "header"]),
                ("short.jsonl", '{"kind": "delta", "layer": "a"', ["line 1", "JSON"]),
                ("kind.jsonl", '{"kind": "loss", "layer": "a"}', ["line 1", "loss"]),
                ("norm.jsonl", '{"kind": "delta", "layer": "a", "index": 1, "n": 4}', ["line 1", "norm"]),
                ("negative.jsonl", '{"kind": "delta", "layer": "a", "index": 1, "n": 4, "norm": -1}', ["line 1", "negative"]),
                ("long.jsonl", "x" * 100000, ["line 1", "longer"])):
            with self.subTest(name):
                self.expect_complaint(4, words, "flow", self.write(name, content))

    def test_missing_layers_and_steps_are_refused(self):
        lines = list(healthy_lines())
        self.expect_complaint(4, ["step 0", "layer 3 is missing"], "flow", self.jsonl([one for one in lines if one.get("index") != 3 or one["step"] != 0]))
        self.expect_complaint(4, ["has 9 layers"], "flow", self.jsonl([one for one in lines if one.get("index") != 10 or one["step"] != 2]))
        self.expect_complaint(4, ["twice"], "flow", self.jsonl([lines[0], *lines]))
        self.expect_complaint(4, ["begin with 5"], "flow", self.jsonl([one for one in lines if one.get("index", 9) >= 5]))
        shifted = [dict(one, index=one["index"] - one["step"]) if one["kind"] == "delta" else one for one in lines if one["step"] < 2]
        self.expect_complaint(4, ["step 1", "layer 0"], "flow", self.jsonl(shifted))
        silent = [dict(one, norm=0.0) if one.get("index") == 4 and one["step"] == 2 else one for one in lines]
        self.assertIn("layer3: the gradient is exactly zero or not finite in 1 of 5 steps", self.expect(0, "flow", self.jsonl(silent)).out)
        self.expect_complaint(5, ["no gradients"], "flow", self.jsonl([]))

    def test_a_zip_bomb_is_refused(self):
        bomb = b"\x93NUMPY\x01\x00" + struct.pack("<H", 76) + repr({"descr": "<f8", "fortran_order": False, "shape": (1 << 40,)}).encode().ljust(76)
        self.expect_complaint(4, ["bomb.npz"], "flow", self.write("bomb.npz", npz({"delta/1/a": bomb + bytes(1 << 22)})))
        large = npz({f"delta/{k}/a": npy([0.0] * 100) for k in range(3)})
        claimed = large.replace(struct.pack("<I", len(npy([0.0] * 100))), struct.pack("<I", 0xF0000000))
        self.assertNotEqual(large, claimed)
        self.expect_complaint(4, ["claims.npz"], "flow", self.write("claims.npz", claimed))

    def recorded(self, name, steps):
        if not os.path.exists(TORCH):
            if "torch" in os.environ.get("BACKPROOF_REQUIRE_ADAPTERS", ""):
                self.fail("torch is required: scripts/adapters torch installs it")
            self.skipTest("no PyTorch here: scripts/adapters torch")
        examples = SOURCE / "examples" / "flow"
        subprocess.run([TORCH, "-B", examples / "train_torch.py", name, self.folder / f"{name}.jsonl", str(steps)], check=True, timeout=300)
        return f"{name}.jsonl"

    def test_pytorch_a_sigmoid_network_in_training_vanishes(self):
        run = self.expect(1, "flow", self.recorded("sigmoid", 200), "--json", "out.json")
        self.assertEqual(run.last, "verdict: fail: vanishing (GF003)")
        report = json.loads((self.folder / "out.json").read_text())
        self.assertEqual(len(report["steps"]), 200)
        self.assertEqual([layer["width"] for layer in report["layers"]], [64] * 10 + [1])
        # nn.Linear's default and sigmoid: sw^2 = 1/3, and a slope of at most 1/4: at most log10(sqrt(1/48)) = -0.84 per layer, up to
        # what ten layers fluctuate, sqrt(2 * 10/64) / (2 ln 10) / 10 = 0.01, and as much again for training.
        self.assertLess(report["flow"]["decades_per_layer"], -0.80)
        self.assertGreater(report["flow"]["decades_per_layer"], -0.95)

    def test_pytorch_a_relu_network_with_he_initialisation_is_healthy(self):
        run = self.expect(0, "flow", self.recorded("relu", 200))
        self.assertEqual(run.last, "verdict: healthy")

    def test_pytorch_records_the_gradients_of_pytorch(self):
        self.recorded("relu", 1)  # or the reason why not
        program = """
import json, sys, torch
from record_torch import FlowRecorder
torch.manual_seed(3)
model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
recorder = FlowRecorder(model, sys.argv[1])
model(torch.randn(4, 8)).pow(2).sum().backward()
recorder.step()
recorded = {r["layer"]: r["norm"] for r in map(json.loads, open(sys.argv[1])) if r["kind"] == "grad"}
right = {name: float(p.grad.norm()) for name, p in model.named_parameters()}
assert recorded.keys() == right.keys(), (recorded, right)
for name, norm in right.items():
    assert abs(recorded[name] - norm) <= 1e-5 * norm, name
"""
        subprocess.run([TORCH, "-B", "-c", program, self.folder / "own.jsonl"], check=True, timeout=300,
                       cwd=SOURCE / "examples" / "flow")

    def jax(self, program, *arguments):
        if not os.path.exists(JAX):
            if "jax" in os.environ.get("BACKPROOF_REQUIRE_ADAPTERS", ""):
                self.fail("JAX is required: scripts/adapters jax installs it")
            self.skipTest("no JAX here: scripts/adapters jax")
        subprocess.run([JAX, "-B", "-c", JAX_NETWORK + program, *arguments], check=True, timeout=300,
                       cwd=SOURCE / "examples" / "flow")

    def test_jax_a_sigmoid_network_vanishes_and_a_relu_network_with_he_initialisation_is_healthy(self):
        for kind, code, verdict in (("sigmoid", 1, "fail: vanishing (GF003)"), ("relu", 0, "healthy")):
            self.jax("""
with open(sys.argv[2], "w") as file:
    for step in range(5):
        record_flow(file, step, [block] * 8, parameters, jax.random.normal(jax.random.PRNGKey(step), (16, 64)), loss)
""", kind, self.folder / f"{kind}.jsonl")
            self.assertEqual(self.expect(code, "flow", f"{kind}.jsonl").last, f"verdict: {verdict}")

    def test_jax_records_the_gradients_of_jax(self):
        self.jax("""
x = jax.random.normal(jax.random.PRNGKey(7), (16, 64))
with open(sys.argv[2], "w") as file:
    record_flow(file, 0, [block] * 8, parameters, x, loss)
whole = lambda ps: loss(functools.reduce(lambda y, p: block(p, y), ps, x))
right = {f"block{k + 1}['{name}']": g for k, one in enumerate(jax.grad(whole)(parameters)) for name, g in one.items()}
recorded = {r["layer"]: r["norm"] for r in map(json.loads, open(sys.argv[2])) if r["kind"] == "grad"}
assert recorded.keys() == right.keys(), (recorded.keys(), right.keys())
for name, g in right.items():
    assert abs(recorded[name] - jnp.linalg.norm(g)) <= 1e-5 * recorded[name], name
""", "sigmoid", self.folder / "jax.jsonl")


if __name__ == "__main__":
    main()
