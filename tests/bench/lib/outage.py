#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a receiver's diary (xfer receive --series) says of an event in mid-transfer.

usage: outage.py SERIES CLIENT EVENT MEND       (moments in seconds since 1970)

Prints JSON: before_mbit, during_mbit (event to mend), below_s (how long after the event the rate was below half
of before), pause_s (longest time after the event without a byte), at_s (the event, in seconds of the transfer), and
curves {"total", "direct", "detour"}: points [s, Mbit/s]. "total" and all figures are what the application got, in order;
"direct" and "detour" what the subflows carried. CLIENT is the address that the direct subflow comes from.
"""
import json
import sys

STEP_S = 0.2  # of rates; the diary is finer


def read(path):
    lines = []
    with open(path, encoding="ascii") as file:
        for line in file:
            if line.endswith("}\n"):
                lines.append(json.loads(line))
    if len(lines) < 3:
        sys.exit(f"outage: {path} has only {len(lines)} lines")
    return lines


def is_direct(subflow, client):
    return subflow["remote"].rsplit(":", 1)[0].strip("[]") == client


def carried(lines, client):
    """(at, total, direct, detour) in bytes since the begin; a subflow that has gone keeps what it carried."""
    kept, rows = {}, []
    for line in lines:
        for subflow in line["subflows"]:
            kept[subflow["local"], subflow["remote"]] = (is_direct(subflow, client), subflow["received"])
        rows.append((line["at"], line["bytes"], sum(n for direct, n in kept.values() if direct),
                     sum(n for direct, n in kept.values() if not direct)))
    return rows


def at_moment(rows, moment, column):
    """A count at a moment, between two lines."""
    previous = rows[0]
    for row in rows:
        if row[0] >= moment:
            span = row[0] - previous[0]
            return previous[column] + (row[column] - previous[column]) * ((moment - previous[0]) / span if span else 0)
        previous = row
    return rows[-1][column]


def mbit(rows, begin, end, column=1):
    return (at_moment(rows, end, column) - at_moment(rows, begin, column)) * 8e-6 / (end - begin)


def steps(begin, end):
    """The steps of that time that are whole."""
    count = int((end - begin) / STEP_S)
    return [(begin + n * STEP_S, begin + (n + 1) * STEP_S) for n in range(count)]


def longest_pause(rows, begin):
    longest, last = 0.0, begin
    for before, row in zip(rows, rows[1:]):
        if row[0] < begin or row[1] == before[1]:
            continue
        longest = max(longest, row[0] - last)
        last = row[0]
    return max(longest, rows[-1][0] - last)


def curves(rows):
    begin = rows[0][0]
    return {name: [[round((a + b) / 2 - begin, 3), round(mbit(rows, a, b, column), 3)] for a, b in steps(begin, rows[-1][0])]
            for column, name in ((1, "total"), (2, "direct"), (3, "detour"))}


def figures(rows, event, mend):
    begin, end = rows[0][0], rows[-1][0]
    before = mbit(rows, begin + (event - begin) * 0.4, event)  # the start is slow
    below = sum(b - a for a, b in steps(event, end) if mbit(rows, a, b) < before / 2)
    return {"before_mbit": before, "during_mbit": mbit(rows, event, min(mend, end)), "below_s": round(below, 3),
            "pause_s": round(longest_pause(rows, event), 3), "at_s": event - begin}


def main(series, client, event, mend):
    rows = carried(read(series), client)
    if not rows[0][0] < float(event) < rows[-1][0]:
        sys.exit("outage: the event was not in mid-transfer")
    print(json.dumps({**figures(rows, float(event), float(mend)), "curves": curves(rows)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
