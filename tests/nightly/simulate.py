#!/usr/bin/python3
"""Runs the simulation over as many seeds as there is time for, and keeps a record of it in docs/crash.md.

  tests/nightly/simulate.py [--seeds N] [--hours H] [--jobs N] [--build DIR]

A row of the record has --seeds seeds (100,000), over as many nights as they take: each night goes on where the last one ended, and a full row is followed
by another with the seeds that come next. Ends with 1 when a seed fails, and says how to see it again.
"""
import argparse
import collections
import concurrent.futures
import datetime
import os
import pathlib
import re
import subprocess
import sys
import time

from reports import ROOT, table_in, write_table

RECORD = ROOT / "docs/crash.md"
HEAD = "| seeds | messages taken over | deletions confirmed | power cuts | while starting | kills | failed | commit | day |"
RULE = "| --- | ---: | ---: | ---: | ---: | ---: | --- | --- | --- |"
ROW = re.compile(r"^\| ([\d,]+)–([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)
COUNTS = ("messages", "deletions", "power-cuts", "while-starting", "kills")


class Row:
    """Seeds from `first` to `last`, and what came of them."""

    def __init__(self, first, last=None, counts=(0,) * len(COUNTS), failed=(), commit="", day=""):
        self.first, self.last, self.counts, self.failed, self.commit, self.day = first, first - 1 if last is None else last, list(counts), list(failed), commit, day

    @property
    def seeds(self):
        return self.last - self.first + 1

    def text(self):
        counts = " | ".join(f"{count:,}" for count in self.counts)
        return f"| {self.first:,}–{self.last:,} | {counts} | {', '.join(map(str, self.failed)) or 'none'} | {self.commit} | {self.day} |"

    @staticmethod
    def read(cells):
        first, last, *counts = (int(cell.replace(",", "")) for cell in cells[:7])
        failed = [] if cells[7] == "none" else [int(seed) for seed in cells[7].split(", ")]
        return Row(first, last, counts, failed, cells[8], cells[9])


class Record:
    def __init__(self, path=RECORD):
        self.path = path
        self.rows = [Row.read(cells) for cells in ROW.findall(table_in(path.read_text(), HEAD))]

    def row_for(self, seeds):
        """The one that is not full, or a new one."""
        if not self.rows or self.rows[-1].seeds >= seeds:
            self.rows.append(Row(self.rows[-1].last + 1 if self.rows else 1))
        return self.rows[-1]

    def write(self):
        write_table(self.path, HEAD, [HEAD, RULE, *(row.text() for row in self.rows)])


def run_slice(program, first, seeds):
    """What the program says, after which it may have ended with 0 or 1."""
    done = subprocess.run([program, "--first", str(first), "--seeds", str(seeds)], capture_output=True, text=True, errors="replace")
    if done.returncode not in (0, 1):
        sys.exit(f"{program} --first {first} --seeds {seeds} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def add_slice(row, said, seeds):
    """Takes what a slice said into its row; the seeds that failed in it."""
    last_line = said.rstrip().rpartition("\n")[2]
    counts = dict(re.findall(r"(\S+) (\d+)", last_line))
    row.last += seeds
    row.counts = [old + int(counts[name]) for old, name in zip(row.counts, COUNTS)]
    failed = [int(seed) for seed in re.findall(r"^FAILED seed (\d+):", said, re.MULTILINE)]
    row.failed += failed
    return failed


def simulate(options, record):
    """Slice after slice until the row is full or the time is up; the seeds that failed."""
    end = time.monotonic() + options.hours * 3600
    row = record.row_for(options.seeds)
    row.commit = "`" + subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], check=True, capture_output=True, text=True).stdout.strip() + "`"
    last = row.first + options.seeds - 1
    program = options.build / "tests/simulation/simulation"
    under_way, begins, failed = collections.deque(), row.last + 1, []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        while True:
            while len(under_way) < options.jobs and begins <= last and time.monotonic() < end:
                seeds = min(options.slice, last - begins + 1)
                under_way.append((seeds, pool.submit(run_slice, program, begins, seeds)))
                begins += seeds
            if not under_way:
                return failed
            seeds, slice_ = under_way.popleft()  # in their order, so that the record has no gaps
            said = slice_.result()
            failed += add_slice(row, said, seeds)
            row.day = datetime.date.today()
            record.write()
            print(f"{row.seeds:,} seeds, failed: {len(row.failed)}", "".join(f"\n{line}" for line in said.splitlines() if line.startswith("FAILED")), flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seeds", type=int, default=100_000, help="of one row of the record, with those of the nights before")
    arguments.add_argument("--hours", type=float, default=10.0, help="when to begin no further slice")
    arguments.add_argument("--slice", type=int, default=500, help="seeds between two entries in the record")
    arguments.add_argument("--jobs", type=int, default=os.cpu_count(), help="slices at once")
    arguments.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    options = arguments.parse_args()
    failed = simulate(options, Record())
    for seed in failed:
        print(f"see it again: {options.build / 'tests/simulation/simulation'} --seed {seed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
