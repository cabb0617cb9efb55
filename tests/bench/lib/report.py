#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes docs/RESULTS.md of the newest results, and keeps them with their pictures in docs/results.

usage: report.py RESULTS DOCS

What a reader is to know about a result, why a figure is as it is, is written by hand in
docs/results/NAME.remarks.md and comes with its table.
"""
import json
import shutil
import sys
from pathlib import Path

from results import cell_text, tables_with_rows

ORDER = ["table1-cubic", "table1-bbr"] + [part + size for part in ("datapath", "latency", "failover", "scale") for size in ("", "-quick")]
HEAD = """# Results

How good Detour is, beside what a user would take instead and beside what is physically possible. `make bench` measures all of it on any
Linux machine, `make bench-report` makes this page. Figures are medians of the trials (TRIALS=), taken in turns; in brackets is the ratio to the
column that the table names, from the same run. Ratios carry over to other machines, absolute figures do not.
"""


def parts(folder):
    found = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    names = [name for name in ORDER if name in found] + [name for name in found if name not in ORDER]
    return [found[name] for name in names]


def place(result):
    machine = result["machine"]
    kind = "virtual machine" if machine["virtual"] else "machine"
    text = (f"A {kind}, {machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB; Linux {machine['kernel']}, "
            f"{machine['system']}; commit {result['commit']}; {result['date'][:10]}; took {round(result['seconds'] / 60)} min.")
    if result["size"] != "full":
        text += f" This was the {result['size']} form of the part: the same columns, fewer and shorter trials."
    if not result["whole"]:
        text += " **The run ended early**: what it had not measured is not here."
    return text


def table_markdown(table):
    lines = [f"**{table['title']}**" + (f", {table['unit']}" if table["unit"] else "") + (f"; in brackets: ratio to “{table['against']}”" if table["against"] else ""), ""]
    lines.append("| | " + " | ".join(table["columns"]) + " |")
    lines.append("|---|" + "---:|" * len(table["columns"]))
    for row, cells in table["rows"].items():
        lines.append(f"| {row} | " + " | ".join(cell_text(cells.get(column)) for column in table["columns"]) + " |")
    return "\n".join(lines) + "\n"


def section(result, docs):
    text = f"\n## {result['title']}\n\n    {result['command']}\n\n{place(result)}\n"
    pictures = list(result.get("pictures", []))
    titles = {f"{result['name']}-{table['name']}": table["title"] for table in result["tables"]}
    for table in tables_with_rows(result):
        text += "\n" + table_markdown(table)
        for picture in [name for name in pictures if name == f"{result['name']}-{table['name']}"]:
            pictures.remove(picture)
            text += f"\n![{table['title']}](results/{picture}.svg)\n"
    for picture in pictures:
        text += f"\n![{titles[picture]}](results/{picture}.svg)\n"
    for missing in result["missing"]:
        text += f"\nMissing: {missing['what']}: {missing['why']}.\n"
    for note in result["notes"]:
        text += f"\n{note}\n"
    part = result["name"].removesuffix("-quick").removesuffix("-smoke")
    remarks = docs / "results" / f"{part}.remarks.md"
    if remarks.exists():
        text += "\n" + remarks.read_text().strip() + "\n"
    return text + f"\nEvery value: [results/{result['name']}.csv](results/{result['name']}.csv)\n"


def main(folder, docs):
    folder, docs = Path(folder), Path(docs)
    kept = docs / "results"
    kept.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.*"):
        if path.suffix in (".csv", ".json", ".svg", ".png"):
            shutil.copy(path, kept)
    results = parts(kept)
    results = [result for result in results if result["size"] != "smoke"] or results
    if not results:
        sys.exit(f"bench-report: no results in {folder}; make bench makes them")
    (docs / "RESULTS.md").write_text(HEAD + "".join(section(result, docs) for result in results))
    print(f"{docs}/RESULTS.md of {', '.join(result['name'] for result in results)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
