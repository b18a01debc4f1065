"""Runs the built `fermo` for tests: a server on free loopback ports over a folder of its own, and the other subcommands."""
import contextlib
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

BINARY = os.environ.get("FERMO_BINARY") or str(pathlib.Path(__file__).resolve().parents[2] / "build/release/fermo")
SHARED = pathlib.Path(os.environ.get("FERMO_SHARED") or pathlib.Path(__file__).resolve().parents[2].parent / "shared")
START_SECONDS_MAX = 60  # a sanitizer's build on a busy machine


@contextlib.contextmanager
def changed_environment(variables):
    """For what is started meanwhile."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def free_ports(count):
    """That many ports, no two of them the same: each is held until the last is drawn. None is of those that the kernel gives to whoever
    connects: a server that starts again would find it taken."""
    given_to_clients, _ = map(int, pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    ports = []
    with contextlib.ExitStack() as held:
        while len(ports) < count:
            port = random.SystemRandom().randrange(10_000, max(given_to_clients, 20_000))
            probe = held.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                ports.append(port)
    return ports


def free_port():
    return free_ports(1)[0]


class Fermo:
    """One data folder, and the server over it when it runs."""

    def __init__(self, folder, config=""):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.config = self.folder / "fermo.toml"
        self.config.write_text(config)
        protocols = ("pop3", "pop3s", "lmtp")
        self.ports = dict(zip(protocols, free_ports(len(protocols))))
        self.log = self.folder / "fermo.log"
        self.process = None

    @property
    def certificate(self):
        """The self-signed certificate that the server made at its first start."""
        found = sorted(self.data.rglob("*cert*.pem")) + sorted(self.data.rglob("*.crt"))
        assert found, f"no certificate under {self.data}"
        return found[0]

    def run(self, *arguments, input=None, check=True, timeout=120):
        command = [BINARY, *arguments, "--data", str(self.data), "--config", str(self.config)]
        done = subprocess.run(command, input=input, capture_output=True, timeout=timeout)
        if check and done.returncode != 0:
            raise AssertionError(f"{command} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
        return done

    def add_user(self, name, password):
        self.run("user", "add", name, "--password-stdin", input=password.encode() + b"\n")

    def start(self, listen=(), options=(), starter=(), stderr=None, environment=None):
        """Starts it on its three ports, and on what `listen` names too; returns when it is ready. `starter` is a command that becomes
        what stands behind it. The log goes to `self.log`, or to the descriptor `stderr`."""
        addresses = [f"{protocol}=127.0.0.1:{port}" for protocol, port in self.ports.items()]
        listen = [word for address in (*addresses, *listen) for word in ("--listen", address)]
        command = [*starter, BINARY, "serve", "--data", str(self.data), "--config", str(self.config), *listen, *options]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr or log, env=environment)
        # A server that never says ready is killed, which ends the loop below with what it did say.
        alarm = threading.Timer(START_SECONDS_MAX, self.process.kill)
        alarm.start()
        said = []
        try:
            for line in self.process.stdout:
                said.append(line)
                if line.strip() == b"ready":
                    return self
        finally:
            alarm.cancel()
        self.process.wait()
        raise AssertionError(f"the server ended with {self.process.returncode} and said {said}; log:\n{self.tail()}")

    def kill(self):
        """As a crash would: no signal handler runs."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process = None

    def stop(self):
        """Asks it to end and expects that it does, without an error."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self.process.stdout.close()
        self.process = None
        assert code == 0, f"the server ended with {code}; log:\n{self.tail()}"

    def tail(self):
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""


@contextlib.contextmanager
def fermo(config="", users=(), start=True):
    """A Fermo over a temporary folder, with `users` as (name, password), ended and removed afterwards."""
    folder = tempfile.mkdtemp(prefix="fermo-test-")
    one = Fermo(folder, config)
    try:
        for name, password in users:
            one.add_user(name, password)
        if start:
            one.start()
        yield one
        one.stop()
    finally:
        if one.process is not None:
            one.kill()
        shutil.rmtree(folder, ignore_errors=True)


def without_trace_fields(message):
    """A message less the Return-Path, Delivered-To and Received that the intake put before it."""
    # Received ends with its date: a message may begin with white space, which would look like more of the field.
    for field in (rb"Return-Path: [^\r\n]*\r?\n", rb"Delivered-To: [^\r\n]*\r?\n", rb"Received: .*? \+0000\r?\n"):
        match = re.match(field, message, re.S)
        assert match, f"{field.decode()} does not match {message[:300]!r}"
        message = message[match.end():]
    return message


def canonical(message):
    """CRLF line ends, and one at the end: the form in which POP3 counts and sends it (RFC 1939 §11)."""
    message = re.sub(rb"(?<!\r)\n", b"\r\n", message)
    return message if not message or message.endswith(b"\r\n") else message + b"\r\n"
