"""Whether all that failed in a log has its row in docs/findings.md: known_findings.py LOG [LEAST_OPS]."""
import json
import pathlib
import re
import sys

FINDINGS = pathlib.Path(__file__).resolve().parents[2] / "docs/findings.md"
LIBRARIES = {"onednn": "oneDNN", "torch": "PyTorch"}


def known(subject):
    """What the rows cover, as (op, dtype, verdict): "all" stands for every dtype, and a row that says "crashes" covers
    nothing else."""
    rows = set()
    for row in FINDINGS.read_text().splitlines():
        cells = [c.strip().replace("\\_", "_") for c in re.split(r"(?<!\\)\|", row)[1:-1]]
        if len(cells) == 4 and cells[0].startswith(LIBRARIES[subject]):
            ops = [re.split(r"[ (]", o)[0] for o in cells[1].split(", ")]
            dtypes = ["f64", "f32", "f16", "bf16"] if cells[2] == "all" else cells[2].split(", ")
            verdict = "crash" if re.search(r"\bcrashes\b", cells[3]) else "fail"
            rows |= {(o, d, verdict) for o in ops for d in dtypes}
    return rows


def unknown(log):
    events = [json.loads(line) for line in pathlib.Path(log).read_text().splitlines()]
    units = [e for e in events if e["event"] == "unit"]
    bad = {(e["op"], e["dtype"], e["verdict"]) for e in events if e["event"] in ("case", "unit")
           if e["verdict"] in ("fail", "vacuous", "error", "crash", "timeout")}
    bad |= {(u["op"], u["dtype"], u["verdict"]) for u in units if u["verdict"] == "forward_only" and not u["declared"]}
    return sorted(bad - known(units[0]["subject"])), events[-1]["ops_judged"]


if __name__ == "__main__":
    found, executed = unknown(sys.argv[1])
    least = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    for op, dtype, verdict in found:
        print(f"{op} {dtype}: {verdict}, and no row in docs/findings.md")
    print(f"the gradients of {executed} ops judged, at least {least} required")
    sys.exit(bool(found) or executed < least)
