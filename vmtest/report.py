# SPDX-License-Identifier: BSD-2-Clause
"""What came out: TAP as it comes, a matrix of kernels and tests at the end, JUnit beside it."""
import re
import xml.etree.ElementTree as xml

NO_XML = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd]")  # what XML cannot hold
WORDS = {"pass": "ok", "fail": "FAIL", "skip": "skip"}


class Tap:
    """One stream a kernel."""

    def __init__(self, kernel, accel, why):
        self.count = 0
        print(f"\n# kernel {kernel.name} ({accel}: {why})", flush=True)

    def result(self, result):
        for case in result.cases:
            self.count += 1
            word = "not ok" if case.outcome == "fail" else "ok"
            skip = f" # SKIP {case.reason}" if case.outcome == "skip" else ""
            print(f"{word} {self.count} - {result.test}: {case.name}{skip}")
            if case.outcome == "fail":
                for note in ([case.reason] if case.reason else []) + case.notes:
                    print(f"# {note}")
        print(f"# {result.test}: {result.seconds} s", flush=True)

    def end(self):
        print(f"1..{self.count}", flush=True)


def cell(result):
    """ "ok 12" or "FAIL 2/12": cases that failed, of all."""
    if result is None:
        return "-"
    if result.outcome == "fail":
        return f"FAIL {result.count('fail')}/{len(result.cases)}"
    return f"{WORDS[result.outcome]} {result.count('pass')}" if result.count("pass") else "skip"


def reason(case):
    """In a line."""
    return case.reason or "".join(case.notes[:1])[:150]


def matrix(kernels, results):
    """A row a test, a column a kernel; below it each reason for what is not ok."""
    names = list(dict.fromkeys(name for each in results.values() for name in each))
    width = max([len(name) for name in names] + [4]) + 2
    columns = [max(len(kernel.release), 10) + 2 for kernel in kernels]
    lines = ["test".ljust(width) + "".join(kernel.release.ljust(n) for kernel, n in zip(kernels, columns))]
    for name in names:
        cells = [cell(results[kernel.name].get(name)) for kernel in kernels]
        lines.append(name.ljust(width) + "".join(text.ljust(n) for text, n in zip(cells, columns)))
    lines = [line.rstrip() for line in lines]
    for kernel in kernels:
        for result in results[kernel.name].values():
            lines += [": ".join(filter(None, [kernel.release, result.test, case.name,
                                              WORDS[case.outcome], reason(case)]))
                      for case in result.cases if case.outcome != "pass" or case.reason]
    return "\n".join(lines)


def junit(kernels, results, path):
    """A test suite a kernel; JUnit's schema as Jenkins and GitLab read it."""
    top = xml.Element("testsuites", name="vmtest")
    for kernel in kernels:
        each = results[kernel.name].values()
        suite = xml.SubElement(
            top, "testsuite", name=kernel.release,
            tests=str(sum(len(result.cases) for result in each)),
            failures=str(sum(result.count("fail") for result in each)),
            skipped=str(sum(result.count("skip") for result in each)),
            time=str(sum(result.seconds for result in each)))
        for result in each:
            for case in result.cases:
                add_case(suite, result, case)
    xml.indent(top)
    xml.ElementTree(top).write(path, encoding="unicode", xml_declaration=True)


def add_case(suite, result, case):
    element = xml.SubElement(suite, "testcase", classname=result.test, name=case.name)
    if case.outcome == "fail":
        failure = xml.SubElement(element, "failure", message=NO_XML.sub("?", reason(case) or case.name))
        failure.text = NO_XML.sub("?", "\n".join(case.notes))
    elif case.outcome == "skip":
        xml.SubElement(element, "skipped", message=case.reason)


def totals(results):
    all_results = [result for each in results.values() for result in each.values()]
    return tuple(sum(result.count(outcome) for result in all_results) for outcome in WORDS)
