"""backproof mutants: exit codes, determinism, the files it writes; the hint of a failure, and reproducers."""
import json
import subprocess
import sys

from tool import BUILD, ToolTest, main

FEW = ("--op", "Softmax,MaxPool", "--mutant", "drop-g,pooling_bugs", "--samples", "4")


class Mutants(ToolTest):
    adapter = BUILD / "examples" / "my_op.so"

    def test_the_matrix_is_the_same_on_any_number_of_jobs(self):
        runs = [self.expect(0, "mutants", *FEW, "--jobs", jobs, "--json", f"{jobs}.json") for jobs in (1, 3)]
        self.assertEqual(runs[0].out, runs[1].out)
        self.assertEqual((self.folder / "1.json").read_text(), (self.folder / "3.json").read_text())

    def test_json_and_html(self):
        self.expect(0, "mutants", *FEW, "--first", "--json", "m.json", "--html", "m.html")
        matrix = json.loads((self.folder / "m.json").read_text())
        self.assertEqual(matrix["schema"], "backproof.mutants/1")
        self.assertEqual((matrix["caught"], matrix["alarms"]), (matrix["pairs"], 0))
        self.assertEqual(len(matrix["not_planted"]), 6)
        overwrites = next(m for m in matrix["mutants"] if m["name"] == "max_pool_overwrites")
        self.assertIn("NNlib", overwrites["cites"])
        page = (self.folder / "m.html").read_text()
        self.assertIn("max_pool_overwrites", page)
        self.assertNotIn("<script", page)

    def test_what_selects_nothing_is_told(self):
        self.expect_complaint(5, ["no mutant matches", "nonsense"], "mutants", "--mutant", "nonsense")
        self.expect_complaint(5, ["no op matches", "nonsense"], "mutants", "--op", "nonsense")
        self.expect_complaint(5, ["nothing selected"], "mutants", "--op", "Relu", "--mutant", "max_pool_overwrites")
        self.expect_complaint(4, ["--samples"], "mutants", "--samples", "0")
        self.expect_complaint(4, ["cannot write"], "mutants", *FEW, "--json", "no/such/folder.json")

    def fail_softmax(self):
        self.expect(1, "check", "--adapter", self.adapter, "--op", "Softmax", "--check", "reference_gradient", "--dtype",
                    "f32", "--ndjson", "log.ndjson", "--out", ".")
        return [e for e in self.events("log.ndjson") if e.get("verdict") == "fail"]

    def test_the_first_failure_of_a_check_has_a_hint(self):
        failures = self.fail_softmax()
        self.assertEqual(sum("hint" in e for e in failures), 1)
        self.assertTrue(failures[0]["hint"].startswith("matches"), failures[0]["hint"])

    def test_a_reproducer_fails_by_itself_until_the_answer_is_right(self):
        self.fail_softmax()
        file = "softmax-f32-reference_gradient.safetensors"
        programs = {"numpy": ([sys.executable, "r.py"], "r.py"), "cpp": (["./r"], "r.cpp")}
        for language, (command, name) in programs.items():
            for adapter, code in ((self.adapter, 1), ("reference", 0)):
                with self.subTest(language=language, code=code):
                    text = self.expect(0, "replay", file, "--adapter", adapter, "--reproducer", language).out
                    (self.folder / name).write_text(text)
                    if language == "cpp":
                        subprocess.run(["g++", "-std=c++17", "-Wall", "-Werror", "r.cpp", "-o", "r"], cwd=self.folder, check=True)
                    done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
                    self.assertEqual(done.returncode, code, done.stdout + done.stderr)
                    self.assertEqual("gradient 0" in done.stdout, code == 1)
        self.expect_complaint(4, ["--reproducer"], "replay", file, "--reproducer", "fortran")


if __name__ == "__main__":
    main()
