#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes results of what a part has measured: NAME.csv (every value), NAME.json (medians, ratios, machine), pictures.

usage: results.py WORK RESULTS NAME      called by bench.sh when a part ends
"""
import csv
import json
import os
import platform
import re
import shutil
import statistics
import sys
from pathlib import Path

import plot


def read_meta(path):
    """The part's words about itself; some words come several times."""
    meta = {"table": [], "columns": [], "missing": [], "note": []}
    for line in path.read_text().splitlines():
        key, _, value = line.partition("\t")
        if isinstance(meta.get(key), list):
            meta[key].append(value)
        else:
            meta[key] = value
    return meta


def read_values(path):
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["value"], row["trial"] = float(row["value"]), int(row["trial"])
    return rows


def unique(items):
    return list(dict.fromkeys(items))


def figure(values):
    numbers = [value["value"] for value in values]
    return {"median": statistics.median(numbers), "min": min(numbers), "max": max(numbers),
            "trials": len(numbers), "unit": values[0]["unit"]}


def ratio(values, base):
    """The median of each trial's own ratio: what was measured one after the other is compared. What is no measurement, a
    limit, is there once, for all trials."""
    other = {value["trial"]: value["value"] for value in base}
    if len(base) == 1:
        other = {value["trial"]: base[0]["value"] for value in values}
    pairs = [value["value"] / other[value["trial"]] for value in values if other.get(value["trial"])]
    return statistics.median(pairs) if pairs else None


def make_table(words, columns, values):
    """`columns` are those that a part has declared: what was not measured is missed."""
    name, chart, unit, against, title = words.split("\t")
    values = [value for value in values if value["table"] == name]
    cells = {}
    for value in values:
        cells.setdefault((value["row"], value["column"]), []).append(value)
    table = {"name": name, "title": title, "chart": chart, "unit": unit, "against": against,
             "columns": unique(columns + [value["column"] for value in values]), "rows": {}}
    for (row, column), cell in cells.items():
        entry = table["rows"].setdefault(row, {})
        entry[column] = figure(cell)
        base = cells.get((row, against))
        if base and column != against:
            entry[column]["ratio"] = ratio(cell, base)
    return table


def machine():
    cpu = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    memory = re.search(r"^MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(), re.M)
    release = {}
    if Path("/etc/os-release").exists():
        release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    hypervisor = " hypervisor" in Path("/proc/cpuinfo").read_text()
    return {"cpu": cpu.group(1) if cpu else platform.machine(), "cores": os.cpu_count(),
            "memory_gib": round(int(memory.group(1)) / 2**20, 1), "virtual": hypervisor,
            "kernel": platform.release(), "system": release.get("PRETTY_NAME", "").strip('"')}


def declared(columns, words):
    """The columns declared for a table."""
    found = columns.get(words.split("\t")[0])
    return found.split("\t") if found else []


def make_result(name, meta, values):
    missing = [dict(zip(("what", "why"), words.split("\t"))) for words in meta["missing"]]
    columns = dict(words.rstrip("\t").split("\t", 1) for words in meta["columns"])
    return {"name": name, "title": meta["title"], "command": meta["command"], "date": meta["date"],
            "size": meta["size"], "seconds": int(meta["seconds"]), "whole": meta["whole"] == "1",
            "commit": meta["commit"], "machine": machine(), "missing": missing, "notes": meta["note"],
            "tables": [make_table(words, declared(columns, words), values) for words in meta["table"]]}


def tables_with_rows(result):
    """A table without a row is there for its curves, or ROWS= left it out."""
    return [table for table in result["tables"] if table["rows"]]


def table_text(table):
    """The medians for a terminal; behind them the ratio to the column AGAINST."""
    unit = f" ({table['unit']})" if table["unit"] else ""
    lines = [[table["title"] + unit, *table["columns"]]]
    for row, cells in table["rows"].items():
        lines.append([row, *(cell_text(cells.get(column)) for column in table["columns"])])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join([line[0].ljust(widths[0])] + [word.rjust(width) for word, width in
                                                          zip(line[1:], widths[1:])]) for line in lines)


def number_text(number):
    """Three digits that count."""
    if number == 0:
        return "0"
    if abs(number) >= 100:
        return f"{number:.0f}"
    return f"{number:.3g}" if abs(number) < 10 else f"{number:.1f}"


def cell_text(cell):
    if not cell:
        return "-"
    text = number_text(cell["median"])
    return text + (f" ({cell['ratio']:.2f})" if cell.get("ratio") is not None else "")


def write_json(folder, name, result):
    (folder / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")


def main(work, folder, name):
    work, folder = Path(work), Path(folder)
    values, meta = read_values(work / "csv"), read_meta(work / "meta")
    if meta["whole"] != "1":
        name += "-partial"  # beside what an earlier run may have measured whole
    result = make_result(name, meta, values)
    shutil.copy(work / "csv", folder / f"{name}.csv")
    series = work / "series"
    if series.stat().st_size:
        shutil.copy(series, folder / f"{name}-series.csv")
    write_json(folder, name, result)  # first: a picture may fail
    drawn = plot.draw(result, values, series, folder)
    write_json(folder, name, result)
    for table in tables_with_rows(result):
        print(table_text(table), end="\n\n")
    for missing in result["missing"]:
        print(f"missing: {missing['what']}: {missing['why']}")
    for note in result["notes"]:
        print(f"note: {note}")
    if not result["whole"]:
        print("The part ended early: the tables hold what it had measured by then.")
    print(f"{folder}/{name}.csv and .json, {drawn}")


if __name__ == "__main__":
    main(*sys.argv[1:])
