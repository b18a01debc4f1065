#!/usr/bin/python3
"""`fermo fetch` from Dovecot, in the clear, over STLS and over TLS."""
import grp
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "support")]
from fermo_process import START_SECONDS_MAX, canonical, free_port  # noqa: E402
from fetching import Fetcher, message  # noqa: E402

DOVECOT = shutil.which("dovecot", path="/usr/sbin:/usr/bin")
MESSAGES = [message(n, size) for n, size in enumerate([0, 300, 900, 5_000, 20_000, 300_000])]
PASSWORD = "correct-horse"
OWNER = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())

CONFIGURATION = """
base_dir = {folder}/run
log_path = {folder}/log
state_dir = {folder}/state
protocols = pop3
mail_location = maildir:{folder}/mail
first_valid_uid = 1
first_valid_gid = 1
{users}
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    address = 127.0.0.1
    port = {pop3}
  }}
  inet_listener pop3s {{
    address = 127.0.0.1
    port = {pop3s}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@unittest.skipUnless(DOVECOT, "Dovecot is not installed (Debian: dovecot-pop3d)")
@unittest.skipUnless(pathlib.Path("/usr/lib/dovecot/pop3").exists(), "Dovecot has no POP3 (Debian: dovecot-pop3d)")
class DovecotTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fermo-dovecot-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.folder.chmod(0o755)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                        "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost", "-days", "2", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1"], cwd=self.folder, check=True, capture_output=True,
                       timeout=60)
        self.ports = {"pop3": free_port(), "pop3s": free_port()}
        self.fill()
        group = grp.getgrgid(OWNER.pw_gid).gr_name
        # As root it becomes its own users, and the owner of the mail.
        users = "" if os.geteuid() == 0 else (f"mail_access_groups = {group}\ndefault_internal_group = {group}\n"
                                              f"default_internal_user = {OWNER.pw_name}\ndefault_login_user = {OWNER.pw_name}")
        (self.folder / "dovecot.conf").write_text(CONFIGURATION.format(
            folder=self.folder, users=users, uid=OWNER.pw_uid, gid=OWNER.pw_gid, password=PASSWORD, **self.ports))
        # In the foreground: as a daemon it would keep the test's pipes open.
        with open(self.folder / "output", "wb") as output:
            self.dovecot = subprocess.Popen([DOVECOT, "-F", "-c", str(self.folder / "dovecot.conf")], stdin=subprocess.DEVNULL,
                                            stdout=output, stderr=output)
        self.addCleanup(self.stop)
        self.await_greeting()

    def stop(self):
        self.dovecot.terminate()
        try:
            self.dovecot.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.dovecot.kill()
            self.dovecot.wait()

    def await_greeting(self):
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline and self.dovecot.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.ports["pop3"]), timeout=5) as connection:
                    if connection.recv(3) == b"+OK":
                        return
            except OSError:
                time.sleep(0.05)
        self.fail("Dovecot did not start: " + (self.folder / "output").read_text() + self.log())

    def log(self):
        log = self.folder / "log"
        return log.read_text() if log.exists() else ""

    def fill(self):
        for part in ("tmp", "new", "cur"):
            (self.folder / "mail" / part).mkdir(parents=True, exist_ok=True)
        for number, one in enumerate(MESSAGES):
            (self.folder / f"mail/new/{1_700_000_000 + number}.M{number}.here").write_bytes(one.replace(b"\r\n", b"\n"))
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", f"{OWNER.pw_uid}:{OWNER.pw_gid}", self.folder / "mail"], check=True, timeout=60)

    def fetcher(self, scheme):
        port = self.ports["pop3s" if scheme == "pop3s" else "pop3"]
        options = ["--allow-plaintext"] if scheme == "pop3" else ["--ca", str(self.folder / "cert.pem")]
        return Fetcher(self.folder / "fetched" / scheme, f"{scheme}://127.0.0.1:{port}", options=options,
                       password=PASSWORD)

    def test_every_kind_of_connection_in_both_modes(self):
        for mode in ("keep", "delete"):
            for scheme in ("pop3", "pop3+stls", "pop3s"):
                with self.subTest(mode=mode, scheme=scheme):
                    shutil.rmtree(self.folder / "fetched", ignore_errors=True)
                    if mode == "delete":
                        self.fill_again()
                    fetcher = self.fetcher(scheme)
                    self.assertEqual(fetcher.run(mode)["fetched"], len(MESSAGES), self.log())
                    self.assertEqual(fetcher.mail(), sorted(map(canonical, MESSAGES)))
                    self.assertEqual(fetcher.run(mode)["fetched"], 0)
                    left = [path for part in ("new", "cur") for path in (self.folder / "mail" / part).iterdir()]
                    self.assertEqual(len(left), len(MESSAGES) if mode == "keep" else 0)

    def fill_again(self):
        for part in ("new", "cur"):
            for path in (self.folder / "mail" / part).iterdir():
                path.unlink()
        self.fill()


if __name__ == "__main__":
    unittest.main(verbosity=2)
