#!/usr/bin/python3
"""What it costs to make a batch of small files durable: fsync one after the other, from several threads, and syncfs.

    bench/fetch/syncs.py [FOLDER]      on the file system to be looked at; by default the one of the temporary files

A batch of a fetch into a Maildir is 100 files. Only the ratios mean anything elsewhere; docs/decisions/0007 has what came of it.
"""
import concurrent.futures
import ctypes
import os
import shutil
import sys
import tempfile
import time

BATCHES, FILES, OCTETS = 5, 100, 4096
SYNC_FILE_RANGE_WRITE = 2
libc = ctypes.CDLL("libc.so.6", use_errno=True)


def write_batch(folder):
    files = []
    for number in range(FILES):
        file = os.open(f"{folder}/{len(os.listdir(folder))}.{number}", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        os.write(file, os.urandom(OCTETS))
        libc.sync_file_range(file, ctypes.c_long(0), ctypes.c_long(0), SYNC_FILE_RANGE_WRITE)
        files.append(file)
    return files


def in_turn(files):
    for file in files:
        os.fsync(file)


def from_threads(threads):
    pool = concurrent.futures.ThreadPoolExecutor(threads)
    return lambda files: list(pool.map(os.fsync, files))


def all_of_it(files):
    if libc.syncfs(files[0]) != 0:
        raise OSError(ctypes.get_errno(), "syncfs")


def milliseconds_each(folder, sync):
    own = tempfile.mkdtemp(dir=folder)
    took = 0
    try:
        for _ in range(BATCHES):
            files = write_batch(own)
            begin = time.monotonic()
            sync(files)
            took += time.monotonic() - begin
            for file in files:
                os.close(file)
    finally:
        shutil.rmtree(own)
    return 1e3 * took / (BATCHES * FILES)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else tempfile.gettempdir()
    ways = {"in turn": in_turn, **{f"{n} threads": from_threads(n) for n in (2, 4, 8, 16, 32)}, "syncfs": all_of_it}
    first = None
    print("| way | ms a file | of in turn |\n|---|---|---|")
    for name, sync in ways.items():
        each = milliseconds_each(folder, sync)
        first = first or each
        print(f"| {name} | {each:.2f} | 1/{first / each:.0f} |", flush=True)


if __name__ == "__main__":
    main()
