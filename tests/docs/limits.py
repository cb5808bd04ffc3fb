"""docs/limits.md says what lib/backproof/base/limits.hpp says: every limit once, with the same number."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "bytes": 1, "": 1}


def stated():
    """The header's constants: products of numbers and of kib, mib and gib."""
    text = (ROOT / "lib/backproof/base/limits.hpp").read_text()
    known = {"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}
    found = {}
    for name, value in re.findall(r"(?m)^constexpr std::size_t (\w+) = ([^,;]+);", text):
        product = 1
        for factor in value.replace("'", "").split("*"):
            product *= known.get(factor.strip()) or int(factor)
        found[name] = product
    return found


def documented():
    found = {}
    for line in (ROOT / "docs/limits.md").read_text().splitlines():
        cells = [c.strip() for c in line.strip("|").split("|")]
        if len(cells) != 4 or not (name := re.search(r"\(`(\w+)`\)$", cells[0])):
            continue
        number, _, unit = cells[1].replace(",", "").partition(" ")
        if name[1] in found:
            sys.exit(f"docs/limits.md has {name[1]} twice")
        found[name[1]] = int(number) * UNITS[unit]
        if re.search(r"\d{4}", cells[3]) and str(found[name[1]]) not in cells[3]:
            sys.exit(f"docs/limits.md: what is said about {name[1]} has another number")
    return found


header, page = stated(), documented()
for name in sorted(header.keys() | page.keys()):
    if header.get(name) != page.get(name):
        print(f"{name}: {header.get(name)} in the header, {page.get(name)} in docs/limits.md")
if header != page or len(header) < 20:
    sys.exit("docs/limits.md and base/limits.hpp differ")
sources = "".join(p.read_text() for room in ("lib", "adapters") for p in (ROOT / room).rglob("*.[ch]pp"))
if unused := [name for name in header if f"limits::{name}" not in sources]:
    sys.exit(f"no reader asks for {', '.join(unused)}")
print(f"{len(header)} limits agree")
