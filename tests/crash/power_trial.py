"""Work on disks, cuts of their power, and a look at what each cut left. All of it follows from a seed, but for the order in which the
threads of the work come to their turn; a cut can be looked at again from the images and the log, which stay while it runs."""
import os
import pathlib
import poplib
import random
import sys
import threading

from power_disks import LOSSES, Disks
from power_folder import ForgetfulFolder
from power_work import Place, Work

from fermo_process import changed_environment  # where power_work finds it too


# What a program that does not do what it should makes the work and the look afterwards end with.
FAILURES = (OSError, EOFError, AssertionError, AttributeError, LookupError, ValueError, poplib.error_proto)

STRICT = "strict"  # in the place of a file system's name: the letter of POSIX


class Trial:
    """One set of disks through several cuts, each of which is followed by more work."""

    def __init__(self, folder, kind, disks, seed):
        self.folder = pathlib.Path(folder)
        self.random = random.Random(seed)
        self.name = f"{kind} on {disks}, seed {seed}"
        self.disks = ForgetfulFolder(folder) if kind == STRICT else Disks(folder, kind, disks)
        self.work = Work()
        self.cuts, self.acknowledged, self.operations = 0, 0, 0
        self.slowest_start = 0.0

    def prepare(self):
        self.disks.format()
        with self.disks.unrecorded() as folders:
            self.place = Place(self.folder / "place", folders)
            self.work.prepare(self.place)

    def do_work(self, environment=None):
        """Each kind of work for itself, so that nothing else makes it durable, then all together; with the program ended
        and killed in between."""
        def deliver(draw):
            self.work.deliver(self.place, self.disks.position, 6, draw)

        def take_away(draw):
            self.work.take_away(self.place, self.disks.position, 3, draw)

        def change_users(draw):
            self.work.change_users(self.place, self.disks.position, 2, draw)

        fetches = [lambda draw, account=account: self.work.fetch(self.place, self.disks.position, account, 2, draw)
                   for account in self.work.accounts]
        alone = [deliver, take_away, change_users, *fetches]
        self.random.shuffle(alone)
        with self.disks.recorded(), changed_environment(environment or {}):
            try:
                self.work.begin(self.place, self.disks.position)
                for group in [*([one] for one in alone), [*alone, deliver]]:
                    self.restart_at_times()
                    together(group, self.random)
                self.place.fermo.stop()
            finally:
                if self.place.fermo.process:
                    self.place.fermo.kill()

    def restart_at_times(self):
        fermo = self.place.fermo
        fate = self.random.random()
        if fermo.process and fate < 0.2:
            fermo.stop()
        elif fermo.process and fate < 0.4:
            fermo.kill()
        if not fermo.process:
            self.work.start(self.place, self.disks.position)

    def acknowledgements(self):
        mail, users = self.work.mail, self.work.users
        events = [event for event, _ in [*mail.deliveries, *mail.deletions]] + [event for _, event in users.versions]
        return [event.acknowledged for event in events if event.acknowledged] + [
            position for account in self.work.accounts for position in account.source.went.values() if position]

    def draw_cut(self):
        """Half of them just when something was acknowledged: what that needs and was not synced is lost then."""
        if self.random.random() < 0.5:
            cut = self.random.choice(self.acknowledgements())
        else:
            cut = self.random.randint(0, len(self.disks.log))
        return cut, self.random.choice(LOSSES), self.random.getrandbits(32)

    def try_cut(self, cut, loss, seed):
        """What is wrong after that cut, and what was found."""
        self.cuts += 1
        where = f"{self.name}: cut after {cut} of {len(self.disks.log)}, {loss} lost, seed {seed}"
        try:
            with self.disks.after_cut(cut, loss, seed):
                try:
                    wrong, found, first = self.work.look(self.place, cut)
                    self.slowest_start = max(self.slowest_start, first)
                finally:
                    if self.place.fermo.process:
                        self.place.fermo.kill()
        except FAILURES as error:
            wrong, found = [f"{type(error).__name__}: {error}"], None
        return [f"{where}: {one}" for one in wrong], found

    def generation(self, cuts):
        """Work, so many cuts, and the state that the last of them left as what the next work begins with. Returns what is
        wrong."""
        self.do_work()
        self.acknowledged += len(self.acknowledgements())
        self.operations += len(self.disks.log)
        problems = []
        for _ in range(cuts):
            last = self.draw_cut()
            wrong, found = self.try_cut(*last)
            problems += wrong
        if not problems:
            self.go_on_after(last, found)
        return problems

    def go_on_after(self, cut, found):
        self.disks.continue_after(*cut)
        self.work.settle(cut[0], found)


def with_own_mounts():
    """Begins this program anew with mounts of its own: they end with the last process that can see them, however it ends."""
    if os.geteuid() == 0 and not os.environ.get("FERMO_OWN_MOUNTS"):
        os.environ["FERMO_OWN_MOUNTS"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])


def together(actions, draw):
    """Runs them side by side; the first failure is raised again."""
    failures = []

    def guarded(action, seed):
        try:
            action(random.Random(seed))
        except BaseException as failure:  # noqa: B036: handed to the caller's own thread
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(action, draw.getrandbits(64))) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
