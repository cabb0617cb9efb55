# SPDX-License-Identifier: BSD-2-Clause
"""Pictures of a part's results, SVG and PNG, by gnuplot: one for each table with a chart, one for each set of curves."""
import csv
import shutil
import subprocess

COLOURS = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf"]
WIDTH, HEIGHT = 1100, 520  # pixels


def quote(text):
    """A string for gnuplot, taken as it is."""
    return "'" + str(text).replace("'", "''") + "'"


def data_block(name, lines):
    return f"${name} << END\n" + "\n".join(lines) + "\nEND\n"


def run(script, stem, height=HEIGHT):
    """The same script for both kinds of file. False: it did not work; gnuplot has said why."""
    for kind, terminal in (("svg", f"svg size {WIDTH},{height} dynamic background 'white' font 'sans,13'"),
                           ("png", f"pngcairo size {WIDTH},{height} background 'white' font 'sans,11'")):
        head = f"set terminal {terminal} noenhanced\nset output {quote(f'{stem}.{kind}')}\n"
        if subprocess.run(["gnuplot"], input=head + script, text=True, check=False).returncode:
            return False
    return True


def common(title, unit):
    return (f"set title {quote(title)}\nset ylabel {quote(unit)}\nset grid ytics lc rgb '#cccccc'\n"
            "set key outside right top vertical Left reverse\nset border 3\nset tics nomirror\nset yrange [0:*]\n")


def row_ticks(rows, places):
    """A tick's label is a printf format."""
    ticks = ", ".join(f"{quote(row.replace('%', '%%'))} {place:.4f}" for row, place in zip(rows, places))
    return f"set xtics ({ticks}) rotate by -25\n"


def group_place(row, column, columns):
    """Where a column's box stands: rows are 1 wide, with a gap between."""
    return row + (column - (columns - 1) / 2) * 0.8 / columns


def bars(table, _values):
    rows, columns = list(table["rows"]), table["columns"]
    script = common(table["title"], table["unit"]) + row_ticks(rows, range(len(rows)))
    script += f"set boxwidth {0.8 / len(columns):.4f}\nset style fill solid 0.8\nset bars small\nset xrange [-0.6:{len(rows) - 0.4}]\n"
    plots = []
    columns = [column for column in columns if any(column in cells for cells in table["rows"].values())]
    for number, column in enumerate(columns):
        cells = [(index, table["rows"][row].get(column)) for index, row in enumerate(rows)]
        script += data_block(f"d{number}", [
            f"{group_place(index, number, len(columns)):.4f} {cell['median']} {cell['min']} {cell['max']}"
            for index, cell in cells if cell])
        colour = COLOURS[number % len(COLOURS)]
        plots.append(f"$d{number} using 1:2 with boxes lc rgb '{colour}' title {quote(column)}")
        plots.append(f"$d{number} using 1:2:3:4 with yerrorbars lc rgb '#333333' pt 0 notitle")
    return script + "plot " + ", ".join(plots) + "\n"


def boxes(table, values):
    """A box plot of the trials; what was given once (a limit, a figure from elsewhere) becomes a mark."""
    rows, columns = list(table["rows"]), table["columns"]
    script = common(table["title"], table["unit"]) + row_ticks(rows, range(len(rows)))
    script += f"set style fill solid 0.5\nset style data boxplot\nset style boxplot nooutliers\nset xrange [-0.6:{len(rows) - 0.4}]\n"
    plots = []
    for number, column in enumerate(columns):
        colour = COLOURS[number % len(COLOURS)]
        title = f"title {quote(column)}"
        for index, row in enumerate(rows):
            trials = [value["value"] for value in values if value["table"] == table["name"]
                      and value["row"] == row and value["column"] == column]
            if not trials:
                continue
            name = f"d{number}_{index}"
            place = group_place(index, number, len(columns))
            script += data_block(name, [f"{place:.4f} {trial}" for trial in trials])
            style = f"with points pt 7 ps 0.9 lc rgb '{colour}'" if len(trials) < 3 else \
                f"with boxplot lc rgb '{colour}'"
            using = "1:2" if len(trials) < 3 else f"({place:.4f}):2:({0.7 / len(columns):.4f})"
            plots.append(f"${name} using {using} {style} {title}")
            title = "notitle"
    return script + "plot " + ", ".join(plots) + "\n"


def lines(table, _values):
    """Rows are numbers: what grows with what, both on logarithmic scales."""
    script = common(table["title"], table["unit"]) + "set logscale xy\nset yrange [*:*]\nset grid\n"
    plots = []
    for number, column in enumerate(table["columns"]):
        points = sorted((float(row), cells[column]["median"]) for row, cells in table["rows"].items()
                        if column in cells and cells[column]["median"] > 0)  # the axes are logarithmic
        if not points:
            continue
        script += data_block(f"d{number}", [f"{x} {y}" for x, y in points])
        plots.append(f"$d{number} using 1:2 with linespoints pt 7 lw 2 lc rgb '{COLOURS[number % len(COLOURS)]}' "
                     f"title {quote(column)}")
    return script + "plot " + ", ".join(plots) + "\n"


def curves_across(runs):
    """Panels side by side."""
    return 1 if len(runs) < 6 else 2


def curves(title, unit, runs):
    """A panel a run, a line a series: {run: {series: [(x, y)]}}."""
    across = curves_across(runs)
    script = f"set multiplot layout {-(-len(runs) // across)},{across} title {quote(title)}\n"
    for panel, (run_name, series) in enumerate(runs.items()):
        script += common(run_name, unit) + "set xlabel 's'\nset xrange [0:*]\n"
        plots = []
        for number, (name, points) in enumerate(series.items()):
            script += data_block(f"p{panel}_{number}", [f"{x} {y}" for x, y in points])
            plots.append(f"$p{panel}_{number} using 1:2 with lines lw 2 lc rgb '{COLOURS[number % len(COLOURS)]}' "
                         f"title {quote(name)}")
        script += "plot " + ", ".join(plots) + "\n"
    return script + "unset multiplot\n"


CHARTS = {"bars": bars, "boxes": boxes, "lines": lines}


def read_series(path):
    """{table: {run: {series: [(x, y)]}}} of lines "table,run,series,x,y"."""
    tables = {}
    with path.open(newline="") as file:
        for table, run_name, series, x, y in csv.reader(file):
            tables.setdefault(table, {}).setdefault(run_name, {}).setdefault(series, []).append((x, y))
    return tables


def draw(result, values, series, folder):
    """Draws what there is to draw; says what it has drawn."""
    if not shutil.which("gnuplot"):
        return "no pictures: gnuplot is missing (Debian's gnuplot-nox)"
    drawn = []
    for table in result["tables"]:
        stem = folder / f"{result['name']}-{table['name']}"
        if table["chart"] in CHARTS and table["rows"]:
            if run(CHARTS[table["chart"]](table, values), stem):
                drawn.append(stem.name)
    for name, runs in read_series(series).items():
        stem = folder / f"{result['name']}-{name}"
        titles = {table["name"]: (table["title"], table["unit"]) for table in result["tables"]}
        if run(curves(*titles.get(name, (name, "")), runs), stem, 220 * -(-len(runs) // curves_across(runs)) + 60):
            drawn.append(stem.name)
    result["pictures"] = drawn
    return "pictures " + ", ".join(drawn) + " (.svg, .png)" if drawn else "no pictures"
