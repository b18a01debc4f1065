"""A Dovecot that takes mail in by LMTP and IMAP, over a folder of its own."""
import grp
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from fermo_process import START_SECONDS_MAX, free_port  # noqa: E402

DOVECOT = shutil.which("dovecot", path="/usr/sbin:/usr/bin")
HAS_IMAP = bool(DOVECOT) and pathlib.Path("/usr/lib/dovecot/imap").exists()
HAS_LMTP = bool(DOVECOT) and pathlib.Path("/usr/lib/dovecot/lmtp").exists()
PASSWORD = "correct-horse"

CONFIGURATION = """
base_dir = {folder}/run
log_path = {folder}/log
state_dir = {folder}/state
protocols = {protocols}
mail_location = maildir:{folder}/mail/%n
first_valid_uid = 1
first_valid_gid = 1
{users}
hostname = mail.example.test
postmaster_address = postmaster@example.test
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = {mechanisms}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder} allow_all_users=yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
"""


class DovecotReceiver:
    def __init__(self, folder, mechanisms="plain login"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o755)
        (self.folder / "mail").mkdir()
        self.ports = {protocol: free_port() for protocol in ("imap", "imaps", "lmtp")}
        self.awaited = [*(self.ports[name] for name in ("imap", "imaps") if HAS_IMAP), *([self.ports["lmtp"]] if HAS_LMTP else [])]
        self.certificate = self.folder / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                        "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost", "-days", "2", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1"], cwd=self.folder, check=True, capture_output=True)
        owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        name, group = owner.pw_name, grp.getgrgid(owner.pw_gid).gr_name
        users = "" if os.geteuid() == 0 else (
            f"default_internal_user = {name}\ndefault_login_user = {name}\ndefault_internal_group = {group}\nmail_access_groups = {group}\n")
        os.chown(self.folder / "mail", owner.pw_uid, owner.pw_gid)
        protocols = " ".join(name for name, there in (("imap", HAS_IMAP), ("lmtp", HAS_LMTP)) if there)
        (self.folder / "dovecot.conf").write_text(CONFIGURATION.format(
            folder=self.folder, users=users, uid=owner.pw_uid, gid=owner.pw_gid, password=PASSWORD, mechanisms=mechanisms,
            protocols=protocols, **self.ports))

    def __enter__(self):
        with open(self.folder / "output", "ab") as output:
            self.process = subprocess.Popen([DOVECOT, "-F", "-c", str(self.folder / "dovecot.conf")], stdin=subprocess.DEVNULL,
                                            stdout=output, stderr=output)
        try:
            for port in self.awaited:
                self.await_port(port)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *unused):
        if self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def await_port(self, port):
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=10).close()
                return
            except OSError as failure:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise AssertionError(f"Dovecot does not answer: {failure}\n{self.log()}") from failure
                time.sleep(0.05)

    def files(self, user="ann", folder=""):
        """Of a user's inbox, or of a folder of his."""
        maildir = self.folder / "mail" / user / (f".{folder}" if folder else "")
        return [path for part in ("new", "cur") for path in (maildir / part).glob("*")]

    def log(self):
        return "\n".join((self.folder / name).read_text() for name in ("output", "log") if (self.folder / name).exists())
