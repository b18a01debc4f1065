#!/usr/bin/python3
"""Fermo against Dovecot, on this machine, in one run: polls, retrievals and durable deliveries.

    bench/pop3/compare.py [--binary build/release/fermo] [--rounds 3]

Needs Debian's dovecot-pop3d and dovecot-lmtpd, and root (Dovecot changes users). Both hold the same messages, speak over loopback in
plain text, and are asked by the same client; the figures are medians over rounds in which the two take turns, so that a drift of
the machine's speed meets both. Dovecot stores Maildir with its index files, processes are kept (service_count = 0), fsync is on.
CPU seconds are those of the server's whole process tree. Only the ratios mean anything elsewhere.
"""
import argparse
import concurrent.futures
import os
import pathlib
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import fermo_process  # noqa: E402

SMALL, LARGE = "small", "large"  # 3 messages; LARGE_MESSAGES of them
LARGE_MESSAGES = 5_000
POLLS, RETRIEVALS, DELIVERIES, CLIENTS = 400, 2, 1_600, 8


def message(rng, octets):
    lines = [b"Subject: benchmark %d" % rng.getrandbits(32), b"From: <a@example.test>", b""]
    lines += [b"%076d" % rng.getrandbits(240) for _ in range(octets // 78)]
    return b"\r\n".join(lines) + b"\r\n"


class Dovecot:
    def __init__(self, folder):
        self.folder, self.ports = folder, {"pop3": fermo_process.free_port(), "lmtp": fermo_process.free_port()}
        subprocess.run(["useradd", "--system", "--no-create-home", "fermobench"], check=False, capture_output=True)
        (folder / "mail").mkdir(parents=True)
        shutil.chown(folder / "mail", "fermobench")
        folder.chmod(0o755)
        self.config = folder / "dovecot.conf"
        self.config.write_text(f"""
protocols = pop3 lmtp
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
listen = 127.0.0.1
mail_location = maildir:{folder}/mail/%n
mail_uid = fermobench
mail_gid = fermobench
first_valid_uid = 1
mail_fsync = always
pop3_uidl_format = %g
auth_cache_size = 10M
mail_max_userip_connections = 100
passdb {{
  driver = static
  args = password=pass
}}
userdb {{
  driver = static
  args = uid=fermobench gid=fermobench home={folder}/mail/%n allow_all_users=yes
}}
service pop3-login {{
  service_count = 0
  process_min_avail = 2
  inet_listener pop3 {{
    port = {self.ports['pop3']}
  }}
}}
service pop3 {{
  service_count = 0
  process_min_avail = 8
}}
service lmtp {{
  process_min_avail = 8
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {self.ports['lmtp']}
  }}
}}
""")
        subprocess.run(["dovecot", "-c", self.config], check=True)
        self.pid = int((folder / "run/master.pid").read_text())

    def stop(self):
        subprocess.run(["doveadm", "-c", self.config, "stop"], check=True)


class Fermo:
    def __init__(self, folder, binary):
        folder.mkdir()
        fermo_process.BINARY = binary
        self.fermo = fermo_process.Fermo(folder)
        for name in (SMALL, LARGE, "in"):
            self.fermo.add_user(name, "pass")
        self.fermo.start()
        self.ports, self.pid = self.fermo.ports, self.fermo.process.pid

    def stop(self):
        self.fermo.stop()


def cpu_seconds(pid):
    """Of a process and everything it started, ended children included."""
    parents, ticks = {}, {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(stat.parent.name)], ticks[int(stat.parent.name)] = int(fields[1]), sum(map(int, fields[11:15]))
    total = 0
    for one in parents:
        ancestor = one
        while ancestor not in (0, pid):
            ancestor = parents.get(ancestor, 0)
        total += ticks[one] if ancestor == pid else 0
    return total / os.sysconf("SC_CLK_TCK")


def lines_of(connection):
    return connection.makefile("rb")


def deliver(port, user, messages):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        replies = lines_of(connection)

        def reply(wanted):
            line = replies.readline()
            while line[3:4] == b"-":
                line = replies.readline()
            assert line.startswith(wanted), line

        reply(b"220")
        connection.sendall(b"LHLO bench\r\n")
        reply(b"250")
        for content in messages:
            connection.sendall(b"MAIL FROM:<>\r\nRCPT TO:<%s@example.test>\r\nDATA\r\n" % user.encode())
            for wanted in (b"250", b"250", b"354"):
                reply(wanted)
            connection.sendall(content + b".\r\n")
            reply(b"250")


def converse(port, user, commands):
    """Sends everything at once, and reads to the end: what a pipelining client does. Gives the octets that came."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.recv(1000)
        connection.sendall(b"USER %s\r\nPASS pass\r\n" % user.encode())
        answers = b""
        while answers.count(b"+OK") < 2:
            answers += connection.recv(1000)
        connection.sendall(commands + b"QUIT\r\n")
        octets, buffer = 0, bytearray(1 << 18)
        while got := connection.recv_into(buffer):
            octets += got
        return octets


def side_by_side(work, amounts):
    with concurrent.futures.ProcessPoolExecutor(CLIENTS) as pool:
        return list(pool.map(work, *zip(*amounts)))


def polls(server, user):
    for _ in range(POLLS // CLIENTS):
        converse(server.ports["pop3"], user, b"STAT\r\n")


def poll_small(server):
    side_by_side(polls, [(server_ports(server), SMALL)] * CLIENTS)
    return POLLS


def poll_large(server):
    side_by_side(polls, [(server_ports(server), LARGE)] * CLIENTS)
    return POLLS


def retrieve_large(server):
    commands = b"".join(b"RETR %d\r\n" % number for number in range(1, LARGE_MESSAGES + 1))
    return sum(side_by_side(converse, [(server.ports["pop3"], LARGE, commands)] * RETRIEVALS)) / 1e6


def deliveries(server):
    rng = random.Random(1)
    one = [message(rng, 20_000)] * (DELIVERIES // CLIENTS)
    side_by_side(deliver, [(server.ports["lmtp"], "in", one)] * CLIENTS)
    return DELIVERIES


class Ports:
    def __init__(self, ports):
        self.ports = ports


def server_ports(server):
    return Ports(server.ports)


WORK = [("polls a second, 3 messages held", poll_small), (f"polls a second, {LARGE_MESSAGES:,} messages held", poll_large),
        ("MB a second, RETR of all, two clients", retrieve_large), ("durable 20 kB deliveries a second, 8 clients", deliveries)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=str(ROOT / "build/release/fermo"))
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fermo-bench-"))
    servers = {"Fermo": Fermo(folder / "fermo", arguments.binary), "Dovecot": Dovecot(folder / "dovecot")}
    try:
        rng = random.Random(0)
        large = [message(rng, min(200_000, int(rng.lognormvariate(9, 1.2)))) for _ in range(LARGE_MESSAGES)]
        for server in servers.values():
            deliver(server.ports["lmtp"], SMALL, large[:3])
            deliver(server.ports["lmtp"], LARGE, large)
        print(f"| | Fermo | Dovecot | Fermo / Dovecot | server CPU: Fermo / Dovecot |\n|---|---|---|---|---|")
        for name, work in WORK:
            rates, cpu = {key: [] for key in servers}, {key: [] for key in servers}
            for round_ in range(arguments.rounds + 1):
                for key, server in servers.items():
                    cpu_before, begin = cpu_seconds(server.pid), time.monotonic()
                    amount = work(server)
                    if round_:  # the first warms up
                        rates[key].append(amount / (time.monotonic() - begin))
                        cpu[key].append((cpu_seconds(server.pid) - cpu_before) / amount)
            f, d = (statistics.median(rates[key]) for key in servers)
            fc, dc = (statistics.median(cpu[key]) for key in servers)
            print(f"| {name} | {f:,.0f} | {d:,.0f} | {f / d:.1f} | {fc / dc:.2f} |", flush=True)
    finally:
        for server in servers.values():
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
