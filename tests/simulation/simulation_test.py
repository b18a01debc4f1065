#!/usr/bin/python3
"""The simulation of clients, network, server, store and disk: no seed breaks a promise, each replays, and the oracle is not blind.

FERMO_SEEDS says how many seeds to run (tests/nightly/simulation.py runs 100,000), FERMO_SEED with which to begin.
"""
import os
import re
import subprocess
import unittest

SIMULATION = os.environ["FERMO_SIMULATION"]
SEEDS = int(os.environ.get("FERMO_SEEDS", os.environ["FERMO_SEEDS_DEFAULT"]))
FIRST = int(os.environ.get("FERMO_SEED", 1))
MUTATIONS = ("not-synced", "acknowledged-too-early", "delivered-twice", "one-recipient-forgotten", "deletion-forgotten", "deletion-by-half",
             "deleted-without-quit", "another-message-deleted", "unique-ids-change", "octet-lost")
SEEDS_TO_NOTICE = 30


def simulate(*arguments):
    return subprocess.run([SIMULATION, *map(str, arguments)], capture_output=True, text=True, errors="replace", timeout=500)


class SimulationTest(unittest.TestCase):
    def test_no_promise_is_broken(self):
        done = simulate("--first", FIRST, "--seeds", SEEDS)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        counts = dict(re.findall(r"(\S+) (\d+)", done.stdout))
        self.assertEqual(int(counts["seeds"]), SEEDS)
        for what in ("messages", "deletions", "power-cuts", "while-starting", "kills"):
            self.assertGreater(int(counts[what]), SEEDS // 5, what)

    def test_a_seed_does_the_same_whenever_it_is_run(self):
        for seed in range(FIRST, FIRST + 5):
            first = simulate("--seed", seed)
            if "addresses" in first.stderr:
                self.skipTest(first.stderr)
            trace = first.stdout
            self.assertGreater(trace.count("\n"), 50)
            self.assertEqual(simulate("--seed", seed).stdout, trace)
            digest = re.search(r"digest (\w+)\n\Z", trace)[1]
            self.assertIn(f"digest {digest}\n", simulate("--first", seed, "--seeds", 1).stdout)

    def test_the_oracle_notices_each_mutation_and_the_seed_replays_it(self):
        for mutation in MUTATIONS:
            with self.subTest(mutation):
                done = simulate("--seeds", SEEDS_TO_NOTICE, "--mutation", mutation)
                self.assertEqual(done.returncode, 1, f"not noticed: {done.stdout}")
                seed, complaint = re.match(r"FAILED seed (\d+): (.*)\n", done.stdout).groups()
                again = simulate("--seed", seed, "--mutation", mutation).stdout
                self.assertIn(f"ORACLE: {complaint}\n", again)

    def test_every_mutation_is_tried(self):
        known = simulate("--seeds", 1, "--mutation", "no such").stderr
        self.assertEqual(sorted(known.split("NAME: ")[1].split()), sorted(MUTATIONS))


if __name__ == "__main__":
    unittest.main(verbosity=2)
