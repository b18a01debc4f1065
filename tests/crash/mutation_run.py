#!/usr/bin/python3
"""Leaves out, one after the other, each call by which the program makes something durable, and shows whether the power cuts notice:
each fsync and fdatasync of a file or a folder, each rename and each link, wherever it is called from, in libraries too.

  mutation_run.py [--kind ext4|xfs|strict] [--disks N] [--generations N] [--cuts N] [SITE...]

Without sites those are tried that two generations of work meet. Where a folder is synced by several, and nobody notices that one of
them does not, all of them are left out. Prints a table; ends with 1 if something went unnoticed that is
not known to rest on nothing. FERMO_BINARY needs its symbols (any preset but release).
"""
import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, os.path.dirname(__file__))
from power_disks import FILE_SYSTEMS, WORK_FOLDER_PREFIX, work_folder  # noqa: E402
from power_trial import FAILURES, STRICT, Trial, with_own_mounts  # noqa: E402

LIBRARY = os.environ.get("FERMO_SKIP_LIBRARY", "")
HELPERS = re.compile(r"sync_folder|sync_if_possible|FileOps|FileReplacement|rocksdb::|std::|operator\(\)|Directory")
FOLDER = re.compile(r"f\w*sync (\S+/) for")

# Nothing that was promised rests on these: the site, as it is printed, and why.
NEEDLESS = {
    r"SetIdentityFile|store/IDENTITY": "RocksDB's name for a store, which is made anew",
    r"OPTIONS|RenameTempFileToOptionsFile": "RocksDB's note of its options, which the program does not read",
    r"state/fetch\.db-wal": "SQLite's log of an earlier version's ledger, whose file is synced too before anything is fetched",
    r"store/LOG": "RocksDB's log for people",
    r"fermo\.mark|make_mark": "tells whether a Maildir is that of the last run, and is made anew",
    r"link .*\.lock": "keeps other programs away while the mbox is written",
}


def environment(**variables):
    sanitizer = os.environ.get("ASAN_OPTIONS", "")
    return {"LD_PRELOAD": LIBRARY, "ASAN_OPTIONS": sanitizer + ":verify_asan_link_order=0", **variables}


def sites_met(kind, disks):
    with work_folder() as folder:
        path = os.path.join(folder, "sites")
        trial = Trial(folder, kind, disks, 1)
        trial.prepare()
        for _ in range(2):
            trial.do_work(environment(FERMO_SITES=path))
            last = trial.draw_cut()
            wrong, found = trial.try_cut(*last)
            assert not wrong, wrong
            trial.go_on_after(last, found)
        with open(path) as file:
            # The folder that the disks are mounted in is on none of them.
            return sorted(site for site in set(file.read().splitlines()) if f" {WORK_FOLDER_PREFIX}" not in site)


def noticed(skip, kind, disks, generations, cuts):
    """What noticed it, or nothing."""
    for seed in range(1, generations + 1):
        with work_folder() as folder:
            trial = Trial(folder, kind, disks, seed)
            trial.prepare()
            skipped = Path(folder) / "skipped"
            try:
                trial.do_work(environment(**skip, FERMO_SKIPPED=str(skipped),
                                          FERMO_POSITION=str(trial.disks.position_path)))
            except FAILURES as error:
                return f"seed {seed}, at once: {first_line(error)}"
            positions = list(map(int, skipped.read_text().split())) if skipped.exists() else []
            for number in range(1, cuts + 1):
                cut = draw_cut(trial, positions)
                wrong, _ = trial.try_cut(*cut)
                if wrong:
                    what = wrong[0].split(", seed ", 2)[-1].partition(": ")[2]
                    return f"seed {seed}, cut {number}: {first_line(what)}"
    return None


def draw_cut(trial, positions):
    """Mostly soon after a call was left out."""
    cut, loss, seed = trial.draw_cut()
    if positions and trial.random.random() < 0.7:
        cut = min(trial.random.choice(positions) + int(trial.random.expovariate(1 / 15)), len(trial.disks.log))
    return cut, loss, seed


def first_line(text):
    return re.sub(rf"(/dev/shm|/tmp)/{WORK_FOLDER_PREFIX}\w+/", "", str(text).strip().partition("\n")[0])[:110]


def readable(site):
    """With the names of the program's own functions in the place of their addresses."""
    call, _, addresses = site.partition(" for @")
    if not addresses:
        return without_namespaces(site)
    command = ["addr2line", "-Cfie", os.environ["FERMO_BINARY"], *("0x" + address for address in addresses.split("@"))]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[::2]
    names = [re.sub(r"\(anonymous namespace\)::|fermo::|\[abi.*?\]", "", line) for line in lines]
    names = [re.sub(r"\(.*|<.*", "", name) for name in names]
    name = next((name for name in names if not HELPERS.search(name)), names[-1])
    return call + " for " + without_namespaces(name)


def without_namespaces(name):
    return re.sub(r"\b[a-z_]+::", "", name)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--kind", choices=[*FILE_SYSTEMS, STRICT], default=STRICT)
    arguments.add_argument("--disks", type=int, default=3)
    arguments.add_argument("--generations", type=int, default=6)
    arguments.add_argument("--cuts", type=int, default=10)
    arguments.add_argument("--list", action="store_true", help="only say which sites there are")
    arguments.add_argument("site", nargs="*")
    given = arguments.parse_args()
    sites = given.site or sites_met(given.kind, given.disks)
    if given.list:
        print("\n".join(sites))
        return 0
    missed = 0
    for site in sites:
        name = readable(site)
        how = judge(site, name, given)
        missed += how is None
        print(f"| `{name}` | {how or 'not noticed'} |", flush=True)
    return 1 if missed else 0


def judge(site, name, given):
    """What noticed it, alone or because nobody else syncs the folder either; or why nothing can."""
    tried = given.kind, given.disks, given.generations, given.cuts
    if how := noticed({"FERMO_SKIP_SITE": site}, *tried):
        return how
    if why := next((why for pattern, why in NEEDLESS.items() if re.search(pattern, name)), None):
        return why
    folder = FOLDER.match(site)
    how = noticed({"FERMO_SKIP_FOLDER": folder[1]}, *tried) if folder else None
    return how and f"synced twice; without either, {how}"


if __name__ == "__main__":
    with_own_mounts()
    sys.exit(main())
