#!/usr/bin/python3
"""Lets the disk lose what `fermo fetch` has written, at each sync of a file, one after the other (tests/crash/lose_octets.cc): that
sync fails, the next one would succeed. Then a run is let through. Every message is there once, octet for octet, and the server
holds what it should.

By default some of the syncs are tried, others at each run; FERMO_LOST_OCTETS=all tries all of them.
"""
import concurrent.futures
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "support")]
import fetching  # noqa: E402
from kill_points_test import SEED, TARGETS, Maildir, Trial  # noqa: E402

LIBRARY = os.environ.get("FERMO_LOSE_LIBRARY", "")
EVERY_SYNC = os.environ.get("FERMO_LOST_OCTETS") == "all"
SYNCS_TRIED = 12  # of each kind of run


class WithArchive(Maildir):
    def options(self, folder):
        return ["--archive", str(folder / "archive")]

    def read(self, folder):
        """Nothing when something is not in the archive."""
        copies = (folder / "archive").glob("????-??/*.eml.zst")
        kept = {subprocess.run(["zstd", "-dc", path], check=True, capture_output=True).stdout for path in copies}
        there = super().read(folder)
        return there if kept >= set(there) else []


KINDS = {"maildir": Maildir, "archive": WithArchive, "mbox": TARGETS["mbox"]}


class LossTrial(Trial):
    targets = KINDS
    ends_with = fetching.IO_ERROR

    def orders(self, point, _):
        return {"LD_PRELOAD": LIBRARY, "FERMO_LOSE_AT": str(point), "FERMO_LOSE_LOG": str(self.log)}

    def points(self):
        self.begin()
        code = self.run_until(1 << 40, False)  # 0 would not have what is written followed
        assert code == fetching.OK, code
        return int(self.log.read_text())


def torment(folder, target, mode, kind):
    """Returns what went wrong, how many runs failed, and how many were tried."""
    with LossTrial(folder, target, mode, kind) as trial:
        points = range(1, trial.points() + 1)
        if not EVERY_SYNC:
            points = sorted(random.Random(f"{SEED} {target} {mode} {kind}").sample(points, min(len(points), SYNCS_TRIED)))
        return [problem for point in points if (problem := trial.check(point, False))], trial.killed, len(points)


@unittest.skipUnless(LIBRARY, "FERMO_LOSE_LIBRARY does not name the library of lose_octets.cc")
class LostOctetsTest(unittest.TestCase):
    def test_what_a_disk_loses_at_any_sync_is_fetched_again(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="fermo-lost-octets-"))
        self.addCleanup(shutil.rmtree, folder)
        kinds = [(target, mode, kind) for target in KINDS for mode in ("delete", "keep") for kind in ("first", "later")]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            runs = {kind: pool.submit(torment, folder / "-".join(map(str, kind)), *kind) for kind in kinds}
        for kind, run in runs.items():
            with self.subTest(target=kind[0], mode=kind[1], run=kind[2]):
                wrong, failed, tried = run.result()
                self.assertEqual(wrong, [], f"seed {SEED}")
                self.assertGreaterEqual(failed, tried // 2)
                print(f"{kind[0]}, {kind[1]}, {kind[2]} run: {failed} of {tried} syncs that lost octets ended it")


if __name__ == "__main__":
    unittest.main(verbosity=2)
