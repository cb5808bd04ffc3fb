"""The scripts beside the tool, as far as they need no other machine: complaints, and warnings that are errors."""
import contextlib
import importlib.machinery
import importlib.util
import io
import pathlib
import subprocess
import sys
import tempfile
import unittest

from tool import SOURCE, main


def run(*words):
    return subprocess.run([str(w) for w in words], capture_output=True, text=True, stdin=subprocess.DEVNULL)


class Complaints(unittest.TestCase):
    def expect_usage(self, words, script, *arguments):
        done = run(SOURCE / "scripts" / script, *arguments)
        self.assertEqual(done.returncode, 4, done)
        self.assertEqual(len(done.stderr.splitlines()), 1, done)
        for word in (f"{script}: ", *words):
            self.assertIn(word, done.stderr)

    def test_each_says_what_is_wrong_in_one_line(self):
        self.expect_usage(["which command"], "bare")
        self.expect_usage(["which command"], "bare", "--keep", "13")
        self.expect_usage(["12 or 13", "'11'"], "bare", "11", "true")
        self.expect_usage(["--nonsense"], "bare", "--nonsense", "12", "true")
        self.expect_usage(["nonsense"], "install-packages", "nonsense")
        self.expect_usage(["nonsense"], "quickstart", "nonsense")
        self.expect_usage(["nonsense", "safetensors"], "fuzz", "nonsense")
        self.expect_usage(["--seconds"], "fuzz", "--seconds", "soon")
        self.expect_usage(["--nonsense"], "races", "--nonsense")

    def test_bare_explains_itself(self):
        done = run(SOURCE / "scripts/bare", "--help")
        self.assertEqual(done.returncode, 0)
        for word in ("--user", "--keep", "12|13", "Exit codes"):
            self.assertIn(word, done.stdout)


class Fuzzing(unittest.TestCase):
    """What scripts/fuzz makes of a target's output. The targets here are scripts that talk like libFuzzer."""

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        sys.dont_write_bytecode = True  # beside the script is no place for it
        loader = importlib.machinery.SourceFileLoader("fuzz_script", str(SOURCE / "scripts" / "fuzz"))
        self.script = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
        loader.exec_module(self.script)
        here = pathlib.Path(self._folder.name)
        self.script.ROOT = self.script.WORK = self.script.BINARIES = here
        (here / "target").mkdir()

    def run_target(self, fuzzes, seeds="echo '#3 INITED cov: 40 ft: 90'"):
        binary = pathlib.Path(self._folder.name) / "target" / "binary"
        binary.write_text(f"""#!/bin/sh
case $1 in
  --seeds) mkdir -p "$2"; : >"$2/seed-0" ;;
  -runs=0) {seeds} ;;
  -runs=1) exit 77 ;;
  *) {fuzzes} ;;
esac
""")
        binary.chmod(0o755)
        target = self.script.Target("target")
        target.binary = binary
        with contextlib.redirect_stdout(io.StringIO()) as out:
            failed = self.script.fuzz([target], 1, 1)
        return failed, out.getvalue()

    def test_more_coverage_than_the_seeds_passes(self):
        failed, out = self.run_target("echo '#9 NEW cov: 55 ft: 99'; echo 'stat::number_of_executed_units: 1234'")
        self.assertEqual(failed, 0, out)
        for word in ("target", "1234 executions", "coverage 40 -> 55", "0 findings"):
            self.assertIn(word, out)

    def test_no_more_coverage_than_the_seeds_fails(self):
        failed, out = self.run_target("echo '#9 NEW cov: 40 ft: 99'; echo 'stat::number_of_executed_units: 1234'")
        self.assertEqual(failed, 1, out)
        self.assertIn("no further than its seeds", out)

    def test_no_execution_fails(self):
        failed, out = self.run_target("echo '#9 NEW cov: 55 ft: 99'; echo 'stat::number_of_executed_units: 0'")
        self.assertEqual(failed, 1, out)
        self.assertIn("executed nothing", out)

    def test_a_finding_fails_and_is_tried_again_in_the_next_run(self):
        finds = f"echo 'FINDING: a message of several lines'; : >{self._folder.name}/target/findings/crash-1; exit 77"
        for fuzzes in (finds, "echo '#9 NEW cov: 55 ft: 99'; echo 'stat::number_of_executed_units: 1234'"):
            failed, out = self.run_target(fuzzes)
            self.assertEqual(failed, 1, out)
            self.assertIn("target/findings/crash-1", out)
            self.assertIn("1 findings", out)

    def test_a_seed_that_is_a_finding_fails(self):
        failed, out = self.run_target("true", "echo 'ERROR: AddressSanitizer'; exit 1")
        self.assertEqual(failed, 1, out)
        self.assertIn("a seed is a finding", out)


class NoWarnings(unittest.TestCase):
    def compiler(self, says, code):
        return run(SOURCE / "cmake/no_warnings", "sh", "-c", f"echo output; echo '{says}' >&2; exit {code}")

    def test_a_warning_fails(self):
        done = self.compiler("a.cpp:1:2: warning: unused", 0)
        self.assertEqual((done.returncode, done.stdout), (1, "output\n"))
        self.assertEqual(done.stderr, "a.cpp:1:2: warning: unused\n")

    def test_all_else_is_the_compilers(self):
        for says, code in (("a.cpp:1:2: note: of no weight", 0), ("a.cpp:1:2: error: wrong", 1), ("a.cpp:1:2: warning: and error", 2)):
            done = self.compiler(says, code)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (code, "output\n", says + "\n"))

    def test_silence_stays_silent(self):
        done = run(SOURCE / "cmake/no_warnings", "true")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


if __name__ == "__main__":
    main()
