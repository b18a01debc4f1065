"""The programs compared: each is given an account over TLS and a Maildir, in a folder of its own, as its users configure it."""
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import time

TIMEOUT_SECONDS = 3_600

# Starts a program and tells its status, its seconds, those of CPU, and kilobytes of memory. The most that a process has had begins with what
# its parent had when it was forked, so the parent must be a small one.
LAUNCHER = """
import os, sys, time
begin = time.monotonic()
_, status, usage = os.wait4(os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ), 0)
seconds = time.monotonic() - begin
with open(sys.argv[1], "w") as told:
    print(os.waitstatus_to_exitcode(status), seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, file=told)
"""


class Outcome:
    def __init__(self, seconds, cpu_seconds, resident_kilobytes, messages):
        self.seconds, self.messages, self.cpu_seconds = seconds, messages, cpu_seconds
        self.resident_megabytes = resident_kilobytes / 1024


class Client:
    """One account of one program. The folder keeps its state from one run to the next."""

    name = ""
    user = None  # whom to become

    def __init__(self, folder, port, user, password, certificate, mode):
        self.folder, self.port, self.login, self.password = pathlib.Path(folder), port, user, password
        self.certificate, self.mode = certificate, mode
        self.folder.mkdir(parents=True)
        self.maildir = self.folder / "mail"
        for part in ("tmp", "new", "cur"):
            (self.maildir / part).mkdir(parents=True)
        self.configure()

    def config(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def held(self):
        return sum(1 for _ in os.scandir(self.maildir / "new"))

    def run(self):
        """Fetches once. Times, memory and CPU are those of the program with all that it started."""
        before = self.held()
        as_user = ["setpriv", f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}", "--clear-groups"] if self.user else []
        usage = self.folder / "usage"
        with open(self.folder / "output", "wb") as output:
            subprocess.run([sys.executable, "-ISc", LAUNCHER, usage, *as_user, *map(str, self.command())], cwd=self.folder, stdout=output,
                           stderr=output, env={**os.environ, "HOME": str(self.folder), "PYTHONWARNINGS": "ignore"}, check=True)
        status, seconds, cpu_seconds, kilobytes = usage.read_text().split()
        if int(status) not in self.accepted:
            raise RuntimeError(f"{self.name} ended with {status}: {(self.folder / 'output').read_text(errors='replace')[-2000:]}")
        return Outcome(float(seconds), float(cpu_seconds), int(kilobytes), self.held() - before)

    accepted = (0,)


class Fermo(Client):
    name = "fermo"
    binary = "fermo"

    def configure(self):
        self.config("password", self.password + "\n")

    def command(self):
        return [self.binary, "fetch", "--server", f"pop3s://127.0.0.1:{self.port}", "--user", self.login, "--password-file",
                self.folder / "password", "--to", f"maildir:{self.maildir}", "--mode", self.mode, "--state", self.folder / "state",
                "--ca", self.certificate]


class Mpop(Client):
    name = "mpop"

    def configure(self):
        self.config("rc", f"account a\nhost localhost\nport {self.port}\nuser {self.login}\npassword {self.password}\nauth user\ntls on\n"
                    f"tls_starttls off\ntls_trust_file {self.certificate}\nreceived_header off\nuidls_file {self.folder}/uidls\n"
                    f"keep {'on' if self.mode == 'keep' else 'off'}\ndelivery maildir {self.maildir}\n")

    def command(self):
        return ["mpop", "--quiet", "-C", self.folder / "rc", "a"]


class Fetchmail(Client):
    """Cannot write a Maildir: hands each message to a delivery agent, here Courier's."""

    name = "fetchmail"
    accepted = (0, 1)  # 1: there was nothing

    def configure(self):
        self.config("rc", "set invisible\nset no bouncemail\n"
                    f"poll 127.0.0.1 with proto POP3 service {self.port} uidl auth password\n"
                    f"user '{self.login}' there with password '{self.password}' is 'root' here\n"
                    f"ssl sslproto 'TLS1.2+' sslcertck sslcertfile {self.certificate} sslcommonname localhost\n"
                    f"{'keep' if self.mode == 'keep' else 'nokeep'} no rewrite pass8bits fetchlimit 0 batchlimit 0 expunge 0\n"
                    f"mda \"/usr/bin/deliverquota.courier {self.maildir}\"\n")

    def command(self):
        return ["fetchmail", "--fetchmailrc", self.folder / "rc", "--idfile", self.folder / "ids", "--pidfile", self.folder / "pid",
                "--silent", "--nosyslog"]


class Getmail(Client):
    """Refuses to deliver as root."""

    name = "getmail6"

    def configure(self):
        state = self.folder / "state"
        state.mkdir()
        path = self.config("state/rc", "[retriever]\ntype = SimplePOP3SSLRetriever\nserver = localhost\n"
                           f"port = {self.port}\nusername = {self.login}\npassword = {self.password}\nca_certs = {self.certificate}\n"
                           f"[destination]\ntype = Maildir\npath = {self.maildir}/\n[options]\nread_all = false\ndelivered_to = false\n"
                           f"received = false\nverbose = 0\ndelete = {'false' if self.mode == 'keep' else 'true'}\n")
        if os.geteuid() == 0:
            self.user = pwd.getpwnam("nobody")
            for one in (self.folder, self.maildir, *self.maildir.iterdir(), state, path):
                shutil.chown(one, self.user.pw_uid, self.user.pw_gid)

    def command(self):
        return ["getmail", "--getmaildir", self.folder / "state", "--rcfile", "rc"]


ALL = (Fermo, Mpop, Fetchmail, Getmail)
