"""A run that was cut off, wherever that was, goes on and ends as if nothing had been."""
import os
import random
import shutil
import signal
import subprocess
import time
import unittest

from tool import BACKPROOF, BUILD, ToolTest, main

MY_OP = BUILD / "examples" / "my_op.so"


class Resume(ToolTest):
    options = ["--op", "Softmax,Relu,Sigmoid,Gemm,MatMul,Tanh", "--dtype", "f32,f64", "--samples", "9"]

    def start(self, *arguments):
        return subprocess.Popen([BACKPROOF, *map(str, arguments)], cwd=self.folder, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, env={**os.environ, "CI": "1"})

    def uninterrupted(self, *more):
        begin = time.monotonic()
        self.run_tool("check", *self.options, *more, "--ndjson", "whole.ndjson", "--junit", "whole.xml")
        return time.monotonic() - begin

    def assert_goes_on(self, *more):
        run = self.run_tool("check", "--resume", "cut.ndjson", "--junit", "cut.xml", *more)
        self.assertEqual((self.folder / "cut.ndjson").read_bytes(), (self.folder / "whole.ndjson").read_bytes(), run.err)
        self.assertEqual((self.folder / "cut.xml").read_bytes(), (self.folder / "whole.xml").read_bytes())
        return run

    def test_after_kill_at_any_moment(self):
        seconds = self.uninterrupted("--jobs", "2")
        moments = random.Random(1)
        for _ in range(20):
            p = self.start("check", *self.options, "--jobs", "2", "--ndjson", "cut.ndjson")
            try:
                p.wait(moments.uniform(0, seconds))
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
            if not (self.folder / "cut.ndjson").exists() or b"\n" not in (self.folder / "cut.ndjson").read_bytes():
                continue  # it had not begun, and there is nothing to go on with
            self.assertEqual([n for n in os.listdir(self.folder) if n.endswith(".tmp")], [])
            self.assert_goes_on("--jobs", "2")
            (self.folder / "cut.ndjson").unlink()

    def test_wherever_the_log_was_cut(self):
        self.uninterrupted()
        whole = (self.folder / "whole.ndjson").read_bytes()
        for n in [*range(whole.index(b"\n"), len(whole), len(whole) // 7), len(whole) - 1, len(whole)]:
            (self.folder / "cut.ndjson").write_bytes(whole[:n])
            self.assert_goes_on("--op", "Softmax,Relu,Sigmoid,Gemm,MatMul,Tanh", "--dtype", "f32,f64", "--samples", "9")

    def test_failures_are_told_again(self):
        options = ["--adapter", MY_OP, "--dtype", "f32", "--samples", "9"]
        whole = self.expect(1, "check", *options, "--ndjson", "whole.ndjson")
        text = (self.folder / "whole.ndjson").read_bytes()
        (self.folder / "cut.ndjson").write_bytes(text[:len(text) - 200])
        again = self.expect(1, "check", "--resume", "cut.ndjson", "--adapter", MY_OP)
        self.assertEqual((self.folder / "cut.ndjson").read_bytes(), text)
        self.assertEqual(again.out, whole.out)

    def test_an_interrupted_run_goes_on(self):
        self.uninterrupted()
        (self.folder / "cut.ndjson").touch()
        p = self.start("check", *self.options, "--ndjson", "cut.ndjson", "--jobs", "2")
        while p.poll() is None and b'"case"' not in (self.folder / "cut.ndjson").read_bytes():
            time.sleep(0.01)  # from then on it heeds signals, and most of the run is still to come
        p.send_signal(signal.SIGINT)
        self.assertEqual(p.wait(60), 2)
        self.assertTrue(self.events("cut.ndjson")[-1]["interrupted"])
        self.assert_goes_on()

    def test_after_a_pipe_that_was_cut(self):
        self.uninterrupted()
        p = subprocess.Popen([BACKPROOF, "check", *self.options, "--ndjson", "cut.ndjson"], cwd=self.folder,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, "CI": "1"})
        p.stdout.readline()
        p.stdout.close()  # as `| head -n 1` does
        self.assertNotEqual(p.wait(240), 0)
        self.assert_goes_on()

    def test_other_options_and_other_subjects_are_refused(self):
        self.uninterrupted()
        shutil.copy(self.folder / "whole.ndjson", self.folder / "cut.ndjson")
        before = (self.folder / "cut.ndjson").read_bytes()
        for option in (["--op", "Relu"], ["--seed", "2"], ["--samples", "3"], ["--dtype", "f16"], ["--check", "law*"],
                       ["--shard", "1/2"], ["--exhaustive"], ["--out", "elsewhere"], ["--adapter", MY_OP]):
            self.expect_complaint(4, ["cut.ndjson"], "check", "--resume", "cut.ndjson", *option)
        self.expect_complaint(4, ["--resume", "--ndjson"], "check", "--resume", "cut.ndjson", "--ndjson", "other")
        self.expect_complaint(4, ["nowhere"], "check", "--resume", "nowhere")
        self.assertEqual((self.folder / "cut.ndjson").read_bytes(), before)

    def test_the_adapter_of_a_log_is_not_started(self):
        self.run_tool("check", "--adapter", MY_OP, "--op", "Relu", "--samples", "1", "--ndjson", "cut.ndjson")
        text = (self.folder / "cut.ndjson").read_text().replace(str(MY_OP), "sh -c 'touch canary'")
        (self.folder / "cut.ndjson").write_text(text)
        self.expect_complaint(4, ["--adapter 'sh -c '\\''touch canary'\\'''"], "check", "--resume", "cut.ndjson")
        self.assertFalse((self.folder / "canary").exists())

    def test_what_is_no_log(self):
        for text in ("x\n", "{}\n", '{"event":"case"}\n', "[" * 100000 + "\n"):
            (self.folder / "cut.ndjson").write_text(text)
            self.expect_complaint(4, ["cut.ndjson:1"], "check", "--resume", "cut.ndjson")


if __name__ == "__main__":
    main()
