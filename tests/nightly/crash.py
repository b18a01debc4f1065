#!/usr/bin/python3
"""Runs the crash tests as often as a night allows, and notes in docs/crash.md what became of them.

  tests/nightly/crash.py [--times N] [--seed N] [--build DIR] [TEST…]

Each test is run as ctest would run it, but for its knob and without its limit of time: --times kills and power cuts (500) in all, every call
that can fail or be killed at. Ends with 1 when one of them fails; what it said is shown, and --seed runs the same again.
"""
import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import time

from reports import ROOT, table_in, write_table

RECORD = ROOT / "docs/crash.md"
HEAD = "| by night | how often | seed | commit | day | outcome |"
KINDS_OF_DISKS = 5
KILLS_AT_ONCE = 50


@dataclasses.dataclass(frozen=True)
class Torment:
    """What makes a test run for long: the environment, in words how often it does what it does, and how often it is run, each time with the
    next seed. After each kill everything is looked at, so that few long runs would take longer than many short ones."""
    environment: dict
    words: str
    runs: int = 1


def torments(times):
    each = -(-times // KINDS_OF_DISKS)
    runs = -(-times // KILLS_AT_ONCE)
    return {
        "kill_test": Torment({"FERMO_KILL_CYCLES": str(KILLS_AT_ONCE)}, f"{runs * KILLS_AT_ONCE:,} kills of the server", runs),
        "power_cut_disks": Torment({"FERMO_DISK_CUTS": str(each)}, f"{each * KINDS_OF_DISKS:,} power cuts"),
        "fetch_kill": Torment({"FERMO_KILL_CYCLES": str(each)}, f"{each:,} kills for each way to fetch"),
        "fetch_kill_points": Torment({"FERMO_KILL_POINTS": "all"}, "a kill at every call"),
        "fetch_lost_octets": Torment({"FERMO_LOST_OCTETS": "all"}, "octets lost at every sync"),
        "backup_test": Torment({"FERMO_KILL_POINTS": "all"}, "a kill at every call"),
        "faults": Torment({"FERMO_FAULTS": "all"}, "every call that can fail"),
    }


class Record:
    """The table in docs/crash.md: of each test its last run."""

    def __init__(self, path=RECORD):
        self.path = path
        self.rows = dict(re.findall(r"^\| `(\w+)` (\|.*)$", table_in(path.read_text(), HEAD), re.MULTILINE))

    def note(self, test, *cells):
        self.rows[test] = "| " + " | ".join(map(str, cells)) + " |"
        rows = (f"| `{name}` {row}" for name, row in sorted(self.rows.items()))
        write_table(self.path, HEAD, [HEAD, "| --- | --- | --- | --- | --- | --- |", *rows])


def properties_of(build, test):
    """Its command and environment, as the build has them."""
    said = subprocess.run(["ctest", "--test-dir", build, "-R", f"^{test}$", "--show-only=json-v1"], check=True, capture_output=True, text=True)
    found = [one for one in json.loads(said.stdout)["tests"] if one.get("command")]
    if not found:
        sys.exit(f"{test} is not built in {build}; tools/build release does it")
    properties = {one["name"]: one["value"] for one in found[0]["properties"]}
    return found[0]["command"], dict(one.split("=", 1) for one in properties.get("ENVIRONMENT", [])), properties.get("WORKING_DIRECTORY")


def run(build, test, torment, seed):
    """Whether it passed, and what it said: of the run that failed, or of the last one."""
    command, environment, folder = properties_of(build, test)
    for number in range(torment.runs):
        variables = {**os.environ, **environment, **torment.environment, "FERMO_SEED": str(seed + number)}
        done = subprocess.run(command, env=variables, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        if done.returncode != 0 or "skipped" in done.stdout.rpartition("Ran ")[2]:
            return False, done.stdout
    return True, done.stdout


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--times", type=int, default=500, help="kills, and power cuts")
    arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    arguments.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    arguments.add_argument("tests", nargs="*", metavar="TEST")
    options = arguments.parse_args()
    known = torments(options.times)
    if unknown := set(options.tests) - set(known):
        arguments.error(f"no such test: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], check=True, capture_output=True, text=True).stdout.strip()
    record = Record()
    failed = []
    for test in options.tests or known:
        begun = time.monotonic()
        passed, said = run(options.build, test, known[test], options.seed)
        minutes = round((time.monotonic() - begun) / 60)
        print(f"==> {test}, seed {options.seed}: {'passed' if passed else 'FAILED'}\n{said[-3000 if passed else -20000:]}", flush=True)
        took = f"{minutes} min" if minutes else "less than a minute"
        outcome = "nothing lost, nothing doubled" if passed else "**failed**"
        record.note(test, known[test].words, options.seed, f"`{commit}`", datetime.date.today(), f"{outcome}, {took}")
        if not passed:
            failed.append(test)
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
