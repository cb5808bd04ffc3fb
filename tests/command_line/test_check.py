"""backproof check: verdicts, exit codes, selection, determinism and the files it writes."""
import shlex
import xml.etree.ElementTree as tree

from tool import BUILD, ToolTest, good, main


class Check(ToolTest):
    def test_the_reference_passes_its_own_checks(self):
        run = self.expect(0, "check", "--seed", "1", "--samples", "10")
        self.assertIn(" 0 inaccurate, 0 fail, ", run.out)

    def test_every_verdict_is_counted_in_the_last_line(self):
        run = self.expect(0, "check", "--op", "Relu", "--samples", "3")
        for word in "pass inaccurate fail unresolved vacuous skip error crash timeout".split():
            self.assertIn(word, run.last)

    def test_results_do_not_depend_on_jobs(self):
        logs = []
        for jobs in (1, 2, 5):
            self.expect(0, "check", "--op", "Add,Softmax,Relu", "--samples", "4", "--jobs", jobs, "--ndjson", f"{jobs}.ndjson")
            logs.append((self.folder / f"{jobs}.ndjson").read_bytes())
        self.assertEqual(logs[0], logs[1])
        self.assertEqual(logs[0], logs[2])

    def test_a_sample_does_not_depend_on_what_else_is_selected(self):
        self.expect(0, "check", "--op", "Softmax", "--dtype", "f32", "--samples", "4", "--ndjson", "one.ndjson")
        self.expect(0, "check", "--op", "S*", "--dtype", "f64,f32", "--samples", "4", "--ndjson", "many.ndjson")
        one = [e for e in self.events("one.ndjson") if e["event"] == "case"]
        many = [e for e in self.events("many.ndjson") if e["event"] == "case" and e["op"] == "Softmax" and e["dtype"] == "f32"]
        self.assertEqual(one, many)

    def test_shards_part_the_work(self):
        names = ("check", "--samples", "1", "--dtype", "f32", "--check", "reference_value")
        self.expect(0, *names, "--ndjson", "all.ndjson")
        parts = []
        for i in (1, 2, 3):
            self.expect(0, *names, "--shard", f"{i}/3", "--ndjson", f"{i}.ndjson")
            parts += [e["id"] for e in self.events(f"{i}.ndjson") if e["event"] == "case"]
        self.assertEqual(sorted(parts), sorted(e["id"] for e in self.events("all.ndjson") if e["event"] == "case"))
        self.expect(0, *names, "--ndjson", "bazel.ndjson", TEST_SHARD_INDEX="0", TEST_TOTAL_SHARDS="3")
        self.assertEqual((self.folder / "bazel.ndjson").read_bytes(), (self.folder / "1.ndjson").read_bytes())

    def test_the_log_begins_with_the_run_and_ends_with_the_summary(self):
        self.expect(0, "check", "--op", "Relu", "--samples", "2", "--ndjson", "log.ndjson")
        events = self.events("log.ndjson")
        self.assertEqual(events[0]["event"], "run")
        self.assertEqual(events[0]["schema"], "backproof.result/1")
        self.assertEqual(events[-1]["event"], "summary")
        self.assertEqual(sum(events[-1]["counts"].values()), sum(e["event"] == "case" for e in events))
        self.assertEqual(sum(events[-1]["units"].values()), sum(e["event"] == "unit" for e in events))

    def test_junit_holds_one_case_per_dtype_and_check(self):
        self.expect(0, "check", "--op", "Relu,Add", "--samples", "2", "--junit", "r.xml")
        root = tree.parse(self.folder / "r.xml").getroot()
        names = [(c.get("classname"), c.get("name")) for c in root.iter("testcase")]
        self.assertEqual(len(names), len(set(names)))
        self.assertIn(("backproof.reference.Relu", "f32/adjoint_identity"), names)
        self.assertEqual(int(root.get("tests")), len(names))

    def test_a_spent_budget_is_said(self):
        run = self.expect(1, "check", "--budget", "0.000001")
        self.assertIn("not run, the time budget was spent", run.out)
        self.assertIn("nothing was executed", run.out)

    def test_a_shard_with_nothing_in_it_is_no_failure(self):
        codes = [self.run_tool("check", "--op", "Relu", "--dtype", "f32", "--samples", "1", "--shard", f"{i}/9").code for i in range(1, 10)]
        self.assertEqual(codes, [0] * 9)


class Accuracy(ToolTest):
    # Python's floats are f64, and the adapter's s*(1-s) is not stable.
    lossy = ("check", "--adapter", good("lossy"), "--op", "Sigmoid", "--dtype", "f64")

    def test_lost_digits_fail_only_when_asked(self):
        run = self.expect(0, *self.lossy)
        self.assertIn("consistent with s*(1-s)", run.out)
        self.assertIn("--accuracy strict", self.expect(1, *self.lossy, "--accuracy", "strict").out)
        self.expect(0, "check", "--op", "Sigmoid", "--accuracy", "strict")

    def test_the_baseline_lets_nothing_get_worse(self):
        self.expect(0, *self.lossy, "--ndjson", "lossy.ndjson")
        self.expect(0, "check", "--adapter", good(), "--op", "Sigmoid", "--dtype", "f64", "--ndjson", "right.ndjson")
        self.expect(0, *self.lossy, "--baseline", "lossy.ndjson")
        self.expect(0, "check", "--adapter", good(), "--op", "Sigmoid", "--dtype", "f64", "--baseline", "lossy.ndjson")
        run = self.expect(1, *self.lossy, "--baseline", "right.ndjson")
        self.assertIn("less accurate than the baseline: Sigmoid/f64/reference_gradient", run.out)

    def test_a_baseline_that_is_none(self):
        self.expect_complaint(4, ["gone.ndjson"], "check", "--baseline", "gone.ndjson")
        (self.folder / "text").write_text("no log\n")
        self.expect_complaint(4, ["text:1"], "check", "--baseline", "text")
        self.expect(0, *self.lossy, "--samples", "3", "--ndjson", "few.ndjson")
        self.expect_complaint(4, ["not comparable"], *self.lossy, "--baseline", "few.ndjson")

    def test_every_number_of_a_format(self):
        run = self.expect(0, "check", "--op", "Relu", "--dtype", "bf16", "--exhaustive", "--samples", "1")
        self.assertIn("every bf16 number, elements by ulps off:  0: 65,282", run.out)


class PlantedBug(ToolTest):
    adapter = BUILD / "examples" / "my_op.so"

    def test_it_fails_with_a_counterexample_and_replays(self):
        run = self.expect(1, "check", "--adapter", self.adapter, "--op", "Softmax", "--dtype", "f32", "--ndjson", "o.ndjson",
                          "--junit", "o.xml")
        for word in ("FAIL  Softmax  f32  check reference_gradient", "worst at", "expected", "actual", "bound", "input f32[",
                     "backproof replay "):
            self.assertIn(word, run.out)
        failed = [e for e in self.events("o.ndjson") if e.get("verdict") == "fail" and "file" in e]
        self.assertEqual({e["check"] for e in failed}, {"reference_gradient", "adjoint_identity", "chain_rule", "taylor_remainder"})
        for e in failed:
            again = self.expect(1, *shlex.split(e["replay"])[1:])
            self.assertIn(f"FAIL  Softmax  f32  check {e['check']}", again.out)
            self.assertIn(e["worst"]["where"], again.out)
        root = tree.parse(self.folder / "o.xml").getroot()
        self.assertGreater(int(root.get("failures")), 0)
        self.assertIn("backproof replay ", run.last)

    def test_the_counterexample_clears_a_right_implementation(self):
        self.run_tool("check", "--adapter", self.adapter, "--op", "Softmax", "--dtype", "f32")
        for file in (self.folder / "backproof-out").iterdir():
            # The reference knows the same op; the stored sample holds for any subject.
            self.expect(0, "replay", file, "--adapter", "reference")

    def test_the_example_s_other_op_is_right(self):
        self.expect(0, "check", "--adapter", self.adapter, "--op", "Sigmoid", "--dtype", "f32")

    def test_a_token_reproduces_a_later_failure(self):
        self.run_tool("check", "--adapter", self.adapter, "--op", "Softmax", "--dtype", "f32", "--ndjson", "o.ndjson")
        tokens = [e["replay"] for e in self.events("o.ndjson") if "bp1:" in e.get("replay", "")]
        token = tokens[0].split()[2]
        self.expect(1, "replay", token, "--adapter", self.adapter)


if __name__ == "__main__":
    main()
