#!/usr/bin/python3
"""Nothing in the memory of the process that talks to the network is a private key, a password hash, or the password of a login
that is over."""
import os
import pathlib
import re
import subprocess
import unittest

from trees import USERS, Lines, fermo, roles, session

PIECE = 1 << 20
LONGEST = 1024  # of what is looked for
HUGE = 1 << 32  # a sanitizer's shadow: nothing, terabytes of it


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def numbers_in(text, *names):
    """The octets of numbers that `openssl … -text` prints, both as they are written and as words hold them."""
    for name in names:
        digits = re.search(rf"^{name}:\n((?:    [0-9a-f:]+\n)+)", text, re.MULTILINE).group(1)
        octets = bytes.fromhex(re.sub(r"[^0-9a-f]", "", digits)).lstrip(b"\0")
        yield octets
        yield octets[::-1]


def times_found(pid, wanted):
    """How often each of the octets in `wanted` stands in what a process can read."""
    found = dict.fromkeys(wanted, 0)
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            start, end = (int(word, 16) for word in line.split()[0].split("-"))
            if line.split()[1][0] != "r" or end - start >= HUGE:
                continue
            for at in range(start, end, PIECE):
                try:
                    memory.seek(at)
                    piece = memory.read(min(PIECE + LONGEST, end - at))
                except (OSError, ValueError):
                    continue  # of the kernel: [vvar]
                for octets in wanted:
                    found[octets] += piece.count(octets)
    return found


@unittest.skipUnless(os.geteuid() == 0, "only root may read the memory of a process that has closed it")
class NetMemoryTest(unittest.TestCase):
    def make_key(self, folder, kind):
        key, certificate = folder / "key.pem", folder / "certificate.pem"
        options = {"rsa": ("-newkey", "rsa:2048"), "ec": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")}[kind]
        output("openssl", "req", "-x509", *options, "-nodes", "-subj", "/CN=test.example", "-days", "2", "-keyout", key, "-out", certificate)
        names = {"rsa": ("prime1", "prime2", "privateExponent"), "ec": ("priv",)}[kind]
        secrets = list(numbers_in(output("openssl", "pkey", "-in", key, "-noout", "-text"), *names))
        secrets += [line.encode() for line in key.read_text().splitlines() if len(line) == 64]
        return f'[tls]\ncertificate = "{certificate}"\nkey = "{key}"\n', secrets

    def use(self, server):
        """Sessions of each kind, over and under way; the ones under way are returned."""
        for user, password in USERS:
            session(server, user, password).quit()
        plain = Lines(server.ports["pop3"])
        for line in (b"USER ann", b"PASS first-secret", b"STAT"):
            plain.line()
            plain.send(line + b"\r\n")
        self.assertTrue(plain.line().startswith(b"+OK"))
        wrong = Lines(server.ports["pop3"])
        wrong.send(b"USER ann\r\nPASS a-wrong-secret\r\n")
        for _ in range(2):
            wrong.line()
        self.assertTrue(wrong.line().startswith(b"-ERR"))
        sasl = session(server, *USERS[1])
        return plain, wrong, sasl

    def test_no_key_no_hash_and_no_finished_password(self):
        for kind in ("rsa", "ec"):
            with self.subTest(kind), fermo(users=USERS, start=False) as server:
                text, keys = self.make_key(server.folder, kind)
                server.config.write_text(text)
                server.start()
                under_way = self.use(server)
                running = roles(server)
                hashes = [line.split(":")[1].encode() for line in (server.data / "users").read_text().splitlines()]
                passwords = [password.encode() for _, password in USERS] + [b"a-wrong-secret"]
                found = times_found(running["net"], [*keys, *hashes, *passwords])
                self.assertEqual({octets: times for octets, times in found.items() if times}, {})
                # The search finds what is there.
                self.assertGreater(sum(times_found(running["keys"], keys).values()), 0)
                self.assertGreater(sum(times_found(running["auth"], hashes).values()), 0)
                for connection in under_way:
                    connection.close()


if __name__ == "__main__":
    unittest.main()
