"""Runs `fermo fetch` for tests, and reads what it delivered."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from fermo_process import BINARY, canonical  # noqa: E402

PASSWORD = "correct horse"
OK, USAGE, DATA_ERROR, CANNOT_CREATE, IO_ERROR, TEMPORARY, PROTOCOL, NO_PERMISSION, CONFIGURATION = (
    0, 64, 65, 73, 74, 75, 76, 77, 78)


class Fetcher:
    """One account with its state, its password file and its target, in a folder of its own."""

    def __init__(self, folder, url, user="ann", target=None, password=PASSWORD, options=(), timeout=20):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.url, self.user, self.options = url, user, list(options)
        self.timeout = timeout
        self.target = target or f"maildir:{self.folder / 'mail'}"
        self.password_file = self.folder / "password"
        self.password_file.write_text(password + "\n")
        self.password_file.chmod(0o600)

    def command(self, mode="keep", *options):
        return [BINARY, "fetch", "--server", self.url, "--user", self.user, "--password-file", str(self.password_file),
                "--to", self.target, "--state", str(self.folder / "state"), "--timeout", str(self.timeout), "--mode", mode,
                *self.options, *options]

    def run(self, mode="keep", *options, code=OK):
        """Expects the exit code; returns the object that --json prints."""
        done = self.text(mode, "--json", *options, code=code)
        outcome = json.loads(done.stdout)
        assert outcome["exit_code"] == code, outcome
        return outcome

    def text(self, mode="keep", *options, code=OK):
        done = subprocess.run(self.command(mode, *options), capture_output=True, text=True, timeout=100 + self.timeout)
        if done.returncode != code:
            raise AssertionError(f"ended with {done.returncode}, not {code}\n{done.stdout}\n{done.stderr}")
        return done

    def mail(self):
        return maildir(self.target.partition(":")[2])


def maildir(folder):
    """What a Maildir holds, in the form of POP3, sorted."""
    folder = pathlib.Path(folder)
    files = [path for part in ("new", "cur") for path in (folder / part).glob("*")]
    return sorted(canonical(path.read_bytes()) for path in files)


def mbox(path):
    """What an mbox of the mboxrd kind holds, in the form of POP3, sorted."""
    path = pathlib.Path(path)
    entries = re.split(rb"^From .*\n", path.read_bytes() if path.exists() else b"", flags=re.M)
    assert entries[0] == b"", entries[0]
    assert all(entry.endswith(b"\n\n") for entry in entries[1:]), "no blank line before a separator"
    return sorted(canonical(re.sub(rb"^>(>*From )", rb"\1", entry[:-1], flags=re.M)) for entry in entries[1:])


def maildir_files(fetcher):
    """What a Maildir holds, as it is on disk."""
    folder = pathlib.Path(fetcher.target.partition(":")[2])
    return [path.read_bytes() for part in ("new", "cur") for path in (folder / part).glob("*")]


def message(number, octets=400):
    """A message of about that many octets, with what makes it hard: dots, From, long lines and octets above 127."""
    text = (b"Received: from a.example by b.example; Mon, 2 Jan 2034 10:00:%02d +0000\r\nMessage-ID: <%d@example.test>\r\n"
            b"From: a@example.test\r\nSubject: number %d\r\n\r\n.\r\n..\r\nFrom here\r\n>From there\r\n\xe4\xff\r\n"
            % (number % 60, number, number))
    line = b"%07d " % number * 9 + b"\r\n"
    return text + line * max(0, (octets - len(text)) // len(line))


def as_earlier_version_left(state):
    """Makes one ledger of those that are there, which must be closed, in the form that versions before them had."""
    folders = sorted(pathlib.Path(state).glob("account-*"))
    shutil.copy(folders[0] / "ledger.db", state / "fetch.db")
    with contextlib.closing(sqlite3.connect(state / "fetch.db", isolation_level=None)) as earlier:
        for number, folder in enumerate(folders[1:], start=2):
            earlier.execute("ATTACH ? AS one", (str(folder / "ledger.db"),))
            for table, whose in (("account", "id"), ("message", "account")):
                columns = [row[1] for row in earlier.execute(f"PRAGMA one.table_info({table})") if row[1] != whose]
                earlier.execute(f"INSERT INTO {table} ({whose}, {', '.join(columns)}) SELECT {number}, {', '.join(columns)} FROM one.{table}")
            earlier.execute("DETACH one")
    for folder in folders:
        shutil.rmtree(folder)
