"""A folder that loses its power by the letter of POSIX: what fsync did not come after may be lost, of each file and of each folder
for itself. No journal makes good what a program forgot. It is what remains of a tree of files, replayed from a recording
(recording_folder.cc). Needs root and /dev/fuse."""
import contextlib
import os
import pathlib
import random
import shutil
import stat
import struct

from power_disks import position_in, recorder, run, unmount

RECORDER = os.environ.get("FERMO_RECORDING_FOLDER", "")
HEADER = struct.Struct("<QQIHH")  # as recording_folder.cc writes it
WRITE, TRUNCATE, SYNC, SYNC_FOLDER, MAKE, LINK, REMOVE, RENAME, MODE = range(9)
SECTOR = 512


class File:
    """The octets that are safe, and what was done since."""

    def __init__(self, mode, octets=b""):
        self.mode, self.safe, self.pending = mode, bytearray(octets), []

    @staticmethod
    def change(octets, offset, content):
        """`content` written at `offset`; None cuts the file there."""
        missing = offset - len(octets)
        octets.extend(bytes(max(0, missing)))
        if content is None:
            del octets[offset:]
        else:
            octets[offset:offset + len(content)] = content

    def sync(self):
        for offset, content in self.pending:
            self.change(self.safe, offset, content)
        self.pending = []

    def remains(self, loss, draw):
        octets = bytearray(self.safe)
        for offset, content in kept(self.pending, loss, draw):
            if loss == "torn" and content is not None and draw.random() < 0.3:
                for begin in range(0, len(content), SECTOR):
                    if draw.random() < 0.5:
                        self.change(octets, offset + begin, content[begin:begin + SECTOR])
            else:
                self.change(octets, offset, content)
        return octets


class Folder:
    """The entries that are safe, what was done since, and what is there while there is power."""

    def __init__(self, mode):
        self.mode, self.safe, self.pending, self.live = mode, {}, [], {}

    def enter(self, entries):
        """Names with what they stand for from now on, or None; all at once."""
        self.pending.append(entries)
        self.apply(self.live, entries)

    @staticmethod
    def apply(to, entries):
        to.update(entries)
        for name in [name for name, node in entries.items() if node is None]:
            del to[name]

    def sync(self):
        self.safe, self.pending = dict(self.live), []

    def remains(self, loss, draw):
        entries = dict(self.safe)
        for change in kept(self.pending, loss, draw):
            entries.update(change)
        return {name: node for name, node in entries.items() if node is not None}


def kept(pending, loss, draw):
    if loss == "everything":
        return []
    if loss == "tail":
        return pending[:draw.randint(0, len(pending))]
    return [one for one in pending if draw.random() < 0.5]


def inodes_of(top):
    """By path below `top`."""
    paths = [top, *top.rglob("*")]
    return {path.relative_to(top): path.lstat().st_ino for path in paths}


def read_tree(path, top, inodes, nodes):
    """What is at `path`, all of it safe. `nodes` gets it by the inode that `inodes` has for it."""
    mode, inode = path.lstat().st_mode, inodes[path.relative_to(top)]
    if stat.S_ISDIR(mode):
        node = nodes[inode] = Folder(mode)
        node.safe = {below.name: read_tree(below, top, inodes, nodes) for below in path.iterdir()}
        node.live = dict(node.safe)
    elif inode not in nodes:
        nodes[inode] = File(mode, path.read_bytes() if stat.S_ISREG(mode) else b"")
    return nodes[inode]


def write_tree(node, path, loss, draw, written):
    if isinstance(node, Folder):
        path.mkdir(exist_ok=True)
        path.chmod(stat.S_IMODE(node.mode))
        for name, below in sorted(node.remains(loss, draw).items()):
            write_tree(below, path / name, loss, draw, written)
    elif stat.S_ISREG(node.mode):  # a socket that nobody listens on is as good as none
        if node in written:
            os.link(written[node], path)
            return
        path.write_bytes(node.remains(loss, draw))
        path.chmod(stat.S_IMODE(node.mode))
        written[node] = path


class Log:
    def __init__(self, path):
        self.octets = pathlib.Path(path).read_bytes()
        self.operations = []
        at = 0
        while at < len(self.octets):
            inode, other, octets, kind, name = HEADER.unpack_from(self.octets, at)
            at += HEADER.size
            self.operations.append((kind, inode, other, os.fsdecode(self.octets[at:at + name]), at + name, octets))
            at += name + octets

    def __len__(self):
        return len(self.operations)

    def replay_until(self, cut, nodes):
        for operation in self.operations[:cut]:
            self.replay(nodes, *operation)

    def replay(self, nodes, kind, inode, other, name, at, octets):
        node, content = nodes[inode], self.octets[at:at + octets]
        if kind == WRITE:
            node.pending.append((other, content))
        elif kind == TRUNCATE:
            node.pending.append((other, None))
        elif kind in (SYNC, SYNC_FOLDER):
            node.sync()
        elif kind == MAKE:
            mode, = struct.unpack("<I", content)
            nodes[other] = Folder(mode) if stat.S_ISDIR(mode) else File(mode)
            node.enter({name: nodes[other]})
        elif kind == LINK:
            node.enter({name: nodes[other]})
        elif kind == REMOVE:
            node.enter({name: None})
        elif kind == RENAME:
            self.rename(node, name, nodes[other], os.fsdecode(content))
        elif kind == MODE:
            node.mode = stat.S_IFMT(node.mode) | other

    @staticmethod
    def rename(before, name, after, new_name):
        moved = before.live[name]
        if before is after:
            before.enter({name: None, new_name: moved})
        else:
            after.enter({new_name: moved})
            before.enter({name: None})


class ForgetfulFolder:
    """One folder, used as power_disks.Disks is."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.base, self.seen = self.folder / "base", self.folder / "disk0"
        self.log_path = self.folder / "log"
        self.position_path = self.seen / "position"

    def format(self):
        self.base.mkdir()
        self.seen.mkdir()

    @contextlib.contextmanager
    def showing(self, folder):
        """Has it where the program looks for it."""
        run("mount", "--bind", folder, self.seen)
        try:
            yield [self.seen]
        finally:
            unmount(self.seen)

    def unrecorded(self):
        return self.showing(self.base)

    @contextlib.contextmanager
    def recorded(self):
        """Afterwards `log` holds what was recorded."""
        self.log_path.unlink(missing_ok=True)
        underneath = self.emptied("underneath")
        run("cp", "-a", "-T", self.base, underneath)
        self.inodes = inodes_of(underneath)
        with recorder(RECORDER, self.seen, self.log_path, underneath) as self.position_file:
            yield [self.seen]
        self.log = Log(self.log_path)

    def position(self):
        return position_in(self.position_file)

    def emptied(self, name):
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        return path

    def make_tree(self, name, cut, loss, seed):
        nodes = {}
        root = read_tree(self.base, self.base, self.inodes, nodes)
        self.log.replay_until(cut, nodes)
        top = self.emptied(name)
        write_tree(root, top, loss, random.Random(seed), {})
        return top

    def after_cut(self, cut, loss, seed):
        """What a cut left, in its place. The same seed leaves the same."""
        return self.showing(self.make_tree("found", cut, loss, seed))

    def continue_after(self, cut, loss, seed):
        """What the cut left is what it begins with from now on."""
        fresh = self.make_tree("fresh", cut, loss, seed)
        shutil.rmtree(self.base)
        fresh.rename(self.base)
