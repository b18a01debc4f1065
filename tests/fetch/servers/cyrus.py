"""Cyrus: its master process with lmtpd and pop3d, over a configuration and a spool of its own."""
import os
import pathlib
import pwd
import re
import smtplib
import subprocess

from servers.server import UNPACKED, Server, free_port

PACKAGE, POP3D = "cyrus-pop3d", "usr/lib/cyrus/bin/pop3d"
BINARIES = pathlib.Path("/usr/lib/cyrus/bin")

IMAPD = """
configdirectory: {folder}/config
proc_path: {folder}/config/proc
mboxname_lockpath: {folder}/config/lock
defaultpartition: default
partition-default: {folder}/spool
servername: localhost
admins: cyrus
allowplaintext: yes
virtdomains: off
unixhierarchysep: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {folder}/sasldb
sasl_mech_list: PLAIN SCRAM-SHA-256
tls_server_cert: {folder}/cert.pem
tls_server_key: {folder}/key.pem
tls_sessions_db_path: {folder}/config/tls_sessions.db
autocreate_post: yes
autocreate_quota: 0
lmtp_downcase_rcpt: yes
reject8bit: no
munge8bit: no
popminpoll: 0
poptimeout: 10
expunge_mode: immediate
"""

MASTER = """
START {{
  recover cmd="{binaries}/ctl_cyrusdb -C {folder}/imapd.conf -r"
}}
SERVICES {{
  pop3 cmd="{pop3d} -C {folder}/imapd.conf" listen="127.0.0.1:{pop3}" proto=tcp4 prefork=0 maxchild=40
  pop3s cmd="{pop3d} -s -C {folder}/imapd.conf" listen="127.0.0.1:{pop3s}" proto=tcp4 prefork=0 maxchild=40
  lmtp cmd="{binaries}/lmtpd -a -C {folder}/imapd.conf" listen="127.0.0.1:{lmtp}" proto=tcp4 prefork=0 maxchild=5
}}
EVENTS {{
  checkpoint cmd="{binaries}/ctl_cyrusdb -C {folder}/imapd.conf -c" period=30
}}
"""


class Cyrus(Server):
    package = PACKAGE
    programs = (BINARIES / "master", "/usr/sbin/saslpasswd2", UNPACKED / PACKAGE / POP3D)

    @classmethod
    def missing(cls):
        return super().missing() or (None if os.geteuid() == 0 else "Cyrus needs root to become its own user")

    def __init__(self):
        super().__init__()
        self.ports["lmtp"] = free_port()
        self.uid = 0
        self.owner = pwd.getpwnam("cyrus")

    def await_greeting(self):
        super().await_greeting()
        with smtplib.LMTP("127.0.0.1", self.ports["lmtp"], timeout=60) as client:  # makes the mailbox
            client.sendmail("a@example.test", [self.user], b"Subject: first\r\n\r\n")
        self.uid = 1

    def start(self):
        for part in ("config/log", "config/db", "config/socket", "config/proc", "config/lock", "config/msg", "spool"):
            (self.folder / part).mkdir(parents=True)
        (self.folder / "imapd.conf").write_text(IMAPD.format(folder=self.folder))
        (self.folder / "cyrus.conf").write_text(MASTER.format(folder=self.folder, binaries=BINARIES, pop3d=self.bring(PACKAGE) / POP3D,
                                                               **self.ports))
        subprocess.run(["saslpasswd2", "-p", "-c", "-f", self.folder / "sasldb", "-u", "localhost", self.user],
                       input=self.password.encode(), check=True, capture_output=True)
        for path in [self.folder, *self.folder.rglob("*")]:
            os.chown(path, self.owner.pw_uid, self.owner.pw_gid)
        self.environment = {**os.environ, "CYRUS_USER": self.owner.pw_name}
        self.launch(BINARIES / "master", "-C", self.folder / "imapd.conf", "-M", self.folder / "cyrus.conf", "-p", self.folder / "pid",
                    "-L", self.folder / "log", env=self.environment)

    def run(self, program, *arguments):
        as_owner = ["setpriv", f"--reuid={self.owner.pw_uid}", f"--regid={self.owner.pw_gid}", "--clear-groups"]
        done = subprocess.run([*as_owner, BINARIES / program, "-C", self.folder / "imapd.conf", *arguments], capture_output=True, text=True,
                              timeout=300, env=self.environment)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def fill(self, messages):
        """Puts files into the spool and has Cyrus take them up, since its LMTP adds to what it is given."""
        spool = pathlib.Path(self.run("mbpath", f"user/{self.user}").strip())
        for path in spool.glob("*."):
            path.unlink()
        self.add(messages)

    def add(self, messages):
        spool = pathlib.Path(self.run("mbpath", f"user/{self.user}").strip())
        for message in messages:
            self.uid += 1
            path = spool / f"{self.uid}."
            path.write_bytes(message.replace(b"\n", b"\r\n"))
            os.chown(path, self.owner.pw_uid, self.owner.pw_gid)
        self.run("reconstruct", f"user/{self.user}")

    def sends(self, message):
        """Cyrus reads lines as C strings: from a NUL to the end of its line all is lost."""
        return re.sub(rb"\0[^\n]*\n", b"", super().sends(message))
