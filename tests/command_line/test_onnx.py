"""ONNX models: what is read, and that a bad file is one clear line."""
import os
import random
import struct
import subprocess
import sys
import unittest

from tool import SOURCE, ToolTest

sys.path.insert(0, str(SOURCE / "examples" / "networks"))
import make_onnx as onnx
from make_onnx import INT64, floats, initializer, integers, node, value

PYTHON = SOURCE / "adapters" / "torch" / ".venv" / "bin" / "python"
ABSENT = []


def linear(*extra, weight=None, nodes=None, opset=17, x=(2, 3)):
    """y = x w, or what else the nodes say."""
    return onnx.model([value("input", "x", x), value("output", "y", [2, 2]),
                       initializer(weight or floats("w", [3, 2], [1, 2, 3, 4, 5, 6])),
                       *(nodes or [node("MatMul", ["x", "w"], ["y"], "product")]), *extra], opset)


class Onnx(ToolTest):
    def write(self, message, name="model.onnx"):
        path = self.folder / name
        path.write_bytes(message if isinstance(message, bytes) else onnx.encode(message))
        return path

    def good(self, message, *arguments):
        return self.expect(0, "net", self.write(message), "--gradient", *arguments).out

    def bad(self, words, message, *arguments):
        run = self.expect_complaint(4, ["model.onnx", *words], "net", self.write(message), "--gradient", *arguments)
        self.assertLess(len(run.err), 2000)


class Read(Onnx):
    def test_a_network_and_its_objective(self):
        out = self.good(linear())
        for words in ("product", "MatMul", "objective", "6 parameters"):
            self.assertIn(words, out)

    def test_examples_are_what_the_script_writes(self):
        for name, message in (("mlp", onnx.mlp()), ("cnn", onnx.cnn())):
            self.assertEqual((SOURCE / "examples" / "networks" / f"{name}.onnx").read_bytes(), onnx.encode(message))

    def test_open_extents(self):
        message = linear(x=("n", "width"))
        self.bad(["input 'x'", "axis 1", "--dim width=N"], message)
        self.assertIn("[5,3]", self.good(message, "--batch", 5, "--dim", "width=3"))
        self.assertIn("[7,3]", self.good(message, "--dim", "n=7", "--dim", "width=3"))
        self.expect_complaint(4, ["--dim", "NAME=N"], "net", self.write(message), "--dim", "width")

    def test_the_seed_decides_the_inputs(self):
        first, again, other = (self.good(linear(), "--seed", k) for k in (1, 1, 2))
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)

    def test_external_data(self):
        (self.folder / "data").write_bytes(b"head" + struct.pack("<6f", 1, 2, 3, 4, 5, 6))
        self.assertEqual(self.good(linear()), self.good(linear(weight=self.external("data", 4, 24))))

    @staticmethod
    def external(location, offset=0, length=24):
        entries = {"location": location, "offset": offset, "length": length}
        return f'name: "w" dims: 3 dims: 2 data_type: {onnx.FLOAT} data_location: 1 ' + " ".join(
            f'external_data {{ key: "{k}" value: "{v}" }}' for k, v in entries.items())

    def test_external_data_stays_in_the_folder(self):
        inside = self.folder / "inside"
        inside.mkdir()
        (self.folder / "secret").write_bytes(bytes(24))
        (inside / "link").symlink_to(self.folder / "secret")
        for location in ("../secret", str(self.folder / "secret"), "link", "", "x/../../secret"):
            path = self.write(linear(weight=self.external(location)), "inside/model.onnx")
            self.expect_complaint(4, ["'w'", "outside of the model's folder" if location != "x/../../secret" else "'w'"],
                                  "net", path)

    def test_external_data_has_to_be_there(self):
        (self.folder / "data").write_bytes(bytes(24))
        self.bad(["'w'", "none", "cannot read", "No such file"], linear(weight=self.external("none")))
        self.bad(["'w'", "ends before"], linear(weight=self.external("data", 1)))
        self.bad(["'w'", "ends before"], linear(weight=self.external("data", 2**63)))
        self.bad(["'w'", "24"], linear(weight=self.external("data", 0, 20)))
        self.bad(["'w'", "offset"], linear(weight=self.external("data", "-1")))


class Refused(Onnx):
    def test_cut_off(self):
        whole = onnx.encode(onnx.cnn())
        for size in (0, 1, 10, len(whole) // 2, len(whole) - 1):
            self.bad(["no ONNX model"], whole[:size])

    def test_no_model_at_all(self):
        self.bad(["no ONNX model"], b"\x89PNG\r\n\x1a\n")
        self.expect_complaint(4, ["none.onnx"], "net", "none.onnx")

    def test_all_unknown_ops_at_once(self):
        self.bad(["conv3: there is no op 'NonMaxSuppression'; other: there is no op 'com.vendor::Fused'"],
                 linear(nodes=[node("NonMaxSuppression", ["x"], ["a"], "conv3"),
                               node("Relu", ["a"], ["b"], "between"),
                               node("Fused", ["b"], ["c"], "other").replace("node {", 'node { domain: "com.vendor"'),
                               node("MatMul", ["x", "w"], ["y"], "product")]))

    def test_unknown_attribute(self):
        self.bad(["product", "'speed'"], linear(nodes=[node("MatMul", ["x", "w"], ["y"], "product", speed=9)]))

    def test_a_cycle(self):
        self.bad(["first", "'b'", "a cycle"], linear(nodes=[node("Add", ["x", "b"], ["a"], "first"),
                                                            node("Relu", ["a"], ["b"], "second"),
                                                            node("MatMul", ["b", "w"], ["y"], "product")]))
        self.bad(["alone", "'y'", "a cycle"], linear(nodes=[node("Relu", ["y"], ["y"], "alone")]))

    def test_names(self):
        self.bad(["product", "there is no value 'v'"], linear(nodes=[node("MatMul", ["x", "v"], ["y"], "product")]))
        self.bad(["two values", "'y'"], linear(node("Relu", ["x"], ["y"], "again")))
        self.bad(["there is no value 'z'", "output"], linear(value("output", "z", [1])))
        self.bad(["two values", "'w'"], linear(initializer(floats("w", [1], [1]))))

    def test_shapes(self):
        self.bad(["product", "[2,4]", "[3,2]"], linear(x=(2, 4)))
        self.bad(["'w'", "8 bytes", "24"], linear(weight=floats("w", [3, 2], [1, 2])))
        self.bad(["'w'", "[-3,2]"], linear(weight=floats("w", [-3, 2], [1] * 6)))
        self.bad(["'w'", "holds 2 numbers", "6"], linear(weight=f'name: "w" dims: 3 dims: 2 data_type: 1 float_data: 1 float_data: 2'))
        self.bad(["'w'", "type 8"], linear(weight='name: "w" dims: 3 dims: 2 data_type: 8'))
        self.bad(["'x'", "[2,-1]"], linear(x=(2, -1)))

    def test_claims(self):
        self.bad(["'w'", "too large"], linear(weight='name: "w" dims: 50000 dims: 50000 data_type: 1 raw_data: "1234"'))
        self.bad(["'w'", "too large"], linear(weight=f'name: "w" dims: {2**62} dims: {2**62} dims: 0 data_type: 1'))
        self.bad(["'w'", "16 axes"], linear(weight='name: "w" data_type: 1 ' + "dims: 1 " * 17))
        self.bad(["'x'", "too large"], linear(x=(2**40, 3)))
        self.bad(["'x'", "too large"], linear(x=("n", 2**20)), "--batch", 2**20)

    def test_claims_of_nodes(self):
        for op, numbers, words in (("ConstantOfShape", [10**6, 10**6], "too many"), ("Expand", [10**9, 10**9, 2, 3], ""),
                                   ("Tile", [10**9, 10**9], ""), ("Reshape", [2**62, 2**62], ""),
                                   ("ConstantOfShape", [-1], "[-1]")):
            inputs = ["s"] if op == "ConstantOfShape" else ["x", "s"]
            self.bad(["big", words], linear(initializer(integers("s", [len(numbers)], numbers)),
                                            nodes=[node(op, inputs, ["y"], "big")]))
        self.bad(["big"], linear(initializer(integers("n", [], [10**15])), initializer(integers("o", [], [0])),
                                 initializer(integers("i", [], [1])), nodes=[node("Range", ["o", "n", "i"], ["y"], "big")]))

    def test_numbers_of_no_value(self):
        for x in (float("nan"), float("inf")):
            self.bad(["'w'", str(x), "at element 4"], linear(weight=floats("w", [3, 2], [1, 2, 3, 4, x, 6])))

    def test_shapes_that_nobody_knows_beforehand(self):
        self.bad(["reshape", "'s' is not known before the network runs"],
                 linear(value("input", "s", [2], INT64), nodes=[node("Reshape", ["x", "s"], ["y"], "reshape")]))

    def test_attributes_of_no_sense(self):
        for op, attributes in (("Softmax", {"axis": 2**62}), ("Transpose", {"perm": [0, 0]}), ("Flatten", {"axis": 7}),
                               ("Concat", {"axis": -2**63}), ("Gemm", {"alpha": "much"})):
            self.bad(["odd"], linear(nodes=[node(op, ["x", "w"] if op == "Gemm" else ["x"], ["y"], "odd", **attributes)]))

    def test_nesting(self):
        self.bad(["no ONNX model"], b"\x0b" * 100_000)
        nested = b""
        for _ in range(1000):
            nested = b"\x1a" + self.varint(len(nested)) + nested
        self.bad([""], b"\x3a" + self.varint(len(nested)) + nested)

    def test_many_small_messages(self):
        graph = b"\x0a\x00" * 12_000_000
        self.bad(["more than 1073741824 bytes"], b"\x3a" + self.varint(len(graph)) + graph)

    @staticmethod
    def varint(n):
        out = b""
        while n > 127:
            out += bytes([n & 127 | 128])
            n >>= 7
        return out + bytes([n])

    def test_no_outputs(self):
        self.bad(["no outputs"], onnx.model([value("input", "x", [1])]))
        self.bad(["opset"], linear(opset=0))

    def test_damaged_at_random(self):
        """Whatever a byte turns into, the file is read or refused in one line."""
        draw = random.Random(1)
        whole = onnx.encode(onnx.cnn())
        for _ in range(60):
            damaged = bytearray(whole)
            for _ in range(draw.choice((1, 1, 3, 10))):
                damaged[draw.randrange(len(damaged))] = draw.randrange(256)
            run = self.run_tool("net", self.write(bytes(damaged)), timeout=60)
            self.assertIn(run.code, (0, 4), run.err)
            self.assertLessEqual(len(run.err.strip().splitlines()), 1, run.err)


class Audited(Onnx):
    MODEL = SOURCE / "examples" / "networks" / "cnn.onnx"

    def test_its_own_step_is_right(self):
        self.expect(0, "net", self.MODEL, "--batch", 2, "--step", "step.safetensors")
        self.assertIn(" 0 fail,", self.expect(0, "audit", self.MODEL, "step.safetensors", "--batch", 2).out)
        self.expect_complaint(4, ["step.safetensors", "[2,1,8,8]"], "audit", self.MODEL, "step.safetensors")

    def test_an_adapter_is_asked_op_by_op(self):
        for dtype in ("f64", "f32"):
            run = self.expect(0, "audit", self.MODEL, "--adapter", "reference", "--dtype", dtype)
            self.assertIn(" 0 fail,", run.out)


class Exported(Onnx):
    """What PyTorch exports, and the step that PyTorch takes with the same module."""

    def test_pytorch_is_right(self):
        if not PYTHON.exists():
            if "torch" in os.environ.get("BACKPROOF_REQUIRE_ADAPTERS", ""):
                self.fail("torch is required: scripts/adapters torch installs it")
            ABSENT.append("torch: scripts/adapters torch installs it")
            self.skipTest(ABSENT[-1])
        torch = [PYTHON, SOURCE / "tests" / "command_line" / "torch_export.py"]
        for opset in (11, 13):
            subprocess.run([*torch, "export", "model.onnx", str(opset)], cwd=self.folder, check=True, timeout=240,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.expect(0, "net", "model.onnx", "--batch", 2, "--step", "start.safetensors")
            subprocess.run([*torch, "step", "start.safetensors", "step.safetensors"], cwd=self.folder, check=True,
                           timeout=240)
            run = self.expect(0, "audit", "model.onnx", "step.safetensors", "--batch", 2)
            self.assertIn(" 0 fail,", run.out)
            for name in ("grad/conv.weight", "grad/norm.bias", "grad/up.weight", "grad/fc.weight", "delta/x"):
                self.assertIn(f"pass     {name} ", run.out)


if __name__ == "__main__":
    done = unittest.main(verbosity=2, exit=False)
    for reason in ABSENT:
        print("absent:", reason)
    sys.exit(1 if not done.result.wasSuccessful() else 0)
