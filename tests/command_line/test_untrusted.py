"""Files come from anybody: what stands in them is shown, and never run; whatever is wrong with them is one clear line."""
import json
import os
import shlex
import struct
import subprocess
import unittest

from tool import BACKPROOF, BUILD, ToolTest, main

MY_OP = BUILD / "examples" / "my_op.so"


def unpacked(path):
    raw = path.read_bytes()
    n = int.from_bytes(raw[:8], "little")
    return json.loads(raw[8:8 + n]), raw[8 + n:]


def packed(path, header, data=b""):
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


class Counterexamples(ToolTest):
    def found(self, op="Softmax"):
        """A real counterexample."""
        self.run_tool("check", "--adapter", MY_OP, "--op", op, "--dtype", "f32", "--check", "reference_gradient", "--out", "found")
        return next((self.folder / "found").iterdir())

    def with_metadata(self, path, name="changed.safetensors", **changes):
        header, data = unpacked(path)
        header["__metadata__"] = {k: v for k, v in {**header["__metadata__"], **changes}.items() if v is not None}
        return packed(self.folder / name, header, data)

    def assert_no_canary(self):
        self.assertFalse((self.folder / "canary").exists())

    def test_a_command_in_a_file_is_shown_and_not_run(self):
        commands = ["sh -c 'touch canary'", "./canary.sh", "touch canary", "torch; touch canary", str(self.folder / "canary.sh")]
        script = self.folder / "canary.sh"
        script.write_text("#!/bin/sh\ntouch canary\n")
        script.chmod(0o755)
        whole = self.found()
        for command in commands:
            bare = packed(self.folder / "bare.safetensors", {"__metadata__": {"adapter": command}})
            for file in (bare, self.with_metadata(whole, adapter=command)):
                for more in ([], ["--reproducer", "numpy"], ["--reproducer", "cpp"]):
                    told = self.expect_complaint(4, ["this was found with an adapter"], "replay", file, *more).err
                    self.assertEqual(shlex.split(told.split(" add --adapter ")[1].split(", if you trust")[0]), [command])
        self.assert_no_canary()

    def test_the_name_of_an_adapter_is_not_started_either(self):
        for name in ("torch", "onednn", str(MY_OP)):
            self.expect_complaint(4, ["--adapter " + name], "replay", self.with_metadata(self.found(), adapter=name))

    def test_what_the_user_names_is_asked(self):
        file = self.found()
        self.expect(1, "replay", file, "--adapter", MY_OP)
        self.expect(0, "replay", file, "--adapter", "reference")
        self.expect(0, "replay", self.with_metadata(file, adapter=None))

    def test_no_text_ends_the_quotes_of_a_reproducer(self):
        nasty = {"x\"\nimport os; os.system('touch canary')\n\"": {"type": "string", "value": "\\\"; system(\"touch canary\"); //"}}
        header, _ = unpacked(self.found())
        attributes = {**json.loads(header["__metadata__"]["attributes"]), **nasty}
        file = self.with_metadata(self.found(), adapter=None, attributes=json.dumps(attributes))
        program = self.expect(0, "replay", file, "--reproducer", "numpy").out
        try:
            import numpy  # noqa: F401
        except ImportError:
            pass
        else:
            (self.folder / "r.py").write_text(program)
            subprocess.run(["python3", "r.py"], cwd=self.folder, capture_output=True, check=False)
        compile(program, "r.py", "exec")
        self.assertEqual(len([l for l in program.splitlines() if "touch canary" in l]), 1)
        (self.folder / "r.cpp").write_text(self.expect(0, "replay", file, "--reproducer", "cpp").out)
        subprocess.run(["g++", "-std=c++17", "r.cpp", "-o", "r"], cwd=self.folder, check=True)
        subprocess.run(["./r"], cwd=self.folder, capture_output=True, check=False)
        self.assert_no_canary()

    def test_what_is_printed_can_be_pasted(self):
        for out in ("a dir; touch canary", "$(touch canary)", "it's", "`touch canary`"):
            run = self.expect(1, "check", "--adapter", MY_OP, "--op", "Softmax", "--dtype", "f32", "--check", "reference_gradient",
                              "--out", out)
            line = run.last.removeprefix("first failure: ")
            self.assertEqual(shlex.split(line)[2], f"{out}/softmax-f32-reference_gradient.safetensors")
            again = subprocess.run(["sh", "-c", line], cwd=self.folder, capture_output=True, text=True, check=False)
            self.assertEqual(again.returncode, 1, again.stderr)
            self.assertIn("FAIL  Softmax", again.stdout)
        self.assert_no_canary()

    def test_attributes_that_are_missing_or_of_another_type(self):
        self.run_tool("check", "--adapter", MY_OP, "--op", "Softmax", "--dtype", "f32", "--check", "reference_gradient", "--out", "found")
        for attributes in ({}, {"axis": {"type": "string", "value": "x"}}, {"axis": {"type": "floats", "value": []}},
                           {"axis": {"type": "int", "value": 7}}, {"axis": {"type": "int", "value": 2**63}}):
            file = self.with_metadata(self.found(), adapter=None, attributes=json.dumps(attributes))
            self.expect_complaint(4, ["changed.safetensors"], "replay", file)

    def test_checks_and_cases_that_do_not_go_together(self):
        for changes in ({"case": "exhaustive-3"}, {"case": "special-99"}, {"check": "translation_equivariance_of_nothing"},
                        {"case": "all"}, {"dtype": "i64"}):
            self.expect_complaint(4, ["changed.safetensors"], "replay", self.with_metadata(self.found(), adapter=None, **changes))

    def test_absurd_shapes(self):
        for op, attributes, extra in (
                ("Normalize", {"p": {"type": "float", "value": 2.0}, "dim": {"type": "int", "value": 1}, "eps": {"type": "float", "value": 1e-12}}, {}),
                ("ReduceL2", {"keepdims": {"type": "int", "value": 1}, "noop_with_empty_axes": {"type": "int", "value": 0}}, {}),
                ("Variance", {"correction": {"type": "int", "value": 1}}, {}),
                ("Sigmoid", {}, {})):
            dims = [0, 2**30, 2**30]
            header = {"__metadata__": {"format": "backproof.counterexample/1", "backproof": "x", "op": op, "dtype": "f64",
                                       "attributes": json.dumps(attributes), "check": "reference_gradient", "adapter": "",
                                       "seed": "1", "case": "0", "inputs": "1", **extra}}
            for name in ("in.0", "tan.0", "cot.0"):
                header[name] = {"dtype": "F64", "shape": dims, "data_offsets": [0, 0]}
            self.expect_complaint(4, ["absurd.safetensors"], "replay", packed(self.folder / "absurd.safetensors", header))


class Tokens(ToolTest):
    def version(self):
        return self.expect(0, "--version").out.split()[1]

    def test_cases_that_no_run_has(self):
        for rest in ("Conv/f64/reference_gradient/1/exhaustive-3", "Add/bf16/reference_gradient/1/exhaustive-1",
                     "Sigmoid/f32/translation_equivariance/1/1", "Sigmoid/f32/reference_gradient/1/special-99",
                     "Sigmoid/f32/reference_gradient/1/kink-0", "Sigmoid/f32/reference_gradient/-1/0",
                     "Sigmoid/bf16/reference_gradient/1/exhaustive-64", "Sigmoid/f32/reference_gradient/1/99999999999999999999"):
            self.expect_complaint(4, [], "replay", f"bp1:{self.version()}/{rest}")
        self.expect(0, "replay", f"bp1:{self.version()}/Sigmoid/bf16/reference_gradient/1/exhaustive-63")


class Streams(ToolTest):
    """Whoever starts us may have closed the standard streams, or filled the disk behind them."""

    def shell(self, line):
        return subprocess.run(["sh", "-c", line.replace("backproof", shlex.quote(BACKPROOF), 1)], cwd=self.folder,
                              capture_output=True, text=True, timeout=240, check=False)

    def test_errors_that_cannot_be_told_keep_their_exit_code(self):
        for redirection in ("2>&-", "2>/dev/full", ">&- 2>&-", "<&- >&- 2>&-"):
            self.assertEqual(self.shell(f"backproof check --op Nope {redirection}").returncode, 5, redirection)

    def test_output_that_cannot_be_written_is_an_error_of_the_user_s(self):
        for redirection in (">/dev/full", ">&-"):
            for command in ("ops", "check --op Relu --samples 1", "graph 'x*x' x=2"):
                run = self.shell(f"backproof {command} {redirection}")
                self.assertEqual(run.returncode, 4, (command, redirection, run.stderr))
                self.assertIn("cannot write", run.stderr)

    def test_a_report_does_not_get_what_was_meant_for_a_closed_stream(self):
        self.shell("backproof check --op Relu --samples 1 --ndjson o.ndjson >&-")
        self.events("o.ndjson")  # every line is JSON


class Outputs(ToolTest):
    def test_two_reports_in_one_file(self):
        (self.folder / "link").symlink_to("o")
        (self.folder / "o").touch()
        for other in ("o", "./o", "link"):
            self.expect_complaint(4, ["--junit", "--ndjson"], "check", "--op", "Relu", "--ndjson", "o", "--junit", other)

    def test_a_folder_that_was_there_stays(self):
        (self.folder / "mine").mkdir()
        self.expect(0, "check", "--op", "Relu", "--samples", "1", "--out", "mine")
        self.assertTrue((self.folder / "mine").is_dir())
        self.expect(0, "check", "--op", "Relu", "--samples", "1", "--out", "mine/new/folders")
        self.assertEqual(os.listdir(self.folder / "mine"), [])

    def test_a_link_in_the_place_of_a_temporary_file_is_not_followed(self):
        before = set(os.listdir(self.folder))
        self.expect(0, "check", "--op", "Relu", "--samples", "1", "--junit", "o.xml")
        self.assertEqual(set(os.listdir(self.folder)) - before, {"o.xml"})

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full here")
    def test_a_full_disk_costs_the_log_alone(self):
        run = self.run_tool("check", "--op", "Relu", "--samples", "1", "--ndjson", "/dev/full", "--junit", "o.xml")
        self.assertEqual(run.code, 4)
        self.assertIn("the run goes on without it", run.err)
        self.assertIn("1 of 1 op executed; gradients judged: 1", run.out)
        self.assertTrue((self.folder / "o.xml").exists())

    def test_a_counterexample_that_cannot_be_stored_costs_itself_alone(self):
        (self.folder / "out").mkdir()
        (self.folder / "out" / "softmax-f32-reference_gradient.safetensors").mkdir()
        run = self.expect(1, "check", "--adapter", MY_OP, "--dtype", "f32", "--check", "reference_gradient", "--samples", "9",
                          "--out", "out", "--ndjson", "o.ndjson")
        self.assertIn("not stored cannot write", run.out)
        told = [e for e in self.events("o.ndjson") if e.get("told")]
        self.assertEqual(len(told), 1)
        self.assertIn("bp1:", told[0]["replay"])
        self.assertIn("Sigmoid", run.out)


if __name__ == "__main__":
    main()
