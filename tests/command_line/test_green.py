"""Green means asked, answered and resolved: adapters in which nothing is wrong, and something is not there."""
import sys

from tool import SOURCE, ToolTest, main

DIRECT = ("--check", "reference_value,reference_gradient")


class Green(ToolTest):
    def judge(self, way, *options, op="Elu", code=0):
        adapter = f"{sys.executable} {SOURCE / 'tests' / 'adapters' / 'holes.py'} {way}"
        run = self.run_tool("check", "--adapter", adapter, *(("--op", op) if op else ()), "--dtype", "f64,bf16", "--samples", "12",
                          "--ndjson", "log.ndjson", "--junit", "log.xml", *options)
        if code is not None:
            self.assertEqual(run.code, code, run.out + run.err)
        self.units = {e["id"]: e for e in self.events("log.ndjson") if e["event"] == "unit"}
        self.summary = self.events("log.ndjson")[-1]
        return run

    def reasons(self, check):
        return [e["reason"] for e in self.events("log.ndjson") if e["event"] == "case" and e["check"] == check and e["verdict"] == "fail"]

    def test_what_is_all_there(self):
        for op in ("Elu", "Concat"):
            run = self.judge("whole", op=op)
            self.assertEqual(self.units[f"{op}/f64"]["verdict"], "pass")
            self.assertIn("1 of 1 op executed; gradients judged: 1", run.out)

    def test_who_declines_everything(self):
        for options in (DIRECT, ()):
            run = self.judge("declines", *options, code=1)
            self.assertEqual(self.units["Elu/f64"]["verdict"], "vacuous")
            self.assertIn("it declined all of 28 samples; the first: not today", run.out)
            self.assertIn("0 of 1 op executed", run.out)
            self.assertIn('type="vacuous"', (self.folder / "log.xml").read_text())

    def test_a_vjp_that_is_offered_and_never_given(self):
        for op in ("Elu", "Concat"):
            run = self.judge("declines_vjp", op=op, code=1)
            self.assertEqual((self.units[f"{op}/f64"]["verdict"], self.units[f"{op}/f64"]["declared"]), ("forward_only", False))
            self.assertIn(f"forward only {op}", run.out)
            self.assertIn(f"forward only, no gradient was judged: {op}/f64", run.out)
            self.assertIn('type="forward_only"', (self.folder / "log.xml").read_text())

    def test_who_says_that_there_is_none(self):
        run = self.judge("forward")
        self.assertEqual(self.units["Elu/f64"]["declared"], True)
        self.assertIn("1 of 1 op executed; gradients judged: 0", run.out)
        self.assertNotIn("<failure", (self.folder / "log.xml").read_text())

    def test_a_part_that_is_declined_and_a_part_that_is_declared(self):
        run = self.judge("picky")
        self.assertEqual(self.units["Elu/f64"]["verdict"], "pass")
        few = self.units["Elu/f64"]
        self.assertLess(few["answered"], few["samples"])
        self.assertIn(f"answered {few['answered']} of {few['samples']} samples", run.out)
        self.judge("declares")
        self.assertEqual(self.units["Elu/f64"]["answered"], self.units["Elu/f64"]["samples"])

    def test_a_declaration_that_nothing_meets(self):
        self.judge("no_such_name", code=1)
        self.assertEqual(self.units["Elu/f64"]["verdict"], "vacuous")

    def test_a_gradient_that_there_is_not(self):
        self.judge("without_first", op="Concat", code=1)
        self.assertIn("was not returned", self.reasons("reference_gradient")[0])
        self.judge("first_declared", op="Concat")
        self.assertEqual(self.units["Concat/f64"]["verdict"], "pass")

    def test_inputs_that_need_no_gradient(self):
        self.judge("not_passed_over", op="Concat", code=1)
        self.assertTrue(self.reasons("partial_gradients"))
        self.assertEqual(self.reasons("reference_gradient"), [])

    def test_an_op_of_its_own_without_a_gradient(self):
        self.judge("sink", op="Sink", code=1)
        self.assertIn("dsink was not returned, and the outputs depend on sink", self.reasons("own_difference"))
        self.judge("sink_given", op="Sink", code=None)  # bf16 may prove nothing, but there is nothing wrong
        self.assertEqual(self.reasons("own_difference"), [])
        self.judge("jump", op="Jump")
        self.assertEqual(self.units["Jump/f64"]["verdict"], "pass")


if __name__ == "__main__":
    main()
