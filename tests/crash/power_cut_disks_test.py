#!/usr/bin/python3
"""Cuts the power of the disks under the built program at random instants: what was not flushed is lost, in part, or torn. After
every cut, over ext4 and over xfs, with everything on one disk and with mail, state and targets each on their own, and in a folder
that keeps no more than the letter of POSIX demands:

  * an acknowledged message is there once, octet for octet; an acknowledged deletion stays done; nothing is half done;
  * a unique-id means what it meant;
  * the password file is the last version that was acknowledged, or one that was being written, as a whole;
  * after the next run every fetched message is in its target once and in the archive, and the server holds what it should.

FERMO_DISK_CUTS is how many cuts there are of each of the five kinds. Needs root, /dev/fuse and loop devices; skipped without.
"""
import os
import random
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from power_disks import missing, work_folder  # noqa: E402
from power_trial import STRICT, Trial, with_own_mounts  # noqa: E402

CUTS = int(os.environ.get("FERMO_DISK_CUTS", "8"))
SEED = int(os.environ.get("FERMO_SEED", random.SystemRandom().randrange(2**32)))
CUTS_A_GENERATION, GENERATIONS_MAX = 6, 8


class PowerCutTest(unittest.TestCase):
    def torment(self, kind, disks):
        why = missing(kind)
        if why:
            self.skipTest(why)
        draw = random.Random(f"{SEED} {kind} {disks}")
        cuts, acknowledged, slowest = 0, 0, 0.0
        while cuts < CUTS:
            with work_folder() as folder:
                trial = Trial(folder, kind, disks, draw.getrandbits(32))
                trial.prepare()
                for _ in range(GENERATIONS_MAX):
                    self.assertEqual(trial.generation(min(CUTS_A_GENERATION, CUTS - cuts - trial.cuts)), [])
                    if cuts + trial.cuts >= CUTS:
                        break
            cuts += trial.cuts
            acknowledged += trial.acknowledged
            slowest = max(slowest, trial.slowest_start)
        print(f"{kind} on {disks}: {cuts} cuts, {acknowledged} acknowledgements, first session after {slowest:.2f} s at most",
              flush=True)
        self.assertGreater(acknowledged, CUTS)

    def test_ext4_one_disk(self):
        self.torment("ext4", 1)

    def test_ext4_three_disks(self):
        self.torment("ext4", 3)

    def test_xfs_one_disk(self):
        self.torment("xfs", 1)

    def test_xfs_three_disks(self):
        self.torment("xfs", 3)

    def test_by_the_letter_of_posix(self):
        self.torment(STRICT, 1)


if __name__ == "__main__":
    with_own_mounts()
    print(f"FERMO_SEED={SEED}", flush=True)
    # Sockets that a failure leaves open are left to the collector.
    unittest.main(warnings="ignore")
