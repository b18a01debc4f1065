#!/usr/bin/python3
"""A disk that fills up under the server: mail is refused with 452 before it is full, what is there is still given out and deleted,
and when it is full in earnest nothing is half there. A tmpfs of its own; needs root to be mounted, skipped without."""
import contextlib
import os
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from faults import Ledger, Lmtp, check, deliver, held, login  # noqa: E402
from fermo_process import fermo  # noqa: E402
from power_trial import with_own_mounts  # noqa: E402

USERS = ["ann", "bob", "cid"]
MEGA = 1 << 20
DISK, RESERVE = 160 * MEGA, 48 * MEGA


class Disk:
    """A file system that the data is on, and a file that takes what is to be taken of it."""

    def __init__(self, folder):
        self.folder, self.ballast = folder, folder / "ballast"
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "tmpfs", folder], check=True)

    def free(self):
        status = os.statvfs(self.folder)
        return status.f_bavail * status.f_frsize

    def leave(self, octets):
        with open(self.ballast, "ab") as file, contextlib.suppress(OSError):
            while (more := self.free() - octets) > 0:
                os.write(file.fileno(), bytes(min(more, MEGA)))

    def clear(self):
        self.ballast.unlink()

    def end(self):
        subprocess.run(["umount", "--lazy", self.folder], check=True)


@unittest.skipUnless(os.geteuid() == 0, "needs root to mount a disk of its own")
class FullDiskTest(unittest.TestCase):
    @contextlib.contextmanager
    def serving(self, reserve):
        with fermo(f"[limits]\nfree_octets_min = {reserve}\n", start=False) as server:
            disk = Disk(server.data)
            try:
                for user in USERS:
                    server.add_user(user, "secret of " + user)
                server.start()
                yield server, disk, Ledger(USERS)
                server.stop()
            finally:
                disk.end()

    def test_with_little_left_mail_is_refused_and_still_fetched_and_deleted(self):
        with self.serving(RESERVE) as (server, disk, ledger):
            for _ in range(8):
                self.assertEqual(deliver(server, ledger, USERS, MEGA), [250] * 3)
            disk.leave(RESERVE // 2)
            self.assertEqual(self.refusal_of_data(server), (452, b"4.3.1"))
            for user in USERS:
                messages = held(server, user)
                self.assertEqual(len(messages), 8)
                client = login(server, user)
                for number in range(1, 8):
                    client.dele(number)
                self.assertTrue(client.quit().startswith(b"+OK"))
                self.assertEqual(held(server, user), messages[7:])
                ledger.must[user] = {ledger.token_of(messages[7])}
            ledger.together.clear()
            self.assertEqual(self.refusal_of_data(server), (452, b"4.3.1"))
            disk.clear()
            check(server, ledger)

    def test_what_is_kept_free_is_kept_in_the_middle_of_a_message_too(self):
        with self.serving(RESERVE) as (server, disk, ledger):
            self.assertEqual(deliver(server, ledger, USERS, MEGA), [250] * 3)
            disk.leave(RESERVE + 4 * MEGA)
            self.assertEqual(deliver(server, ledger, USERS, 40 * MEGA), [452] * 3)  # each recipient is told
            self.assertGreater(disk.free(), 0)
            for user in USERS:
                client = login(server, user)
                self.assertEqual(client.stat()[0], 1)
                client.dele(1)
                self.assertTrue(client.quit().startswith(b"+OK"))
                ledger.must[user].clear()
            ledger.together.clear()
            disk.clear()
            check(server, ledger)

    def test_when_it_is_full_in_earnest_nothing_is_half_there_and_it_goes_on_by_itself(self):
        with self.serving(0) as (server, disk, ledger):
            taken = 0
            disk.leave(0)
            while deliver(server, ledger, USERS, MEGA) == [250] * 3:  # the log has room of its own for some
                taken += 1
            self.assertEqual(deliver(server, ledger, USERS, MEGA), [])
            self.assertEqual(self.refusal_of_data(server), (452, b"4.3.1"))
            for user in USERS:
                found = held(server, user)
                if found is not None:  # once it has been closed, the store cannot be opened before there is room
                    self.assertEqual(len(found), taken)
            disk.clear()
            check(server, ledger)
            server.kill()
            server.start()
            check(server, ledger)

    def refusal_of_data(self, server):
        with socket.create_connection(("127.0.0.1", server.ports["lmtp"]), timeout=60) as connection:
            client = Lmtp(connection)
            for line in (b"LHLO full.test", b"MAIL FROM:<>", b"RCPT TO:<ann@example.test>"):
                self.assertEqual(client.say(line), 250)
            connection.sendall(b"DATA\r\n")
            line = client.file.readline().split()
            return int(line[0]), line[1]


if __name__ == "__main__":
    with_own_mounts()
    unittest.main(warnings="ignore")
