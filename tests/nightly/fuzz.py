#!/usr/bin/python3
"""Runs the libFuzzer targets for as long as there is time, and keeps a ledger of it in docs/security/fuzzing.md.

  tests/nightly/fuzz.py [--runs N] [--hours H] [--slice N] [--jobs N] [--corpus FOLDER] [--coverage] [TARGET…]

Most slices are run without sanitizers and with short inputs, six times as fast; one of 25 has all that they found before it under ASan and UBSan, and
tries inputs of any length.

Each target gets --runs executions over as many nights as they take (100,000,000), the one that has fewest first, in slices of --slice
executions after each of which the ledger is written; what is found stays as a corpus for the next night, in the build folder or in
FOLDER/TARGET, which outlives that one. Ends with 1 when a target finds something: the input lies beside it, and its name is said. --coverage
builds the targets once more, runs them over their corpora and notes the lines that they reach. Two presets must have been built:
tools/build fuzz fuzz_targets; tools/build fuzz-quick fuzz_targets.
"""
import argparse
import concurrent.futures
import fnmatch
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

from reports import ROOT, SECURITY, write_table

LEDGER = SECURITY / "fuzzing.md"
ROW = re.compile(r"^\| `(\w+)` \| [^|]* \| ([\d,]+) \| ([\d,]+) \| ([\d,]+|–) \| ([^|]*) \|$", re.MULTILINE)
SLICE_SECONDS_MAX = 4 * 3600
SANITIZED_OF = 25  # executions, at least one
QUICK = ["-max_len=256"]

# What each target reads, and the files whose lines it is there to reach.
TARGETS = {
    "auth_ipc_fuzz": ("frames between net and auth", ["src/auth_ipc/wire.cc"]),
    "config_fuzz": ("the configuration, the file of accounts", ["src/config/*.cc", "src/fetch_accounts/account_file.cc", "src/fetch_accounts/account_keys.cc"]),
    "dot_codec_fuzz": ("the content of DATA", ["src/mail/dot_codec.cc", "src/mail/wire_message.cc"]),
    "fetch_import_fuzz": ("files of other fetchers", ["src/fetch/*_import.cc", "src/fetch/import_text.cc"]),
    "fetch_ipc_fuzz": ("what fetch and its processes say to each other", ["src/fetcher/worker_notes.cc", "src/fermo/fetch_errand.cc"]),
    "imap_append_fuzz": ("replies of an IMAP server", ["src/imap/append_*.cc", "src/imap/response.cc"]),
    "keys_ipc_fuzz": ("frames between net and keys, what is to be signed", ["src/keys/wire.cc", "src/keys/answer.cc", "src/keys/tls_content.cc"]),
    "lmtp_server_fuzz": ("commands, DATA and BDAT of LMTP", [f"src/smtp/{name}.cc" for name in (
        "arguments", "command", "content", "intake", "reply", "server_session", "transaction")]),
    "pop3_client_fuzz": ("replies of a POP3 server", ["src/pop3/client_*.cc"]),
    "pop3_server_fuzz": ("commands of POP3, AUTH", [f"src/pop3/{name}.cc" for name in (
        "authorization", "capability", "command", "maildrop_view", "reply", "server_session", "transaction")]),
    "sasl_fuzz": ("responses and challenges of each SASL mechanism", ["src/sasl/*.cc"]),
    "smtp_client_fuzz": ("replies of an SMTP or LMTP server", ["src/smtp/client_*.cc"]),
    "store_ipc_fuzz": ("frames between net, commands and store", ["src/maildrop_ipc/wire_*.cc", "src/maildrop_ipc/store_session.cc"]),
    "store_records_fuzz": ("records of the store", ["src/maildrop_rocks/records.cc", "src/maildrop_rocks/keys.cc"]),
    "store_wal_fuzz": ("the log of the store", ["src/maildrop_rocks/wal_check.cc", "src/maildrop_rocks/attestation.cc"]),
}


def number_in(text):
    return int(text.replace(",", ""))


# --- The ledger ------------------------------------------------------------------------------------------------------------------------------


class Ledger:
    """What was done so far: executions, those of them with sanitizers, how many of those in a second of processor time, and the lines covered as text."""

    def __init__(self, path=LEDGER):
        self.path = path
        self.lock = threading.Lock()
        self.rows = {name: [0, 0, None, "–"] for name in TARGETS}
        text = path.read_text() if path.exists() else ""
        for name, executions, sanitized, rate, lines in ROW.findall(text):
            self.rows[name] = [number_in(executions), number_in(sanitized), None if rate == "–" else number_in(rate), lines.strip()]

    def executions(self, name):
        return self.rows[name][0]

    def may_be_quick(self, name):
        """As many as should be have been run with sanitizers."""
        executions, sanitized, *_ = self.rows[name]
        return sanitized * SANITIZED_OF > executions

    def add(self, name, executions, processor_seconds, quick):
        with self.lock:
            self.rows[name][0] += executions
            if not quick:
                self.rows[name][1] += executions
                self.rows[name][2] = round(executions / max(processor_seconds, 0.01))
            self.write()

    def note_lines(self, name, text):
        with self.lock:
            self.rows[name][3] = text
            self.write()

    def table(self):
        lines = ["| target | reads | executions | with sanitizers | of these in a second | lines |", "| --- | --- | ---: | ---: | ---: | --- |"]
        for name, (executions, sanitized, rate, covered) in sorted(self.rows.items()):
            reads = TARGETS[name][0] if name in TARGETS else ""
            lines.append(f"| `{name}` | {reads} | {executions:,} | {sanitized:,} | {f'{rate:,}' if rate else '–'} | {covered} |")
        return lines

    def write(self):
        write_table(self.path, "| target |", self.table())


# --- Running ---------------------------------------------------------------------------------------------------------------------------------


def commands(build, names, corpus):
    """The command of each target, as the build has it for its tests. What is found goes to a folder in `corpus` if that is given."""
    said = subprocess.run(["ctest", "--test-dir", build, "-L", "fuzz", "--show-only=json-v1"], check=True, capture_output=True, text=True)
    found = {test["name"]: test["command"] for test in json.loads(said.stdout)["tests"] if test.get("command")}
    if missing := sorted(set(names) - set(found)):
        sys.exit(f"not built in {build}: {', '.join(missing)}; tools/build {build.name} fuzz_targets does it")
    return {name: with_corpus(found[name], corpus / name if corpus else None) for name in names}


def with_corpus(command, folder):
    """libFuzzer reads all folders that it is given, and writes to the first."""
    if folder is None:
        return command
    folder.mkdir(parents=True, exist_ok=True)
    first = next(i for i, word in enumerate(command) if i > 0 and not word.startswith("-"))
    return [*command[:first], str(folder), *command[first:]]


def statistic(name, said):
    match = re.search(rf"^stat::{name}:\s+(\d+)", said, re.MULTILINE)
    return int(match.group(1)) if match else None


def run_slice(command, runs, ledger, name, quick):
    """Whether the target found nothing. What it says is shown when it did."""
    command = [word for word in command if not word.startswith(("-max_total_time", "-runs"))]
    command += [f"-runs={runs}", f"-max_total_time={SLICE_SECONDS_MAX}"]
    if quick:
        command += QUICK
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)  # processor time: how busy the machine is says nothing of the target
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read()
    executed = statistic("number_of_executed_units", said)
    if process.returncode != 0 or executed is None:
        print(f"{name} FOUND SOMETHING:\n{said[-5000:]}", flush=True)
        return False
    ledger.add(name, executed, used.ru_utime + used.ru_stime, quick)
    print(f"{name}: {executed:,} executions, {ledger.executions(name):,} in all", flush=True)
    return True


def fuzz(options, ledger, sanitized, quick):
    """Slice after slice until the time is up or all have their share; the names of the targets that found something."""
    end = time.monotonic() + options.hours * 3600
    broken = []

    def next_target(busy):
        left = [name for name in options.targets if name not in busy and name not in broken and ledger.executions(name) < options.runs]
        return min(left, key=ledger.executions, default=None)

    busy = {}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        while True:
            while len(busy) < options.jobs and time.monotonic() < end and (name := next_target(busy)):
                runs = min(options.slice, options.runs - ledger.executions(name))
                is_quick = ledger.may_be_quick(name)
                busy[name] = pool.submit(run_slice, (quick if is_quick else sanitized)[name], runs, ledger, name, is_quick)
            if not busy:
                return broken
            concurrent.futures.wait(busy.values(), return_when=concurrent.futures.FIRST_COMPLETED)
            for name in [name for name, slice_ in busy.items() if slice_.done()]:
                if not busy.pop(name).result():
                    broken.append(name)


# --- Coverage --------------------------------------------------------------------------------------------------------------------------------


def measure(options, ledger, found):
    """Builds the targets with coverage, runs each once over all that was found, and notes what it reaches of its files."""
    build = ROOT / "build/fuzz-coverage"
    subprocess.run(["cmake", "--preset", "coverage", "-B", build, "-DFERMO_FUZZ=ON"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", build, "-j", str(options.jobs), "--target", *options.targets], check=True, stdout=subprocess.DEVNULL)
    for name in options.targets:
        program = build / "tests/fuzz" / name
        profile = build / f"{name}.profraw"
        corpora = [word for word in found[name][1:] if not word.startswith("-")]
        subprocess.run([program, "-runs=0", *corpora], env={**os.environ, "LLVM_PROFILE_FILE": str(profile)}, check=True, capture_output=True)
        subprocess.run(["llvm-profdata-19", "merge", "-sparse", profile, "-o", f"{profile}.data"], check=True)
        said = subprocess.run(["llvm-cov-19", "export", "-summary-only", program, f"-instr-profile={profile}.data"], check=True, capture_output=True)
        ledger.note_lines(name, lines_text(name, json.loads(said.stdout)["data"][0]["files"]))
        print(f"{name}: {ledger.rows[name][3]}", flush=True)


def lines_text(name, files):
    total = covered = 0
    for file in files:
        path = os.path.relpath(os.path.realpath(file["filename"]), ROOT)
        if any(fnmatch.fnmatch(path, pattern) for pattern in TARGETS[name][1]) and not path.endswith("_test.cc"):
            total += file["summary"]["lines"]["count"]
            covered += file["summary"]["lines"]["covered"]
    assert total, f"{name}: no lines of {TARGETS[name][1]} are in the report of llvm-cov"
    return f"{100 * covered / total:.1f} % of {total:,}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=int, default=100_000_000, help="executions for each target, with those of the nights before")
    arguments.add_argument("--hours", type=float, default=8.0, help="when to begin no further slice")
    arguments.add_argument("--slice", type=int, default=1_000_000, help="executions between two entries in the ledger")
    arguments.add_argument("--jobs", type=int, default=os.cpu_count(), help="targets at once")
    arguments.add_argument("--build", type=pathlib.Path, default=ROOT / "build/fuzz", help="the build folder of the preset fuzz")
    arguments.add_argument("--quick-build", type=pathlib.Path, default=ROOT / "build/fuzz-quick", help="that of the preset fuzz-quick")
    arguments.add_argument("--corpus", type=pathlib.Path, metavar="FOLDER", help="where what is found stays; else the build folder")
    arguments.add_argument("--coverage", action="store_true", help="measure the lines afterwards")
    arguments.add_argument("targets", nargs="*", metavar="TARGET", default=sorted(TARGETS))
    options = arguments.parse_args()
    if unknown := set(options.targets) - set(TARGETS):
        arguments.error(f"no such target: {', '.join(sorted(unknown))}")
    ledger = Ledger()
    sanitized = commands(options.build, options.targets, options.corpus)
    programs = commands(options.quick_build, options.targets, None)
    quick = {name: [programs[name][0], *sanitized[name][1:]] for name in options.targets}  # over the same corpora
    broken = fuzz(options, ledger, sanitized, quick)
    if options.coverage:
        measure(options, ledger, sanitized)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
