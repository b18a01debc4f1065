#!/usr/bin/python3
"""What a command finds in its place may have been made by one that was killed before the name was on the disk: so the folder that it
is in is synced all the same."""
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from fermo_process import BINARY, fermo  # noqa: E402

LIBRARY = os.environ["FERMO_SKIP_LIBRARY"]


class NamesOnDisk(unittest.TestCase):
    def setUp(self):
        self.fermo = self.enterContext(fermo(users=[("ann", "secret")], start=False))
        self.outer = self.fermo.folder / "outer"
        (self.outer / "kept").mkdir(parents=True)

    def folders_synced_by(self, *arguments, input=b""):
        """By their names alone; the library writes numbers in them as #."""
        sites = self.fermo.folder / "sites"
        sites.unlink(missing_ok=True)
        environment = {**os.environ, "LD_PRELOAD": LIBRARY, "FERMO_SITES": str(sites)}
        subprocess.run([BINARY, *map(str, arguments)], check=True, env=environment, input=input, capture_output=True,
                       timeout=120)
        return {line.split()[1] for line in sites.read_text().splitlines() if line.split()[0] == "fsync"}

    def test_folders_and_password_file_of_an_earlier_backup(self):
        backup = ("backup", self.outer / "kept/backups", "--data", self.fermo.data)
        wanted = {"kept/", "backups/", "users/"}
        self.assertLessEqual(wanted, self.folders_synced_by(*backup))
        self.assertLessEqual(wanted, self.folders_synced_by(*backup))

    def test_the_folder_in_which_a_data_folder_is_made(self):
        add = ("user", "add", "bob", "--password-stdin", "--data", self.outer / "kept/inner/data")
        self.assertLessEqual({"outer/", "kept/", "inner/"}, self.folders_synced_by(*add, input=b"secret\n"))
        self.assertLessEqual({"inner/"}, self.folders_synced_by(*add[:2], "eve", *add[3:], input=b"secret\n"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
