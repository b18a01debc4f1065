#!/usr/bin/python3
"""`fermo fetch` against mpop, fetchmail and getmail6, on this machine, in one run.

    bench/fetch/compare.py [--binary build/release/fermo] [--messages 10000] [--small 1000] [--held 100000] [--json FILE]

All fetch the same mail from the same Dovecot, over TLS, into a Maildir, through a proxy that stands for the distance: round trips of
0 (without the proxy), 20 and 100 ms, and a line of --megabits. First "keep" (first run: everything is new), then "delete". Where there
is a distance, a program that waits for every message fetches only --sample of them, and the time is extrapolated from two samples of
different size; the table marks it with "~". What the disk alone takes is told too. Then polls of a maildrop in which everything is known already: time, octets, round trips.

Needs Debian's dovecot-pop3d, mpop, fetchmail, getmail6 and courier-base, and root (Dovecot changes users). Only the ratios mean anything
elsewhere.
"""
import argparse
import ctypes
import json
import math
import os
import pathlib
import poplib
import random
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/fetch")]
import clients  # noqa: E402
from servers import dovecot  # noqa: E402

poplib._MAXLINE = 1 << 20
ROUND_TRIPS_MILLISECONDS = (0, 20, 100)
MODES = ("keep", "delete")
SLOW = {"fetchmail", "getmail6"}  # a round trip or more for every message
GOAL_ROUND_TRIPS, GOAL_FACTOR = 6, 1.3

# Octets at these shares of all messages, in mail of our days: mostly HTML, some with attachments. The mean is about 37 kB.
SIZES = ((0, 900), (0.1, 4_000), (0.5, 18_000), (0.9, 53_000), (0.99, 392_000), (0.999, 1_750_000), (1, 3_200_000))


def realistic_octets(rng):
    share = rng.random()
    for (low, from_octets), (high, to_octets) in zip(SIZES, SIZES[1:]):
        if share <= high:
            return int(math.exp(math.log(from_octets) + (math.log(to_octets) - math.log(from_octets)) * (share - low) / (high - low)))
    raise AssertionError


def message(rng, number, octets):
    head = (f"Received: from a.example by b.example; Mon, 2 Jan 2034 10:00:00 +0000\nMessage-ID: <{number}.{rng.getrandbits(64):x}@example.test>\n"
            f"From: Ann <ann@example.test>\nTo: Bob <bob@example.test>\nSubject: number {number}\n\n")
    lines = [f"{rng.getrandbits(300):075x}\n" for _ in range(50)]
    body = "".join(lines[i % 50] for i in range(max(0, octets - len(head)) // 76))
    return (head + body).encode()


class Dovecot(dovecot.Dovecot):
    """Gives each user a Maildir of his own; messages are linked into it, so that the same mail is there for every run."""

    def start(self):
        dovecot.CONFIGURATION = dovecot.CONFIGURATION.replace("maildir:{folder}/mail", "maildir:{folder}/mail/%n")
        super().start()

    @property
    def maildir(self):
        return self.folder / "mail" / self.user

    def make(self, name, octets_of_each):
        rng, folder = random.Random(name), self.folder / "originals" / name
        folder.mkdir(parents=True)
        octets = 0
        for number, size in enumerate(octets_of_each):
            content = message(rng, number, size)
            octets += len(content) + content.count(10)  # CRLF on the line
            path = folder / f"{1_700_000_000 + number}.M{number}P1.here,S={len(content)},W={len(content) + content.count(10)}"
            path.write_bytes(content)
            os.chown(path, self.owner.pw_uid, self.owner.pw_gid)
        return octets

    def prepare(self, user, original, count=None):
        """Fills a maildrop and has Dovecot look at it once, so that no client pays for that."""
        self.user = user
        self.fill([])
        for path in sorted((self.folder / "originals" / original).iterdir(), key=lambda path: int(path.name.partition(".")[0]))[:count]:
            os.link(path, self.maildir / "new" / path.name)
        client = self.client()
        client._longcmd("UIDL")
        client._longcmd("LIST")
        client.quit()


class Proxy:
    def __init__(self, server_port, milliseconds, megabits, port=0):
        program = pathlib.Path(__file__).parent / "delaying_proxy.py"
        self.process = subprocess.Popen([sys.executable, *map(str, (program, server_port, milliseconds, megabits, port))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def counts(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Bench:
    def __init__(self, arguments, server, folder):
        self.arguments, self.server, self.folder = arguments, server, folder
        self.runs = 0
        self.results = []

    def proxy(self, distance, port=0):
        return Proxy(self.server.ports["pop3s"], distance, self.arguments.megabits if distance else 0, port)

    def client(self, kind, port, mode, original, count=None):
        self.runs += 1
        user = f"user{self.runs}"
        self.server.prepare(user, original, count)
        return kind(self.folder / user, port, user, self.server.password, self.server.certificate, mode)

    def fetch(self, kind, port, mode, original, count):
        """Nothing is removed before the end: where inodes have just been freed, ext4 makes new files ten times as slowly for minutes."""
        client = self.client(kind, port, mode, original, count)
        outcome = client.run()
        if outcome.messages != count:
            raise RuntimeError(f"{kind.name} fetched {outcome.messages} of {count}: {(client.folder / 'output').read_text()[-1000:]}")
        return outcome

    def measure(self, kind, distance, mode, original, count):
        """Milliseconds of a round trip may be 0: no proxy then. Gives the median of several runs, what goes into the table."""
        proxy = self.proxy(distance) if distance else None
        port = proxy.port if proxy else self.server.ports["pop3s"]
        sampled = bool(distance) and kind.name in SLOW and count > self.arguments.sample
        try:
            if not sampled:
                outcomes = [self.fetch(kind, port, mode, original, count) for _ in range(self.arguments.runs)]
                outcome = sorted(outcomes, key=lambda one: one.seconds)[len(outcomes) // 2]
                result = {"seconds": outcome.seconds, "cpu_seconds": outcome.cpu_seconds, "megabytes": outcome.resident_megabytes}
            else:
                less, more = self.arguments.sample // 4, self.arguments.sample
                first, outcome = (self.fetch(kind, port, mode, original, n) for n in (less, more))
                each = (outcome.seconds - first.seconds) / (more - less)
                result = {"seconds": outcome.seconds + each * (count - more), "megabytes": outcome.resident_megabytes, "extrapolated_from": more}
            if proxy:
                counts = proxy.counts()
                runs = 2 if sampled else self.arguments.runs
                result.update({name: count // runs for name, count in counts.items()})
        finally:
            if proxy:
                proxy.stop()
        result.update(client=kind.name, distance=distance, mode=mode, mail=original, messages=count)
        self.results.append(result)
        return result

    def disk_alone(self, original):
        """Seconds to write the same files and have them synced together: nobody who keeps mail can take less."""
        folder = self.folder / "disk" / original
        folder.mkdir(parents=True)
        contents = [path.read_bytes() for path in (self.server.folder / "originals" / original).iterdir()]
        os.sync()
        begin = time.monotonic()
        for number, content in enumerate(contents):
            (folder / str(number)).write_bytes(content)
        descriptor = os.open(folder, os.O_RDONLY)
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
            raise OSError(ctypes.get_errno(), "syncfs")
        os.close(descriptor)
        return time.monotonic() - begin

    def compare(self, original, count, octets):
        print(f"\n### {count:,} messages, {original}, {octets / 1e6:,.0f} MB\n")
        print("| round trip | mode | program | seconds | to Fermo | CPU s | resident MB | round trips | goal |\n|---|---|---|---|---|---|---|---|---|")
        for distance in self.arguments.distances:
            for mode in MODES:
                fermo = None
                for kind in self.arguments.clients:
                    result = self.measure(kind, distance, mode, original, count)
                    fermo = fermo or result
                    self.print_row(result, fermo, octets)
        seconds = self.disk_alone(original)
        self.results.append({"disk_alone_seconds": seconds, "mail": original})
        print(f"\nThe disk alone takes {seconds:.2f} s to write and sync as much.", flush=True)

    def print_row(self, result, fermo, octets):
        about = "~" if "extrapolated_from" in result else ""
        goal = ""
        if result["client"] == "fermo" and result["distance"]:
            allowed = GOAL_FACTOR * (GOAL_ROUND_TRIPS * result["distance"] / 1e3 + octets * 8e-6 / self.arguments.megabits)
            result["goal_seconds"] = allowed
            goal = f"{'met' if result['seconds'] <= allowed else 'missed'}: {allowed:.2f} s"
        cpu = f"{result['cpu_seconds']:.2f}" if "cpu_seconds" in result else ""
        print(f"| {result['distance']} ms | {result['mode']} | {result['client']} | {about}{result['seconds']:.2f} "
              f"| {about}{result['seconds'] / fermo['seconds']:.1f} | {cpu} | {result['megabytes']:.0f} "
              f"| {'' if about else result.get('round_trips', '')} | {goal} |", flush=True)

    def polls(self, count):
        """Everything is known: fetched once without distance. Then nothing new; then one new message."""
        distance = max(self.arguments.distances)
        print(f"\n### Polls of {count:,} messages kept, {distance} ms\n")
        print("| program | first run s | poll | seconds | octets up | octets down | round trips | resident MB |\n|---|---|---|---|---|---|---|---|")
        for kind in self.arguments.clients:
            near = self.proxy(0)
            client = self.client(kind, near.port, "keep", "held", count)
            first = client.run()
            near.stop()
            for poll in ("nothing new", "nothing new, again", "one new"):
                if poll == "one new":
                    self.server.count = 10_000_000 + self.runs
                    self.server.add([message(random.Random(poll), 1, 4_000)])
                    self.server.held()
                proxy = self.proxy(distance, near.port)
                try:
                    outcome = client.run()
                    counts = proxy.counts()
                finally:
                    proxy.stop()
                expected = 1 if poll == "one new" else 0
                if outcome.messages != expected:
                    print(f"{kind.name} fetched {outcome.messages} messages, not {expected}", file=sys.stderr)
                self.results.append({"client": kind.name, "poll": poll, "held": count, "first_seconds": first.seconds,
                                     "seconds": outcome.seconds, "megabytes": outcome.resident_megabytes, **counts})
                print(f"| {kind.name} | {first.seconds:.1f} | {poll} | {outcome.seconds:.2f} | {counts['up']:,} | {counts['down']:,} "
                      f"| {counts['round_trips']} | {outcome.resident_megabytes:.0f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=str(ROOT / "build/release/fermo"))
    parser.add_argument("--messages", type=int, default=10_000, help="of realistic sizes")
    parser.add_argument("--small", type=int, default=1_000, help="messages of 4 kB")
    parser.add_argument("--held", type=int, default=100_000, help="messages kept on the server, for polls")
    parser.add_argument("--sample", type=int, default=200, help="messages for programs that wait for each")
    parser.add_argument("--runs", type=int, default=3, help="of each that is not sampled; the median counts")
    parser.add_argument("--megabits", type=float, default=100, help="a second, of the line")
    parser.add_argument("--distances", type=int, nargs="+", default=ROUND_TRIPS_MILLISECONDS, help="round trips in ms")
    parser.add_argument("--clients", nargs="+", default=[kind.name for kind in clients.ALL])
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    arguments.clients = [kind for kind in clients.ALL if kind.name in arguments.clients]
    clients.Fermo.binary = arguments.binary
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fermo-bench-fetch-"))
    folder.chmod(0o755)
    try:
        with Dovecot() as server:
            bench = Bench(arguments, server, folder)
            rng = random.Random(1)
            if arguments.small:
                bench.compare("4 kB", arguments.small, server.make("4 kB", [4_096] * arguments.small))
            if arguments.messages:
                octets = server.make("realistic", [realistic_octets(rng) for _ in range(arguments.messages)])
                bench.compare("realistic", arguments.messages, octets)
            if arguments.held:
                server.make("held", [600] * arguments.held)
                bench.polls(arguments.held)
            if arguments.json:
                arguments.json.write_text(json.dumps({"machine": os.uname().machine, "cores": os.cpu_count(), "megabits": arguments.megabits,
                                                      "results": bench.results}, indent=1))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
