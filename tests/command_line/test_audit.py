"""The audit of a whole backward pass: PyTorch's, of a convolutional network, and the planted bugs that it must name."""
import json
import os
import subprocess
import sys
import unittest

from tool import BUILD, SOURCE, ToolTest

LENET = SOURCE / "examples" / "networks" / "lenet.json"
PYTHON = SOURCE / "adapters" / "torch" / ".venv" / "bin" / "python"
ABSENT = []


class Recorded(ToolTest):
    def record(self, *bug):
        if not PYTHON.exists():
            if "torch" in os.environ.get("BACKPROOF_REQUIRE_ADAPTERS", ""):
                self.fail("torch is required: scripts/adapters torch installs it")
            ABSENT.append("torch: scripts/adapters torch installs it")
            self.skipTest(ABSENT[-1])
        self.expect(0, "net", LENET, "--step", "mine.safetensors")
        subprocess.run([PYTHON, SOURCE / "tests" / "command_line" / "torch_step.py", "mine.safetensors",
                        "step.safetensors", *bug], cwd=self.folder, check=True, timeout=240)

    def audit(self, code):
        run = self.expect(code, "audit", LENET, "step.safetensors", "--json", "audit.json")
        return run, json.loads((self.folder / "audit.json").read_text())

    def test_pytorch_is_right(self):
        self.record()
        run, audit = self.audit(0)
        self.assertIn(" 0 fail,", run.out)
        self.assertEqual((audit["first_wrong"], audit["missing"]), (None, []))
        judged = {t["tensor"] for t in audit["tensors"]}
        # The flattening and the loss are functions there, no modules: they are judged with what comes next.
        self.assertLessEqual({"grad/conv1.W", "grad/conv1.B", "grad/conv2.W", "grad/fc1.weight", "grad/fc3.bias",
                              "delta/pool1", "delta/fc3", "delta/image", "value/conv1"}, judged)

    def test_a_bug_in_the_third_layer_is_named(self):
        self.record("pool1")
        run, audit = self.audit(1)
        self.assertEqual(audit["first_wrong"], "pool1")
        self.assertEqual([t["tensor"] for t in audit["tensors"] if t["verdict"] == "fail"], ["delta/relu1"])
        self.assertIn("first wrong in pool1 (MaxPool)", run.out)

    def test_a_bug_in_the_third_layer_with_weights_is_named(self):
        self.record("fc1")
        audit = self.audit(1)[1]
        self.assertEqual(audit["first_wrong"], "fc1")
        self.assertEqual([t["tensor"] for t in audit["tensors"] if t["verdict"] == "fail"], ["grad/fc1.weight"])


class OpByOp(ToolTest):
    def test_pytorch_is_right(self):
        if not PYTHON.exists():
            self.skipTest("torch: scripts/adapters torch installs it")  # counted by the recorded steps
        run = self.expect(0, "audit", LENET, "--adapter", "torch", "--dtype", "f64")
        self.assertIn("26 pass, 0 inaccurate, 0 fail,", run.out)

    def test_the_reference_is_right_in_every_dtype(self):
        for dtype in ("f64", "f32", "bf16", "f16"):
            self.assertIn(" 0 fail,", self.expect(0, "audit", LENET, "--adapter", "reference", "--dtype", dtype).out)

    def test_a_planted_bug_is_named(self):
        network = self.folder / "softmax.json"
        network.write_text(json.dumps({
            "format": "backproof.net/1", "inputs": {"x": {"shape": [2, 5]}, "y": {"shape": [2, 3]}},
            "layers": [{"name": "fc", "op": "Linear", "units": 3}, {"name": "p", "op": "Softmax", "axis": 0},
                       {"name": "t", "op": "Tanh"}, {"name": "loss", "op": "mse_loss", "inputs": ["t", "y"]}]}))
        plugin = BUILD / "examples" / "my_op.so"
        run = self.expect(1, "audit", network, "--adapter", plugin, "--dtype", "f32")
        self.assertIn("first wrong in p (Softmax)", run.out)
        self.assertIn("skip", run.out)  # what the adapter does not offer


if __name__ == "__main__":
    done = unittest.main(verbosity=2, exit=False)
    for line in set(ABSENT):
        print("skipped:", line)
    sys.exit(1 if not done.result.wasSuccessful() else 77 if ABSENT else 0)
