"""The scripts beside the tool, as far as they need no other machine: complaints, and warnings that are errors."""
import subprocess
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

    def test_bare_explains_itself(self):
        done = run(SOURCE / "scripts/bare", "--help")
        self.assertEqual(done.returncode, 0)
        for word in ("--user", "--keep", "12|13", "Exit codes"):
            self.assertIn(word, done.stdout)


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
