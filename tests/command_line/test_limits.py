"""Small files that claim much: a line within a moment, or a result; never gigabytes, never a hang (docs/limits.md)."""
import json
import os
import struct
import subprocess
import sys
import tempfile
import threading
import zipfile

from tool import BACKPROOF, SOURCE, Run, ToolTest, main

sys.path.insert(0, str(SOURCE / "examples" / "networks"))
import make_onnx as onnx
from make_onnx import initializer, integers, node, value

GIB = 1 << 30


def safetensors(header, data=b""):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def npy(shape, descr="<f8", data=b""):
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + data


class Limits(ToolTest):
    memory = 0  # the most that the last run took, in bytes

    def run_tool(self, *arguments, timeout=240):
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            process = subprocess.Popen([BACKPROOF, *map(str, arguments)], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out,
                                       stderr=err, env={**os.environ, "CI": "1"})
            watchdog = threading.Timer(timeout, process.kill)
            watchdog.start()
            _, status, usage = os.wait4(process.pid, 0)
            watchdog.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
            self.memory = usage.ru_maxrss * 1024
            out.seek(0), err.seek(0)
            return Run(process.returncode, out.read(), err.read())

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return name

    def archive(self, name, members):
        """Members are (name, header, number of zero bytes behind it)."""
        with zipfile.ZipFile(self.folder / name, "w", zipfile.ZIP_DEFLATED) as z:
            for member, start, zeros in members:
                with z.open(member, "w", force_zip64=True) as f:
                    f.write(start)
                    for begin in range(0, zeros, 1 << 20):
                        f.write(bytes(min(1 << 20, zeros - begin)))
        return name


class Json(Limits):
    def test_headers_of_many_keys(self):
        for keys in (20_000, 80_000):
            many = {f"key{k}": "" for k in range(keys)}
            name = self.write("many.safetensors", safetensors({"__metadata__": many}))
            self.expect_complaint(4, [name, "more than 4096 keys"], "replay", name)
        name = self.write("tensors.safetensors", safetensors(
            {f"grad/{k}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for k in range(40_000)}))
        self.expect_complaint(4, [name, "no elements"], "flow", name)

    def test_descriptions_of_many_keys(self):
        layers = [{"op": "Relu"}]
        sound = {"format": "backproof.net/1", "inputs": {f"x{k}": {"shape": [1], "init": "zeros"} for k in range(40_000)},
                 "layers": layers}
        name = self.write("net.json", json.dumps(sound))
        self.assertIn("1 layers", self.expect(0, "net", name).out)
        attributes = {f"key{k}": k for k in range(200_000)}
        name = self.write("net.json", json.dumps({**sound, "inputs": {"x": {"shape": [1]}}, "layers": [{"op": "Relu", **attributes}]}))
        self.expect_complaint(4, [name, "no attribute 'key"], "net", name)
        name = self.write("net.json", "[" + "0," * 5_000_000 + "0]")
        self.expect_complaint(4, [name, "more than 4194304 values"], "net", name)

    def test_a_key_twice(self):
        name = self.write("net.json", '{"format": "backproof.net/1", "inputs": {"x": {"shape": [1]}, "x": {"shape": [2]}}, "layers": []}')
        self.expect_complaint(4, [name, "two values for 'x'"], "net", name)
        name = self.write("x.jsonl", '{"kind": "grad", "layer": "a", "n": 1, "norm": 1, "norm": 2}')
        self.expect_complaint(4, [name, "line 1", "two values for 'norm'"], "flow", name)

    def test_capabilities_of_many_keys(self):
        adapter = self.folder / "many.py"
        for keys in (40_000, 300_000):
            adapter.write_text(f"import sys\nsys.path.insert(0, {str(SOURCE / 'adapters/python')!r})\n"
                               "from backproof_adapter import serve\n"
                               "relu = {'op': 'Relu', 'modes': ['forward', 'vjp'], 'dtypes': ['f64']}\n"
                               f"serve({{'name': 'many', 'version': '1', **{{f'k{{k}}': k for k in range({keys})}}}}, lambda: [relu],\n"
                               "      lambda r: [abs(r.inputs[0])])\n")
            run = self.run_tool("check", "--adapter", f"{sys.executable} {adapter}", "--op", "Sigmoid", "--timeout", "30")
            if keys < 262_144:
                self.assertIn("many 1", run.out)  # unknown members are ignored
            else:
                self.assertEqual(run.code, 6, run.out)
                self.assertIn("more than 262144 values", run.err)

    def test_a_baseline_of_many_keys(self):
        many = json.dumps({f"key{k}": k for k in range(40_000)})
        self.expect_complaint(4, ["log", "not a line of an event log"], "check", "--op", "Relu", "--baseline", self.write("log", many))
        self.expect_complaint(4, ["log", "longer than 1048576 bytes"], "check", "--op", "Relu", "--baseline",
                              self.write("log", json.dumps({"event": "x" * (1 << 20)})))


class Files(Limits):
    def test_a_fifo_is_refused_at_once(self):
        for name in ("f.safetensors", "f.npz", "f.npy", "f.json", "f.onnx", "f.jsonl", "log"):
            os.mkfifo(self.folder / name)
        self.write("net.json", '{"format": "backproof.net/1", "inputs": {"x": {"file": "f.npy"}}, "layers": [{"op": "Relu"}]}')
        self.write("w.json", '{"format": "backproof.net/1", "inputs": {"x": {"shape": [1, 2]}}, "weights": "f.npz", '
                             '"layers": [{"op": "Linear", "units": 2}]}')
        for words, *command in ((["f.safetensors"], "replay", "f.safetensors"), (["f.safetensors"], "flow", "f.safetensors"),
                                (["f.npz"], "flow", "f.npz"), (["f.jsonl"], "flow", "f.jsonl"), (["f.json"], "flow", "f.json"),
                                (["f.json"], "net", "f.json"), (["f.onnx"], "net", "f.onnx"), (["f.json"], "train", "f.json"),
                                (["f.npy"], "net", "net.json"), (["f.npz"], "net", "w.json"),
                                (["f.safetensors"], "audit", SOURCE / "examples/networks/xor.json", "f.safetensors"),
                                (["log"], "check", "--op", "Relu", "--baseline", "log"),
                                (["log"], "flow", "--preset", "relu-he", "--depth", "3", "--width", "4", "--samples", "2", "--baseline", "log")):
            with self.subTest(command):
                run = self.expect_complaint(4, ["not a regular file", *words], *command)
                self.assertEqual(run.out, "")

    def test_a_device_and_a_folder(self):
        (self.folder / "d.jsonl").mkdir()
        (self.folder / "zero.json").symlink_to("/dev/zero")
        self.expect_complaint(4, ["d.jsonl: not a regular file"], "flow", "d.jsonl")
        self.expect_complaint(4, ["zero.json: not a regular file"], "net", "zero.json")
        self.expect_complaint(4, ["none.jsonl", "No such file"], "flow", "none.jsonl")

    def test_a_sparse_file(self):
        for name, command in (("s.safetensors", "replay"), ("s.json", "net"), ("s.onnx", "net")):
            with open(self.folder / name, "wb") as f:
                f.truncate(1 << 41)
            self.expect_complaint(4, [name, "larger than"], command, name)
        self.assertLess(self.memory, GIB)

    def test_tensors_outside_of_the_folder(self):
        (self.folder / "net").mkdir()
        self.write("secret.npy", npy("(2,)", data=struct.pack("<2d", 1, 2)))
        (self.folder / "net" / "link.npy").symlink_to("../secret.npy")
        for file in ("../secret.npy", str(self.folder / "secret.npy"), "link.npy"):
            self.write("net/net.json", json.dumps({"format": "backproof.net/1", "inputs": {"x": {"file": file}}, "layers": [
                {"op": "Relu"}, {"op": "ReduceSum"}]}))
            for command in ("net", "train", "flow"):
                self.expect_complaint(4, ["net.json", "x", "outside of the folder", "--allow-outside"], command, "net/net.json")
            self.expect(0, "net", "net/net.json", "--allow-outside")
            self.expect(0, "train", "net/net.json", "--allow-outside")


class Tensors(Limits):
    def test_archives_that_expand(self):
        bomb = self.archive("bomb.npz", [("delta/1/a.npy", npy(f"({GIB - 128},)", "|u1"), GIB - 128)])
        self.assertLess((self.folder / bomb).stat().st_size, 1 << 21)
        self.expect_complaint(4, [bomb, "claims too many elements"], "flow", bomb)
        bomb = self.archive("large.npz", [("delta/1/a.npy", npy("(9,)"), GIB + 1)])
        self.expect_complaint(4, [bomb, "expands to more than"], "flow", bomb)
        bomb = self.archive("sum.npz", [(f"delta/{k}/l{k}.npy", npy(f"({1 << 25},)"), 1 << 28) for k in range(1, 6)])
        self.expect_complaint(4, [bomb, "expands to more than"], "flow", bomb)
        self.assertLess(self.memory, GIB)

    def test_archives_of_many_files(self):
        one = npy("(2,)", data=struct.pack("<2d", 1, 2))
        many = self.archive("many.npz", [(f"delta/{k + 1}/l{k}.npy", one, 0) for k in range(20_000)])
        self.expect_complaint(4, [many, "holds 20000 files, and at most 16384 are read"], "flow", many)
        few = self.archive("few.npz", [(f"delta/{k + 1}/l{k}.npy", one, 0) for k in range(3_000)])
        self.assertIn("2976 layers in between", self.expect(0, "flow", few).out)
        self.assertLess(self.memory, GIB)

    def test_a_shape_that_is_not_closed(self):
        for shape in ("(1, ", "(1", "1, 1)"):
            for data in (8, 0):
                self.write("x.npy", npy(shape, data=bytes(data)))
                self.write("net.json", '{"format": "backproof.net/1", "inputs": {"x": {"file": "x.npy"}}, "layers": [{"op": "Relu"}]}')
                self.expect_complaint(4, ["x.npy", "header that is none of NumPy's"], "net", "net.json")


class Recordings(Limits):
    def lines(self, name, count):
        return self.write(name, "".join(json.dumps({"kind": "delta", "index": k + 1, "layer": f"l{k}", "n": 4, "norm": 1 + k % 7}) + "\n"
                                        for k in range(count)))

    def test_many_layers(self):
        self.assertIn("9976 layers in between", self.expect(0, "flow", self.lines("ten.jsonl", 10_000)).out)
        self.assertLess(self.memory, GIB // 4)
        name = self.lines("more.jsonl", 10_001)
        self.expect_complaint(4, [name, "more than 10000 layers"], "flow", name)

    def test_many_parameters(self):
        layers = [{"kind": "delta", "index": k + 1, "layer": f"l{k}", "n": 4, "norm": 1} for k in range(2000)]
        layers += [{"kind": "grad", "layer": f"l{k % 2000}.w{k}", "n": 4, "norm": 1} for k in range(60_000)]
        self.expect(0, "flow", self.write("many.jsonl", "".join(json.dumps(one) + "\n" for one in layers)))
        self.assertLess(self.memory, GIB)


class Onnx(Limits):
    def bad(self, words, *parts, data=None):
        self.write("m.onnx", data or onnx.encode(onnx.model(list(parts), 17)))
        self.expect_complaint(4, ["m.onnx", *words], "net", "m.onnx", "--gradient")
        self.assertLess(self.memory, GIB * 3 // 2)  # the numbers that are allowed take one

    def test_inputs(self):
        relu = node("Relu", ["x"], ["y"], "relu")
        self.bad(["input 'x'", "too large"], value("input", "x", [1, 1 << 26]), value("output", "y", [1]), relu)
        self.bad(["numbers"], value("input", "x", [1 << 23]), value("input", "z", [(1 << 23) + 1]), value("output", "y", [1]), relu)

    def test_outputs(self):
        self.bad(["big", "2^24"], value("input", "x", [1]), value("output", "y", [1]),
                 initializer(integers("s", [2], [5000, 5000])), node("Expand", ["x", "s"], ["y"], "big"))

    def test_constants(self):
        """Each is within its limit, and all together are not."""
        shape = initializer(integers("s", [1], [1 << 20]))
        nodes = [node("ConstantOfShape", ["s"], [f"c{k}"], f"fill{k}") for k in range(20)]
        self.bad(["more than 16777216 numbers"], value("input", "x", [1]), value("output", "y", [1]), shape, *nodes,
                 node("Relu", ["x"], ["y"], "relu"))

    def test_shared_external_data(self):
        self.write("data", bytes(1 << 20))
        weights = [initializer(f'name: "w{k}" dims: {1 << 20} data_type: 2 data_location: 1 '
                               'external_data { key: "location" value: "data" }') for k in range(40)]
        self.bad(["more than 16777216 numbers"], value("input", "x", [1]), value("output", "y", [1]), *weights,
                 node("Relu", ["x"], ["y"], "relu"))

    def test_external_data_that_is_no_file(self):
        os.mkfifo(self.folder / "data")
        weight = initializer('name: "w" dims: 2 data_type: 1 data_location: 1 external_data { key: "location" value: "data" }')
        self.bad(["'w'", "not a regular file"], value("input", "x", [2]), value("output", "y", [2]), weight,
                 node("Mul", ["x", "w"], ["y"], "mul"))


class Evaluation(Limits):
    def test_layers_that_grow(self):
        """A description of a few lines whose values would take gigabytes."""
        self.write("net.json", json.dumps({"format": "backproof.net/1", "inputs": {"x": {"shape": [5000, 1]}, "y": {"shape": [1, 5000]}},
                                           "layers": [{"op": "MatMul", "inputs": ["x", "y"]}, {"op": "ReduceSum"}]}))
        self.expect(0, "net", "net.json")  # its shapes cost nothing
        self.expect_complaint(4, ["net.json", "more than 16777216 numbers"], "net", "net.json", "--gradient")
        self.assertLess(self.memory, GIB)


class OwnOps(Limits):
    """Signatures whose extents cannot all be drawn, next to an op that is well."""
    # Each op takes some elements of its first input, from the first on or to the last; its VJP puts them back.
    ADAPTER = """
import sys
sys.path.insert(0, {sdk!r})
from backproof_adapter import Tensor, serve
def run(r):
    x = r.inputs[0]
    n = x.shape[0]
    begin, end = {{"Same": (0, n), "Half": (0, n // 2), "Five": (5, n), "Below": (0, n), "Ratio": (0, n // max(1, r.inputs[-1].shape[0])),
                  "Inner": (1, n - 1)}}.get(r.op, (0, n))
    if r.mode == "forward":
        return [Tensor(x.dtype, (end - begin,), bytes(x.data)[8 * begin:8 * end])]
    dx = Tensor(x.dtype, x.shape, bytes(8 * begin) + bytes(r.cotangents[0].data) + bytes(8 * (n - end)))
    zeros = [t and Tensor(t.dtype, t.shape, bytes(len(t.data))) for t in r.inputs[1:]]
    return [dx] + [None if r.op == "Below" else z for z in zeros]
serve({{"name": "own", "version": "1"}}, lambda: {entries!r}, run)
"""

    def adapter(self, **signatures):
        entries = [{"op": name, "domain": "tests", "modes": ["forward", "vjp"], "dtypes": ["f64"],
                    **(s if isinstance(s, dict) else {"signature": s})} for name, s in signatures.items()]
        (self.folder / "own.py").write_text(self.ADAPTER.format(sdk=str(SOURCE / "adapters/python"), entries=entries))
        return f"{sys.executable} {self.folder / 'own.py'}"

    def test_others_are_drawn_where_some_do_not_fit(self):
        adapter = self.adapter(Same="X[N] -> Y[N]", Half="X[N] -> Y[N/2]", Five="X[N] -> Y[N-5]", Below="X[N], i#[M]<N-5 -> Y[N]",
                               Ratio="X[N], Z[M] -> Y[N/M]", Inner="X[N] -> Y[N-2]")
        run = self.expect(0, "check", "--adapter", adapter, "--samples", "30", "--dtype", "f64", "--ndjson", "log")
        judged = {}
        for event in self.events("log"):
            if event["event"] == "case":
                judged.setdefault(event["op"], set()).add(event["verdict"])
        for name in ("Same", "Half", "Five", "Below", "Ratio", "Inner"):
            self.assertIn("pass", judged[f"tests::{name}" if f"tests::{name}" in judged else name], run.out)
        self.assertNotIn("error", set.union(*judged.values()), run.out)

    def test_a_wrong_one_is_shrunk_to_what_fits(self):
        adapter = self.adapter(Same="X[N] -> Y[N-5]")  # its forward function gives N elements
        run = self.run_tool("check", "--adapter", adapter, "--samples", "5", "--dtype", "f64")
        self.assertIn(run.code, (1, 6), run.err)

    def test_a_batch_that_something_else_depends_on(self):
        self.refused({"signature": "X[N], w[N-1] -> Y[N]", "batch": "N"}, "'N-1' of w depends on the batch 'N'")
        self.refused({"signature": "X[N,N] -> Y[N]", "batch": "N"}, "'N' of X")

    def refused(self, signature, *words):
        self.expect_complaint(6, ["signature, of Own1", *words], "check", "--adapter", self.adapter(Same="X[N] -> Y[N]", Own1=signature))

    def test_signatures_that_nothing_fits(self):
        self.refused("X[N] -> Y[N-18]", "'N-18' is -6", "1 to 17")
        self.refused("X[N] -> Y[N/0]", "divides by 0")
        self.refused("X[N] -> Y[N/19]", "does not divide")
        self.refused("X[N], i#[N]<N-17 -> Y[N]", "'N-17'")
        self.refused("X[N] -> Y[N*2000000]", "too large")
        self.refused("X[1024,1024,2] -> Y[2]", "too large")
        self.refused("X[N,M] -> Y[N-M-17]", "'N-M-17'")


if __name__ == "__main__":
    main()
