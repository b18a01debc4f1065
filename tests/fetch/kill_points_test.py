#!/usr/bin/python3
"""Kills `fermo fetch` at each call by which it changes a file or speaks to the network, one after the other; then a run is let
through. However far the first one came, every message is there once, octet for octet, and the server holds what it should.

By default some of the points are tried, others at each run; FERMO_KILL_POINTS=all tries all of them.
"""
import collections
import concurrent.futures
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "support")]
import fetching  # noqa: E402
from fermo_process import Fermo  # noqa: E402
from fetching import Fetcher, maildir, mbox, message  # noqa: E402
from scripted_server import ScriptedServer  # noqa: E402
from scripted_smtp import ScriptedSmtp  # noqa: E402

LIBRARY = os.environ.get("FERMO_KILL_LIBRARY", "")
EVERY_POINT = os.environ.get("FERMO_KILL_POINTS") == "all"
SEED = int(os.environ.get("FERMO_SEED", random.SystemRandom().randrange(2**32)))

EARLIER = [(f"uid-{n}", message(n, 700)) for n in range(2)]
LATER = [(f"uid-{n}", message(n, size)) for n, size in ((2, 0), (3, 90_000), (4, 3_000))]


class Maildir:
    """A target in the account's folder, which is put back to what it was before each run."""

    doubles = 0  # messages that may be there twice, since nobody can know
    points_tried = 24  # of each kind of run

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def prepare(self, folder):
        """Makes what must be there before the first run."""

    def keep(self):
        """What is there now is what runs begin with."""

    def begin(self):
        """As it was before the run, as far as it is not in the folder."""

    def to(self, folder):
        return f"maildir:{folder / 'mail'}"

    def options(self, _):
        return []

    def read(self, folder):
        """The messages in the form of POP3."""
        return maildir(folder / "mail")


class Mbox(Maildir):
    def to(self, folder):
        return f"mbox:{folder / 'mbox'}"

    def read(self, folder):
        return mbox(folder / "mbox")


class Maildrop(Maildir):
    points_tried = 12

    def prepare(self, folder):
        Fermo(folder).add_user("bob", "bob's")

    def to(self, _):
        return "maildrop:bob"

    def options(self, folder):
        return ["--data", str(folder / "data")]

    def read(self, folder):
        holder = Fermo(folder)
        listed = json.loads(holder.run("drop", "list", "bob", "--json").stdout)
        return [holder.run("drop", "show", "bob", str(one["number"])).stdout for one in listed]


class Smtp(Maildir):
    """The message whose 250 the run did not live to record is given again; there is one at most."""

    doubles = 1
    points_tried = 12

    def __init__(self):
        self.server, self.kept = ScriptedSmtp(), []

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *_):
        self.server.__exit__()

    def keep(self):
        self.kept = list(self.server.messages)

    def begin(self):
        self.server.messages[:] = self.kept

    def to(self, _):
        return f"smtp://127.0.0.1:{self.server.port}/ann@example.test"

    def read(self, _):
        return [content for _, _, content in self.server.messages]


TARGETS = {"maildir": Maildir, "mbox": Mbox, "maildrop": Maildrop, "smtp": Smtp}


class Trial:
    """One account in a state of its own, again and again: its server, and the run that is to be killed. That is the first one,
    a later one, or the first one of this version, which takes over what an earlier one recorded."""

    targets = TARGETS
    ends_with = -signal.SIGKILL

    def __init__(self, folder, target, mode, kind):
        self.folder, self.mode, self.kind = folder, mode, kind
        self.first = kind == "first"
        self.target = self.targets[target]()
        self.server = ScriptedServer()
        self.before = folder / "before"
        self.account = folder / "account"
        self.log = folder / "log"
        self.killed = 0

    def __enter__(self):
        self.server.__enter__()
        self.target.__enter__()
        self.before.mkdir(parents=True)
        self.target.prepare(self.before)
        if not self.first:
            self.begin()
            self.server.messages = list(EARLIER)
            self.fetcher().run(self.mode)
            if self.kind == "upgraded":
                fetching.as_earlier_version_left(self.account / "state")
            shutil.rmtree(self.before)
            self.account.rename(self.before)
        self.target.keep()
        return self

    def __exit__(self, *_):
        self.target.__exit__()
        self.server.__exit__()

    def fetcher(self):
        return Fetcher(self.account, f"pop3://127.0.0.1:{self.server.port}", target=self.target.to(self.account),
                       options=["--allow-plaintext", *self.target.options(self.account)])

    def begin(self):
        """As it was before the run."""
        shutil.rmtree(self.account, ignore_errors=True)
        shutil.copytree(self.before, self.account)
        self.target.begin()
        self.server.messages = [*(EARLIER if self.mode == "keep" or self.first else []), *LATER]

    def orders(self, point, torn):
        return {"LD_PRELOAD": LIBRARY, "FERMO_KILL_AT": str(point), "FERMO_KILL_TORN": str(int(torn)), "FERMO_KILL_LOG": str(self.log)}

    def run_until(self, point, torn):
        """Returns the code that it ended with."""
        sanitizer = os.environ.get("ASAN_OPTIONS", "")
        environment = {**os.environ, **self.orders(point, torn), "ASAN_OPTIONS": sanitizer + ":verify_asan_link_order=0"}
        done = subprocess.run(self.fetcher().command(self.mode), env=environment, capture_output=True, text=True, timeout=120)
        return done.returncode

    def points(self):
        """How many there are in a run that nothing kills."""
        self.begin()
        code = self.run_until(0, False)
        count, _, ended = self.log.read_text().partition(" ")
        assert (code, ended) == (fetching.OK, "exit\n"), (code, ended)
        return int(count)

    def check(self, point, torn):
        """Nothing, or what is wrong after that point."""
        self.begin()
        code = self.run_until(point, torn)
        self.killed += code == self.ends_with
        where = f"point {point}, {self.log.read_text().strip()}{', torn' if torn else ''}"
        if code not in (self.ends_with, fetching.OK):
            return f"{where}: ended with {code}"
        try:
            self.fetcher().run(self.mode)
            again = self.fetcher().run(self.mode)
        except AssertionError as error:
            return f"{where}: {error}"
        problems = []
        if again["fetched"] != 0:
            problems.append(f"{again['fetched']} fetched by a third run")
        expected = collections.Counter(content for _, content in EARLIER + LATER)
        there = collections.Counter(self.target.read(self.account))
        if there.keys() != expected.keys() or (there - expected).total() > self.target.doubles:
            problems.append(f"{there.total()} messages are there, or others than were sent")
        if self.server.messages != ([] if self.mode == "delete" else EARLIER + LATER):
            problems.append(f"the server holds {len(self.server.messages)} messages")
        return f"{where}: {'; '.join(problems)}" if problems else None


def points_to_try(count, tried, draw):
    """Pairs of a point and whether a write is torn there. The last one lies behind the end of the run."""
    if EVERY_POINT:
        return [(point, torn) for point in range(1, count + 2) for torn in (False, True)]
    stride = max(1, -(-count // tried))
    return [(min(point + draw.randrange(stride), count), draw.random() < 0.5) for point in range(1, count + 1, stride)]


def torment(folder, target, mode, kind):
    """Returns what went wrong, at how many points it was killed, and how many there are."""
    draw = random.Random(f"{SEED} {target} {mode} {kind}")
    with Trial(folder, target, mode, kind) as trial:
        count = trial.points()
        wrong = [problem for point, torn in points_to_try(count, trial.target.points_tried, draw) if (problem := trial.check(point, torn))]
        return wrong, trial.killed, count


@unittest.skipUnless(LIBRARY, "FERMO_KILL_LIBRARY does not name the library of kill_points.cc")
class KillPointsTest(unittest.TestCase):
    def test_killed_at_any_point_a_fetch_is_exactly_once(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="fermo-kill-points-"))
        self.addCleanup(shutil.rmtree, folder)
        kinds = [(target, mode, kind) for target in TARGETS for mode in ("delete", "keep") for kind in ("first", "later")]
        kinds += [("maildir", mode, "upgraded") for mode in ("delete", "keep")]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            runs = {kind: pool.submit(torment, folder / "-".join(map(str, kind)), *kind) for kind in kinds}
        for kind, run in runs.items():
            with self.subTest(target=kind[0], mode=kind[1], run=kind[2]):
                wrong, killed, count = run.result()
                self.assertEqual(wrong, [], f"seed {SEED}")
                self.assertGreater(killed, TARGETS[kind[0]].points_tried // 2)
                print(f"{kind[0]}, {kind[1]}, {kind[2]} run: killed {killed} times at {count} points")


if __name__ == "__main__":
    unittest.main(verbosity=2)
