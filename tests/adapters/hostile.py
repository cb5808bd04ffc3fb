"""Adapters that misbehave, one table: what each does, the verdict that it gets, and words that the report says of it.

bad.py has those that are programs, hostile.cpp those that are plugins; each offers Sigmoid, where it misbehaves, and
Softsign, where it does not. test_hostile.py runs every row. `hostile.py --write` puts the table into
docs/hostile-adapters.md, which the test compares.

The verdict "exit 6" is that of an adapter that could not be started. A row with the verdict "pass" has words on standard
error, if any.
"""
import collections
import pathlib
import re
import sys

Row = collections.namedtuple("Row", "kind name does verdict says options", defaults=[()])
FAST = ("--timeout", "0.5")
SMALL = ("--adapter-memory", "256MiB")
WATCH = ("--check", "input_mutation")


def program(*columns, options=()):
    return Row("program", *columns, options)


def plugin(*columns, options=()):
    return Row("plugin", *columns, options)


ROWS = [
    # While it starts.
    program("dies_at_start", "ends at once with a message", "exit 6", "exit code 1; its last words: ModuleNotFoundError"),
    program("hangs_at_start", "never answers anything", "exit 6", "during initialize: no answer in time (10 s to start)", options=FAST),
    program("drips_at_start", "answers with a byte a second", "exit 6", "during initialize: no answer in time", options=FAST),
    program("garbage", "knows nothing of frames", "exit 6", "text on standard output, which is for frames only"),
    program("other_protocol", "speaks another version", "exit 6", "speaks another protocol"),
    program("hangs_in_describe", "does not say what it offers", "exit 6", "during describe: no answer in time (10 s to start)", options=FAST),
    program("crashes_in_describe", "dies of the question what it offers", "exit 6", "during describe: killed by SIGSEGV"),
    program("bad_document", "offers a type that does not exist", "exit 6", "is none of f64, f32, f16, bf16"),
    program("nan_document", "offers a range that is NaN, which JSON has not", "exit 6", "not valid JSON"),
    program("deep_document", "nests its document 5000 deep", "exit 6", "nested too deeply"),
    program("huge_document", "describes itself in 22 MB", "exit 6", "header"),
    plugin("create_crashes", "crashes while it is created", "exit 6", "during initialize: killed by SIGSEGV"),
    plugin("create_refuses", "cannot be created, and says why", "exit 6", "status 9, there is no device"),
    plugin("null_table", "gives no table", "exit 6", "the adapter's table is not one of version 1"),
    plugin("null_describe", "has no function describe", "exit 6", "the adapter's table has no function 'describe', but NULL"),
    plugin("null_run", "has no function run", "exit 6", "the adapter's table has no function 'run', but NULL"),
    plugin("null_destroy", "has no function destroy", "exit 6", "the adapter's table has no function 'destroy', but NULL"),
    plugin("describe_crashes", "crashes in describe", "exit 6", "killed by SIGSEGV"),
    plugin("describe_nonsense", "has a document that is no JSON", "exit 6", "capability document is no JSON object"),
    # It dies.
    program("crash", "aborts in the middle of a question", "crash", "killed by SIGABRT"),
    program("segfault", "reads where nothing is", "crash", "killed by SIGSEGV"),
    program("exits", "leaves without an answer", "crash", "exit code 3; its last words: about to leave"),
    program("truncated", "leaves in the middle of a tensor", "crash", "exit code 0"),
    program("closes_input", "closes its standard input", "crash", "exit code 1; its last words: "),
    program("crash_once", "aborts at its first question only", "crash", "killed by SIGABRT"),
    program("eats_address_space", "takes memory without end where its address space is limited", "error", "error 13: MemoryError",
            options=("--adapter-address-space", "512MiB")),
    program("eats_memory", "takes memory without end", "crash", "ended for its memory: its processes held", options=SMALL),
    program("eats_with_children", "takes memory without end, in processes of which each has little", "crash",
            "0.25 GiB is the limit", options=SMALL),
    program("kills_supervisor", "kills the process that watches it, and has a child that would live on", "crash",
            "its supervisor was killed"),
    plugin("segfault", "reads where nothing is", "crash", "killed by SIGSEGV"),
    plugin("aborts", "aborts", "crash", "killed by SIGABRT"),
    plugin("exits", "calls exit(0)", "crash", "exit code 0"),
    plugin("overflows_stack", "calls itself without end", "crash", "killed by SIGSEGV"),
    plugin("traps", "lets floating-point exceptions trap, and divides by zero", "crash", "killed by SIGFPE"),
    # It does not answer.
    program("hang", "never answers", "timeout", "no answer in time (0.5 s)", options=FAST),
    program("stubborn", "never answers, and does not go when told to", "timeout", "no answer in time", options=FAST),
    program("family", "never answers, and has a child that ignores SIGTERM", "timeout", "no answer in time", options=FAST),
    program("daemons", "never answers, and has started daemons in sessions of their own", "timeout", "no answer in time",
            options=FAST),
    program("fork_bomb", "forks without end, and so do its children", "timeout", "no answer in time", options=FAST),
    program("comet", "forks, makes a session and exits, again and again", "timeout", "no answer in time", options=FAST),
    program("stops_itself", "stops itself (SIGSTOP)", "timeout", "no answer in time", options=FAST),
    program("stops_supervisor", "stops the process that watches it", "timeout", "no answer in time", options=FAST),
    program("drips", "answers with a byte a second", "timeout", "no answer in time", options=FAST),
    plugin("hangs", "never returns", "timeout", "no answer in time", options=FAST),
    # What it says is no answer.
    program("mutters", "prints in front of an answer", "error", "text on standard output"),
    program("mutters_after", "prints behind an answer", "error", "text on standard output"),
    program("pours", "prints without end", "error", "text on standard output"),
    program("huge", "promises a header of 2^60 bytes", "error", "safetensors header claims 1152921504606846976 bytes"),
    program("negative", "promises a header of -1 bytes", "error", "safetensors header claims 18446744073709551615 bytes"),
    program("long_header", "has a header of 2 MiB where 1 MiB is allowed", "error", "a header of 2097152 bytes; at most 1048576"),
    program("negative_shape", "has a tensor with a negative extent", "error", "an extent is not a non-negative integer"),
    program("huge_shape", "has a tensor of 2^60 elements", "error", "shape is too large"),
    program("overlapping", "has tensors that lie upon each other", "error", "overlaps or leaves a hole"),
    program("wrong_id", "answers another question", "error", "id: expected"),
    program("no_rpc", "sends a frame that says nothing", "error", "a frame without 'rpc'"),
    program("short", "gives fewer bytes than the shape needs", "error", "data_offsets do not fit its shape"),
    program("wrong_count", "gives one tensor too many", "error", "expected 1"),
    program("nameless", "names a tensor that it does not send", "error", "holds no such tensor"),
    program("deaf", "closes its output and lives on", "error", "closed its standard streams but did not exit"),
    program("too_long", "answers with a message that would not fit into a header", "error", "error 8: the answer's header has"),
    program("raises", "raises an exception with two lines", "error", "error 13: inside of the framework"),
    program("escapes", "puts codes for a terminal, C1 controls and marks of direction into a message", "error", "error 13: "),
    program("markup", "puts markup into a message", "error", "error 13: <script>alert(1)</script>]]>&amp;"),
    program("cesu", "writes lone surrogates (CESU-8) to standard error and dies", "crash", "exit code 7; its last words: "),
    plugin("throws", "lets an exception out", "error", "an exception left the adapter"),
    plugin("strange_status", "returns a status that does not exist", "error", "the adapter returned the status 99"),
    plugin("overrun", "writes past the end of a result", "error", "the adapter wrote past the end of"),
    plugin("underrun", "writes in front of a result", "error", "the adapter wrote in front of"),
    plugin("strange_type", "wants a result of a type that does not exist", "error", "an element type that backproof does not carry"),
    plugin("negative_shape", "wants a result with a negative extent", "error", "has the extent -1"),
    plugin("huge_shape", "wants a result of 2^60 elements", "error", "is larger than 1073741824 bytes"),
    # It declines.
    program("declines", "declines every case", "vacuous", "it declined all of 14 samples; the first: not today"),
    program("refuses", "refuses what it had promised", "fail", "no such attribute"),
    # What it answers is wrong.
    program("wrong_shape", "gives the right numbers in a wrong shape", "fail", "has shape"),
    program("wrong_dtype", "gives integers", "fail", "i64"),
    program("no_gradient", "gives no gradient", "fail", "dX was not returned"),
    program("nan", "gives NaN", "fail", "nan"),
    plugin("writes_nothing", "leaves its results unwritten", "fail", "nan"),
    plugin("flushes", "sets flush to zero, and leaves it set", "fail", "floating-point modes", options=WATCH),
    plugin("rounds_up", "sets another rounding mode, and leaves it set", "fail", "floating-point modes", options=WATCH),
    plugin("leaves_traps", "lets floating-point exceptions trap from now on", "fail", "floating-point modes", options=WATCH),
    plugin("writes_inputs", "writes into its inputs", "fail", "in.0", options=WATCH),
    # It does what it should not, and what does no harm.
    program("prints", "prints a lot where frames belong, and so do its children", "pass", ""),
    program("stderr", "complains, a megabyte at a time", "pass", ""),
    program("quiet_nans", "loses payloads of NaNs, which only adapter check asks for", "pass", ""),
    plugin("prints", "prints to standard output", "pass", ""),
    plugin("leaves_threads", "leaves threads running", "pass", ""),
    # While it ends.
    program("lingers", "does not leave at the end of its input", "pass", "during shutdown: still running after 5 s"),
    program("hangs_in_shutdown", "does not answer the request to end", "pass", "during shutdown: no answer in time"),
    program("ends_badly", "ends with an exit code", "pass", "during shutdown: exit code 9"),
    plugin("destroy_crashes", "crashes in destroy", "pass", "during shutdown: killed by SIGSEGV"),
    plugin("destroy_hangs", "hangs in destroy", "pass", "during shutdown: still running after 5 s"),
    plugin("aborts_at_exit", "aborts in a destructor of its own", "pass", "during shutdown: killed by SIGABRT"),
]

BEGIN, END = "<!-- The table of tests/adapters/hostile.py. -->\n", "<!-- The end of the table. -->\n"


def page():
    lines = ["| kind | what it does | verdict | what is said |", "|---|---|---|---|"]
    for r in ROWS:
        said = "`" + r.says.strip().replace("|", "\\|") + "`" if r.says else ""
        lines.append(f"| {r.kind} | {r.does} | {'could not start, exit 6' if r.verdict == 'exit 6' else '`' + r.verdict + '`'} | {said} |")
    return "\n".join(lines) + "\n"


def with_table(text):
    return re.sub(re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: BEGIN + page() + END, text, flags=re.S)


if __name__ == "__main__":
    document = pathlib.Path(__file__).resolve().parent.parent.parent / "docs" / "hostile-adapters.md"
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: hostile.py --write")
    document.write_text(with_table(document.read_text()))
