"""Disks that lose their power: file systems on loop devices on images whose writes and flushes are recorded in their order
(recording_disk.cc), and what a cut after any of these operations leaves of them. Needs root."""
import contextlib
import dataclasses
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from waiting import until  # noqa: E402

RECORDER = os.environ.get("FERMO_RECORDING_DISK", "")
HEADER = struct.Struct("<QIHH")  # as recording_disk.cc writes it
WRITE, FLUSH = 0, 1
IMAGE_OCTETS = 320 << 20  # the least that mkfs.xfs takes is 300 MB
LOSSES = ("everything", "tail", "torn")
WORK_FOLDER_PREFIX = "fermo-disks-"


@dataclasses.dataclass(frozen=True)
class FileSystem:
    format: tuple
    options: str
    sector: int  # what a write leaves wholly or not at all


FILE_SYSTEMS = {
    # noauto_da_alloc: ext4 does not put right what a program that renames without fsync did wrong.
    "ext4": FileSystem(("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0"), "loop,noauto_da_alloc", 512),
    # By design xfs does not recover a block of a folder that is torn: it takes a new first sector for a new block.
    "xfs": FileSystem(("mkfs.xfs", "-q"), "loop", 4096),
}


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise OSError(f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stderr.strip()}")


def unmount(folder):
    """A process that was killed lets go of its files a moment later."""
    until(lambda: subprocess.run(["umount", folder], capture_output=True, timeout=120).returncode == 0, f"{folder} is unmounted")


def missing(kind):
    """Why such disks cannot be had here, or nothing. For what is no file system, whether any can."""
    if os.geteuid() != 0:
        return "only root can mount disks"
    if not os.path.exists("/dev/fuse"):
        return "there is no /dev/fuse"
    try:
        with work_folder() as folder:
            rehearsed = Disks(folder, kind if kind in FILE_SYSTEMS else "ext4", 1)
            rehearsed.format()
            with rehearsed.unrecorded():
                return None
    except OSError as error:
        return str(error)


def work_folder():
    """Memory where there is any to spare: nothing here has to outlive the test."""
    memory = pathlib.Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 4 << 30
    return tempfile.TemporaryDirectory(prefix=WORK_FOLDER_PREFIX, dir=memory if roomy else None)


@contextlib.contextmanager
def mounted(kind, image, at):
    at.mkdir(exist_ok=True)
    run("mount", "-t", kind, "-o", FILE_SYSTEMS[kind].options, image, at)
    try:
        yield at
    finally:
        unmount(at)


@contextlib.contextmanager
def recorder(program, folder, *arguments):
    """A program that records what is done below `folder`; gives the file with the position."""
    process = subprocess.Popen([program, folder, *arguments], stdout=subprocess.PIPE)
    try:
        if process.stdout.readline() != b"ready\n":
            raise OSError(f"{program} ended with {process.wait()}")
        try:
            position_file = os.open(folder / "position", os.O_RDONLY)
            try:
                yield position_file
            finally:
                os.close(position_file)
        finally:
            unmount(folder)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def position_in(file):
    return int(os.pread(file, 32, 0))


class Log:
    """What was recorded: operations in their order, on all disks."""

    def __init__(self, path):
        self.path = path
        self.operations = []  # (disk, kind, offset on the disk, octets, where they are in the file)
        with open(path, "rb") as file:
            while header := file.read(HEADER.size):
                offset, octets, disk, kind = HEADER.unpack(header)
                self.operations.append((disk, kind, offset, octets, file.tell()))
                file.seek(octets, os.SEEK_CUR)

    def __len__(self):
        return len(self.operations)

    def after_cut(self, cut, loss, draw, sector, bases, images):
        """Makes the images that a cut after so many operations leaves. Everything before a disk's last flush is there; of
        what came later nothing, a part from the beginning, or any sectors."""
        for base, image in zip(bases, images):
            run("cp", "--sparse=always", base, image)
        with contextlib.ExitStack() as stack:
            log = stack.enter_context(open(self.path, "rb")).fileno()
            files = [stack.enter_context(open(image, "r+b")).fileno() for image in images]
            for disk, file in enumerate(files):
                self.apply(disk, file, log, cut, loss, draw, sector)

    def apply(self, disk, file, log, cut, loss, draw, sector):
        ours = [n for n, operation in enumerate(self.operations[:cut]) if operation[0] == disk]
        flushed = max((n for n in ours if self.operations[n][1] == FLUSH), default=-1)
        writes = [n for n in ours if self.operations[n][1] == WRITE]
        pending = sum(n > flushed for n in writes)
        kept = {"everything": 0, "tail": draw.randint(0, pending), "torn": pending}[loss]
        for n in writes[:len(writes) - pending + kept]:
            _, _, offset, octets, at = self.operations[n]
            content = os.pread(log, octets, at)
            if n < flushed or loss != "torn":
                os.pwrite(file, content, offset)
                continue
            fate = draw.random()
            for begin in range(0, octets, sector):
                if fate < 0.4 or (fate < 0.7 and draw.random() < 0.5):
                    os.pwrite(file, content[begin:begin + sector], offset + begin)


class Disks:
    """Some disks with the same file system, mounted at `folders`, whose operations are recorded while the context lasts."""

    def __init__(self, folder, kind, count):
        self.folder, self.kind = pathlib.Path(folder), kind
        self.bases = [self.folder / f"base{n}" for n in range(count)]
        self.images = [self.folder / f"image{n}" for n in range(count)]
        self.folders = [self.folder / f"disk{n}" for n in range(count)]
        self.log_path = self.folder / "log"
        self.fuse = self.folder / "fuse"
        self.position_path = self.fuse / "position"

    def format(self):
        for base in self.bases:
            with open(base, "wb") as file:
                file.truncate(IMAGE_OCTETS)
            run(*FILE_SYSTEMS[self.kind].format, base)

    @contextlib.contextmanager
    def unrecorded(self):
        """To prepare what the disks begin with."""
        with contextlib.ExitStack() as stack:
            for base, folder in zip(self.bases, self.folders):
                stack.enter_context(mounted(self.kind, base, folder))
            yield self.folders

    @contextlib.contextmanager
    def recorded(self):
        """Afterwards `log` holds what was recorded."""
        self.log_path.unlink(missing_ok=True)
        for base, image in zip(self.bases, self.images):
            run("cp", "--sparse=always", base, image)
        self.fuse.mkdir(exist_ok=True)
        with recorder(RECORDER, self.fuse, self.log_path, *self.images) as self.position_file, contextlib.ExitStack() as stack:
            for n, folder in enumerate(self.folders):
                stack.enter_context(mounted(self.kind, self.fuse / str(n), folder))
            yield self.folders
        self.log = Log(self.log_path)

    def position(self):
        """How many operations have been recorded. What was acknowledged before must stand after a cut at this or later."""
        return position_in(self.position_file)

    def make_images(self, name, cut, loss, seed):
        images = [self.folder / f"{name}{n}" for n in range(len(self.bases))]
        sector = FILE_SYSTEMS[self.kind].sector
        self.log.after_cut(cut, loss, random.Random(seed), sector, self.bases, images)
        return images

    @contextlib.contextmanager
    def after_cut(self, cut, loss, seed):
        """The disks, mounted again, as a cut left them. The same seed leaves the same."""
        images = self.make_images("found", cut, loss, seed)
        with contextlib.ExitStack() as stack:
            for image, folder in zip(images, self.folders):
                stack.enter_context(mounted(self.kind, image, folder))
            yield self.folders

    def continue_after(self, cut, loss, seed):
        """What the cut left is what the disks begin with from now on."""
        for image, base in zip(self.make_images("fresh", cut, loss, seed), self.bases):
            image.rename(base)
