#!/usr/bin/env python3
"""A disk that loses what was not synced: an image in a file system of its own, by FUSE.

What is written counts as seen at once and as kept once a sync has followed. At a cut each later
write is kept, lost or torn: of a torn one some sectors are there and the others are as they were,
in no order. So it is with a disk that has a cache, and the kernel asks for no more.

The protocol is the kernel's own (linux/fuse.h, 7.31), of which a file that is read, written and
synced needs little; no library is needed for that.
"""

import ctypes
import os
import random
import select
import shutil
import signal
import socket
import stat
import struct
import sys

SECTOR = 4096  # today's disks write as much at once, and ext4 relies on it for its superblock
WRITE_MAX = 1 << 17
IN, ROOT = 40, 1  # bytes of a header; the folder's node
LOOKUP, FORGET, GETATTR, SETATTR, OPEN, READ, WRITE = 1, 2, 3, 4, 14, 15, 16
RELEASE, FSYNC, FLUSH, INIT, INTERRUPT, BATCH_FORGET = 18, 20, 25, 26, 36, 42
BIG_WRITES, MAX_PAGES = 1 << 5, 1 << 22
ENOENT, EIO, ENOSYS = 2, 5, 38


class Server:
    """One image; each time the power comes back it has a new name, so that nobody remembers the old one."""

    def __init__(self, fuse, seen, kept):
        self.fuse, self.boot = fuse, 0
        self.seen_path, self.kept_path = seen, kept
        self.seen, self.kept = os.open(seen, os.O_RDWR), os.open(kept, os.O_RDWR)
        self.bytes = os.fstat(self.seen).st_size
        self.waiting, self.is_on = [], True

    def attr(self, node):
        mode, size = (stat.S_IFDIR | 0o700, 0) if node == ROOT else (stat.S_IFREG | 0o600, self.bytes)
        return struct.pack('<6Q10I', node, size, size // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0,
                           4096, 0)

    def write(self, offset, data):
        os.pwrite(self.seen, data, offset)
        if self.is_on:
            self.waiting.append((offset, data))

    def sync(self):
        for offset, data in self.waiting:
            os.pwrite(self.kept, data, offset)
        self.waiting.clear()

    def cut(self, seed):
        """How many were kept, lost and torn. What is written from now on is nowhere."""
        rng, fates = random.Random(seed), [0, 0, 0]
        weights = rng.choice([(1, 1, 1), (1, 8, 1), (8, 1, 1), (1, 1, 8)])
        for offset, data in self.waiting:
            fate = rng.choices(range(3), weights)[0]
            fates[fate] += 1
            for at in range(0, len(data), SECTOR):
                if fate == 0 or fate == 2 and rng.random() < 0.5:
                    os.pwrite(self.kept, data[at:at + SECTOR], offset + at)
        self.waiting.clear()
        self.is_on = False
        return fates

    def turn_on(self):
        shutil.copyfile(self.kept_path, self.seen_path)
        self.boot += 1
        self.is_on = True

    def answer(self, op, node, body):
        """(error, bytes); None: no answer is wanted."""
        if op in (FORGET, BATCH_FORGET, INTERRUPT):
            return None
        if op == INIT:
            return 0, struct.pack('<4I2H2I2H8I', 7, 31, 1 << 17, BIG_WRITES | MAX_PAGES, 16, 12,
                                  WRITE_MAX, 1, WRITE_MAX // 4096, 0, *[0] * 8)
        if op == LOOKUP:
            if body.rstrip(b'\0') != b'disk-%d' % self.boot:
                return ENOENT, b''
            return 0, struct.pack('<4Q2I', ROOT + 1 + self.boot, 0, 0, 0, 0, 0) + self.attr(2)
        if op in (GETATTR, SETATTR):
            return 0, struct.pack('<Q2I', 0, 0, 0) + self.attr(node)
        if op == OPEN:
            return 0, struct.pack('<Q2I', 0, 0, 0)
        if op in (RELEASE, FLUSH):
            return 0, b''
        if op == FSYNC:
            if self.is_on:
                self.sync()
            return 0, b''
        if op in (READ, WRITE):
            _, offset, size = struct.unpack_from('<2QI', body)
            if op == READ:
                return 0, os.pread(self.seen, size, offset)
            self.write(offset, body[IN:IN + size])
            return 0, struct.pack('<2I', size, 0)
        return ENOSYS, b''

    def request(self):
        """False: it was unmounted."""
        try:
            asked = os.read(self.fuse, WRITE_MAX + 4096)
        except OSError as e:
            return e.errno == ENOENT  # a request that was taken back
        _, op, unique, node = struct.unpack_from('<2I2Q', asked)
        try:
            said = self.answer(op, node, asked[IN:])
        except OSError as e:
            said = e.errno or EIO, b''
        if said:
            os.write(self.fuse, struct.pack('<IiQ', 16 + len(said[1]), -said[0], unique) + said[1])
        return True


class Disk:
    """The other end: mounted at 'folder', its image is folder/disk-<n>. Root, in a namespace of its own."""

    def __init__(self, image, folder):
        self.image, self.kept, self.folder = image, image.with_name(image.name + '.kept'), folder
        self.boot, self.server = 0, None

    def path(self):
        return self.folder / f'disk-{self.boot}'

    def open(self):
        """The image has been made, and nobody uses it but us."""
        shutil.copyfile(self.image, self.kept)
        self.folder.mkdir(exist_ok=True)
        fuse = os.open('/dev/fuse', os.O_RDWR)
        options = f'fd={fuse},rootmode=40000,user_id=0,group_id=0'.encode()
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b'disk', os.fsencode(self.folder), b'fuse', 0, options):
            raise OSError(ctypes.get_errno(), 'a file system by FUSE could not be mounted')
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.server = os.fork()
        if self.server == 0:
            self.control.close()
            try:
                serve(Server(fuse, self.image, self.kept), theirs)
            finally:
                os._exit(1)
        theirs.close()
        os.close(fuse)
        self.boot = 0

    def ask(self, words):
        self.control.send(words.encode())
        said = self.control.recv(256).decode()
        if not said:
            raise OSError('the disk has gone')
        return said

    def n_waiting(self):
        return int(self.ask('waiting'))

    def cut(self, seed):
        """(kept, lost, torn) of what was not synced."""
        return tuple(map(int, self.ask(f'cut {seed}').split()))

    def turn_on(self):
        """The file system on it is unmounted; path() is another afterwards."""
        self.ask('on')
        self.boot += 1

    def close(self):
        if not self.server:
            return
        ctypes.CDLL(None).umount2(os.fsencode(self.folder), 0)
        self.control.close()
        os.waitpid(self.server, 0)
        self.server = None


def serve(server, control):
    """Until it is unmounted, or nobody asks any more."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    while True:
        ready, _, _ = select.select([control, server.fuse], [], [])
        if server.fuse in ready and not server.request():
            return
        if control not in ready:
            continue
        words = control.recv(64).decode().split()
        if not words:
            return
        if words[0] == 'cut':
            control.send(' '.join(map(str, server.cut(int(words[1])))).encode())
        elif words[0] == 'on':
            server.turn_on()
            control.send(b'on')
        else:
            control.send(str(len(server.waiting)).encode())
