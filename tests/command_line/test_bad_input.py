"""Whatever is wrong: one clear line, the documented exit code, and nothing half-written."""
import json
import math
import shlex
import signal
import struct
import subprocess
import time
import zipfile

from tool import BACKPROOF, BUILD, SOURCE, ToolTest, bad, good, main


class Usage(ToolTest):
    def test_unknown_flag(self):
        self.expect_complaint(4, ["--nonsense"], "check", "--nonsense")

    def test_no_command(self):
        self.expect_complaint(4, ["subcommand"])

    def test_unknown_dtype(self):
        self.expect_complaint(4, ["f8", "bf16"], "check", "--dtype", "f8")

    def test_bad_numbers(self):
        self.expect_complaint(4, ["--samples"], "check", "--samples", "-3")
        self.expect_complaint(4, ["seed", "x7"], "check", "--seed", "x7")
        self.expect_complaint(4, ["I/N"], "check", "--shard", "two")
        self.expect_complaint(4, ["4/3"], "check", "--shard", "4/3")
        self.expect_complaint(4, ["--digits 77"], "check", "--digits", "77")

    def test_nothing_selected(self):
        self.expect_complaint(5, ["no op matches", "Nonesuch"], "check", "--op", "Nonesuch")
        self.expect_complaint(5, ["no check matches"], "check", "--check", "nonesuch*")

    def test_a_path_that_cannot_be_written(self):
        self.expect_complaint(4, ["cannot write", "no/such/folder"], "check", "--op", "Relu", "--ndjson", "no/such/folder/x")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_help_is_no_error(self):
        self.expect(0, "--help")
        self.expect(0, "check", "--help")
        self.assertRegex(self.expect(0, "--version").out, r"^backproof \d+\.\d+\.\d+$")


class Graph(ToolTest):
    def test_formulas(self):
        for formula, words in (("x+", ["ends too soon"]), ("(x", ["expected )"]), ("x y", ["left over"]),
                               ("foo(x)", ["unknown function foo"]), ("y", ["y has no value"]),
                               ("(" * 5000 + "x", ["nested more than"]), ("x" * 120000, ["too long"])):
            self.expect_complaint(4, words, "graph", formula, "x=1")

    def test_variables(self):
        self.expect_complaint(4, ["NAME=VALUE"], "graph", "x", "x")
        self.expect_complaint(4, ["is no number"], "graph", "x", "x=nan")
        self.expect_complaint(4, ["given twice"], "graph", "x", "x=1", "x=2")
        self.expect_complaint(4, ["has no variable z"], "graph", "x", "x=1", "z=2")
        self.expect_complaint(4, ["character"], "graph", "x+y", "x=1,2", "y=1,2,3")  # shapes that do not fit

    def test_a_picture_that_cannot_be_written(self):
        self.expect_complaint(4, ["cannot write", "no/such"], "graph", "x", "x=1", "--svg", "no/such/file.svg")
        self.assertEqual(list(self.folder.iterdir()), [])


class Networks(ToolTest):
    """Descriptions, files of tensors and recorded steps: one line, exit 4, nothing written."""
    LAYERS = [{"name": "fc", "op": "Linear", "units": 2}, {"op": "mse_loss", "inputs": ["fc", "y"]}]

    def describe(self, **changes):
        network = {"format": "backproof.net/1", "inputs": {"x": {"shape": [2, 3]}, "y": {"shape": [2, 2]}},
                   "layers": self.LAYERS, **changes}
        (self.folder / "net.json").write_text(json.dumps(network))

    def refused(self, *words, **changes):
        self.describe(**changes)
        for command in (["net", "net.json"], ["train", "net.json"], ["audit", "net.json", "none.safetensors"]):
            self.expect_complaint(4, ["net.json", *words], *command)

    def test_descriptions(self):
        self.refused("layers[0]", "there is no op 'Nonesuch'", layers=[{"op": "Nonesuch"}])
        self.refused("a: there is no 'b' before this layer", "cycle", layers=[
            {"name": "a", "op": "Add", "inputs": ["x", "b"]}, {"name": "b", "op": "Relu", "inputs": ["a"]}])
        self.refused("fc.weight is [1,2], not [2,3]", layers=[
            {"name": "fc", "op": "Linear", "units": 2, "parameters": {"weight": {"values": [[1, 2]]}}}])
        self.refused("too large", inputs={"x": {"shape": [100000, 100000]}})
        self.refused("fc", "the first input is missing", layers=[{"name": "fc", "op": "Linear", "units": 2, "inputs": [None]}])
        self.refused("relu1: Relu takes 1 inputs, not 2", layers=[{"op": "Relu", "inputs": ["x", "y"]}])
        self.refused("inputs is no list of names", layers=[{"op": "Relu", "inputs": []}])
        self.refused("names no output by its number", layers=[{"op": "Relu", "inputs": ["x:y"]}])
        self.refused("is no name", layers=[{"name": "a\x1b[31m", "op": "Relu"}])
        self.refused("labels takes whole numbers, and y holds", inputs={"x": {"shape": [2, 3]}, "y": {"shape": [2]}}, layers=[
            {"op": "SoftmaxCrossEntropyLoss", "inputs": ["x", "y"]}])
        self.describe(inputs={"x": {"shape": [2, 3]}, "y": {"values": [0, 7]}}, layers=[
            {"name": "loss", "op": "SoftmaxCrossEntropyLoss", "inputs": ["x", "y"]}])
        for command in (["net", "net.json", "--gradient"], ["train", "net.json"]):
            self.expect_complaint(4, ["net.json: loss: label 7"], *command)
        (self.folder / "net.json").write_text(json.dumps({"seed": 1}).replace("1", "1e999"))
        self.expect_complaint(4, ["net.json", "a number is too large"], "net", "net.json")
        (self.folder / "net.json").write_text("[" * 100000)
        self.expect_complaint(4, ["net.json", "nested too deeply"], "net", "net.json")
        self.expect_complaint(4, ["none.json", "cannot read", "No such file"], "net", "none.json")

    def test_files_of_tensors(self):
        weights = self.folder / "w.safetensors"
        wanted = {"fc.weight": [2, 3], "fc.bias": [2]}

        def tensors(**special):
            header, data = {}, b""
            for name, shape in wanted.items():
                raw = struct.pack(f"<{math.prod(shape)}d", *special.get(name.split(".")[1], [0.5] * math.prod(shape)))
                header[name] = {"dtype": "F64", "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
                data += raw
            text = json.dumps(header).encode()
            return struct.pack("<Q", len(text)) + text + data

        self.describe(weights="w.safetensors")
        weights.write_bytes(tensors())
        self.expect(0, "net", "net.json")
        weights.write_bytes(tensors(bias=[1.0, math.nan]))
        self.expect_complaint(4, ["fc.bias is nan at element 1"], "net", "net.json")
        weights.write_bytes(struct.pack("<Q", 10 << 30) + b"{}")
        self.expect_complaint(4, ["w.safetensors", "header"], "net", "net.json")
        header = b'{"fc.weight":{"dtype":"F64","shape":[50000,50000],"data_offsets":[0,20000000000]}}'
        weights.write_bytes(struct.pack("<Q", len(header)) + header)
        self.expect_complaint(4, ["w.safetensors"], "net", "net.json")
        weights.write_bytes(tensors()[:-1])
        self.expect_complaint(4, ["w.safetensors"], "net", "net.json")
        del wanted["fc.bias"]
        weights.write_bytes(tensors())
        self.expect_complaint(4, ["has no 'fc.bias'"], "net", "net.json")
        self.describe(weights="w.npz")
        (self.folder / "w.npz").write_bytes(b"PK\x03\x04 no archive")
        self.expect_complaint(4, ["w.npz", "no sound zip archive"], "net", "net.json")

    def test_numpy_archives(self):
        def npy(shape, claimed=None):
            text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {claimed or shape}, }}".ljust(117) + "\n"
            return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + bytes(8 * math.prod(shape))

        def archive(**arrays):
            with zipfile.ZipFile(self.folder / "w.npz", "w", zipfile.ZIP_DEFLATED) as z:
                for name, data in arrays.items():
                    z.writestr(f"fc.{name}.npy", data)

        self.describe(weights="w.npz")
        archive(weight=npy((2, 3)), bias=npy((2,)))
        self.expect(0, "net", "net.json")
        archive(weight=npy((2, 3), (100000, 100000)), bias=npy((2,)))
        self.expect_complaint(4, ["w.npz", "claims"], "net", "net.json")
        archive(weight=npy((2, 3))[:-8], bias=npy((2,)))
        self.expect_complaint(4, ["w.npz", "holds 40 bytes where 48 are claimed"], "net", "net.json")
        whole = (self.folder / "w.npz").read_bytes()
        (self.folder / "w.npz").write_bytes(whole[:len(whole) // 2])
        self.expect_complaint(4, ["w.npz", "no sound zip archive"], "net", "net.json")

    def test_steps(self):
        self.describe()
        self.expect(0, "net", "net.json", "--step", "step.safetensors")
        self.expect(0, "audit", "net.json", "step.safetensors")
        step = self.folder / "step.safetensors"
        step.write_bytes(step.read_bytes()[:-1])
        self.expect_complaint(4, ["step.safetensors"], "audit", "net.json", "step.safetensors")
        self.expect_complaint(4, ["either a recorded step or --adapter"], "audit", "net.json")
        self.expect_complaint(4, ["f8"], "audit", "net.json", "--adapter", "reference", "--dtype", "f8")

    def test_devices_and_links_stay_what_they_are(self):
        self.describe()
        (self.folder / "target").write_text("old")
        (self.folder / "link").symlink_to("target")
        self.expect(0, "net", "net.json", "--step", "link")
        self.assertTrue((self.folder / "link").is_symlink())
        self.assertNotEqual((self.folder / "target").read_bytes(), b"old")
        done = subprocess.run([BACKPROOF, "train", "net.json", "--epochs", "1", "--weights", "/dev/stdout"],
                              cwd=self.folder, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0)
        self.assertIn(b'"fc.weight"', done.stdout)

    def test_training(self):
        self.describe()
        self.expect_complaint(4, ["--rate", "'x' is no number"], "train", "net.json", "--rate", "x")
        self.expect_complaint(4, ["--rate", "'nan' is no number"], "train", "net.json", "--rate", "nan")
        self.expect_complaint(4, ["cannot write", "no/such"], "train", "net.json", "--weights", "no/such/w.st")
        self.describe(layers=self.LAYERS[:1])
        self.expect_complaint(4, ["not one number"], "train", "net.json")


class OwnOps(ToolTest):
    """Ops that an adapter brings along, described wrongly."""

    def offer(self, **entry):
        entry = {"op": "Own", "domain": "tests", "modes": ["forward", "vjp"], "dtypes": ["f64"], **entry}
        adapter = self.folder / "own.py"
        adapter.write_text(f"import sys\nsys.path.insert(0, {str(SOURCE / 'adapters/python')!r})\n"
                           "from backproof_adapter import serve\n"
                           f"serve({{'name': 'own', 'version': '1'}}, lambda: [{entry!r}], lambda r: list(r.inputs))\n")
        return f"python3 {adapter}"

    def test_signatures(self):
        for signature in ("X[N]", "X -> Y", "X[N] -> Y[M]", "X[N], X[N] -> Y[N]", " -> Y[N]", "X[N/0] -> Y[2]"):
            self.expect_complaint(6, ["signature, of Own"], "check", "--adapter", self.offer(signature=signature))
        self.expect_complaint(6, ["range of Z"], "check", "--adapter",
                              self.offer(signature="X[N] -> Y[N]", ranges={"Z": [0, 1]}))
        self.expect_complaint(6, ["alpha has no values"], "check", "--adapter",
                              self.offer(signature="X[N] -> Y[N]", attributes={"alpha": []}))

    def test_an_op_without_a_signature_is_named(self):
        run = self.expect(5, "check", "--adapter", self.offer(), "--op", "Own")
        self.assertIn("Own, which is no op of the reference", run.out)

    def test_a_known_name_in_another_domain_is_named(self):
        run = self.expect(1, "check", "--adapter", self.offer(op="Relu", signature="X[N] -> Y[N]"), "--op", "Relu")
        self.assertIn("tests::Relu, because ai.onnx::Relu has the same name", run.out)

    def test_a_wrong_one_fails_and_replays(self):
        # y = x and its VJP g... of which this adapter returns x: right forwards, wrong backwards.
        adapter = self.offer(signature="X[...] -> Y[...]")
        run = self.expect(1, "check", "--adapter", adapter, "--op", "Own", "--samples", "5")
        self.assertIn("check own_difference", run.out)
        replay = run.out[run.out.index("replay     ") + len("replay     "):].splitlines()[0]
        self.expect(1, *shlex.split(replay)[1:])


class Replay(ToolTest):
    def test_missing_and_malformed_files(self):
        self.expect_complaint(4, ["cannot read", "gone"], "replay", "gone.safetensors")
        for name, content in {"empty": b"", "garbage": b"\xff" * 64, "text": b"hello, I am no file of yours at all",
                              "claim": (10 ** 10).to_bytes(8, "little") + b"{}", "deep": b"\x00\x10" + bytes(6) + b"[" * 4096,
                              "other": (2).to_bytes(8, "little") + b"{}"}.items():
            (self.folder / name).write_bytes(content)
            self.expect_complaint(4, [name], "replay", name)

    def test_bad_tokens(self):
        for token in ("bp1:", "bp1:0.0.0/Relu/f32/reference_value/1/1", "bp1:0.1.0/Nope/f32/reference_value/1/1",
                      "bp1:0.1.0/Relu/f99/reference_value/1/1", "bp1:0.1.0/Relu/f32/reference_value/1/x"):
            self.expect_complaint(4, [], "replay", token)


class Adapters(ToolTest):
    few = ("--dtype", "f32", "--op", "Sigmoid")

    def judge(self, mode, *more, adapter=None, samples=3):
        return self.run_tool("check", "--adapter", adapter or bad(mode), *self.few, "--samples", samples, "--ndjson", "log.ndjson", *more)

    def verdicts(self):
        return {e["verdict"] for e in self.events("log.ndjson") if e["event"] == "case"}

    def test_missing(self):
        self.expect_complaint(6, ["nonesuch"], "check", "--adapter", "nonesuch")
        self.expect_complaint(6, ["gone.so"], "check", "--adapter", "./gone.so")
        (self.folder / "text.so").write_text("no library")
        self.expect_complaint(6, ["text.so"], "check", "--adapter", "./text.so")

    def test_dies_at_start(self):
        self.expect_complaint(6, [], "check", "--adapter", bad("dies_at_start"), *self.few)

    def test_a_sound_one(self):
        self.assertEqual(self.judge("good", adapter=good()).code, 0)
        self.assertEqual(self.judge("prints").code, 0)

    def test_a_wrong_one_is_wrong_not_broken(self):
        self.assertEqual(self.judge("wrong", adapter=good("wrong")).code, 1)
        self.assertIn("fail", self.verdicts())

    def test_crash(self):
        run = self.judge("crash")
        self.assertEqual(run.code, 6)
        self.assertIn("crash", self.verdicts())
        self.assertNotIn("fail", self.verdicts())

    def test_garbage(self):
        self.assertEqual(self.judge("garbage").code, 6)

    def test_wrong_shape_and_nan(self):
        self.assertEqual(self.judge("wrong_shape").code, 1)
        self.assertIn("shape", [e.get("kind") for e in self.events("log.ndjson")])
        self.assertEqual(self.judge("nan").code, 1)
        self.assertIn("nonfinite", [e.get("kind") for e in self.events("log.ndjson")])

    def test_too_few_bytes(self):
        self.assertEqual(self.judge("short").code, 6)
        self.assertEqual(self.verdicts() - {"pass", "unresolved"}, {"error"})

    def test_hang(self):
        run = self.judge("hang", "--check", "finite_difference,reference_value", "--timeout", "0.2", samples=1)
        self.assertEqual(run.code, 6)
        self.assertEqual(self.verdicts(), {"pass", "timeout"})

    def test_soundness_check_tells_them_apart(self):
        self.expect(0, "adapter", "check", good())
        self.expect(0, "adapter", "check", BUILD / "examples" / "my_op.so")
        self.assertEqual(self.run_tool("adapter", "check", bad("garbage")).code, 6)
        self.assertEqual(self.run_tool("adapter", "check", "nonesuch").code, 6)


class Interruption(ToolTest):
    def test_finished_results_are_kept(self):
        process = subprocess.Popen([BACKPROOF, "check", "--samples", "3000", "--ndjson", "log.ndjson"], cwd=self.folder,
                                   stdout=subprocess.PIPE, text=True)
        process.stdout.readline()  # it has begun
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 2, out)
        events = self.events("log.ndjson")
        self.assertTrue(events[-1]["interrupted"])
        self.assertGreater(events[-1]["counts"]["pass"], 0)


if __name__ == "__main__":
    main()
