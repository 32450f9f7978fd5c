"""Memory that is watched, and a library whose calls are looked at."""
import ctypes
import json
import struct

PAGE = 4096
ROWS = 24  # the most rows of an axis: buffers have room for so many
FINE, ARGUMENT, STRUCTURE, VALUE, CAPACITY, WORKSPACE, TOO_LARGE = range(7)
FILE = 10
BYTES = {"f32": 4, "i64": 8, "bool": 1, "token": 4}
FORMATS = {"f32": "f", "i64": "q", "bool": "B", "token": "i"}
HUGE = [1 << 31, 1 << 40, (1 << 62) + 1, (1 << 63) - 1]
NEGATIVE = [-1, -(1 << 31), -(1 << 63)]

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


class Buffer:
    """Memory that ends (up to its alignment) at a page that nobody can touch, and has one in front; what is left
    between is watched."""

    POISON = 0xC3

    def __init__(self, size, alignment=8):
        self.size = size
        room = (size + alignment - 1) // alignment * alignment
        self.inner = max(1, (room + PAGE - 1) // PAGE) * PAGE
        self.mapping = libc.mmap(None, self.inner + 2 * PAGE, 3, 0x22, -1, 0)
        for guard in (self.mapping, self.mapping + PAGE + self.inner):
            libc.mprotect(guard, PAGE, 0)
        self.first = self.mapping + PAGE
        self.address = self.first + self.inner - room
        ctypes.memset(self.first, self.POISON, self.inner)

    def __del__(self):
        libc.munmap(self.mapping, self.inner + 2 * PAGE)

    def write(self, data, offset=0):
        assert 0 <= offset and offset + len(data) <= self.size
        ctypes.memmove(self.address + offset, data, len(data))

    def read(self, size=None, offset=0):
        return ctypes.string_at(self.address + offset, self.size - offset if size is None else size)

    def words(self):
        return list(struct.unpack(f"<{self.size // 8}q", self.read(self.size // 8 * 8)))

    def set_word(self, index, value):
        self.write(struct.pack("<Q", value & (1 << 64) - 1), 8 * index)

    def is_intact(self):
        before = self.address - self.first
        behind = self.inner - before - self.size
        return (ctypes.string_at(self.first, before) == bytes([self.POISON]) * before
                and ctypes.string_at(self.address + self.size, behind) == bytes([self.POISON]) * behind)


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int32), ("message", ctypes.c_char * 252)]


def pointer(value):
    return ctypes.c_void_p(value.address if isinstance(value, Buffer) else value)


class Wrong(Exception):
    pass


class Library:
    """A loaded library. Calls return a code, and are looked at: code and error agree, guards are whole."""

    def __init__(self, path, prefix, log):
        self.handle, self.prefix, self.log = ctypes.CDLL(path), prefix, log
        text = self.function("manifest", ctypes.c_char_p)
        self.manifest = json.loads(text())
        self.watched, self.workspace = [], lambda: None
        self.calls = 0

    def function(self, name, result=ctypes.c_int32):
        function = getattr(self.handle, f"{self.prefix}_{name}")
        function.restype = result
        return function

    def buffer(self, size, alignment=8):
        self.watched.append(Buffer(size, alignment))
        return self.watched[-1]

    def call(self, what, name, *arguments):
        """What is about to happen is written down first: it may be the last."""
        self.log.seek(0)
        self.log.write(f"{self.prefix}_{name}: {what}".ljust(400)[:400])
        self.log.flush()
        error = Error(-1, b"old")
        code = self.function(name)(*arguments, ctypes.byref(error))
        self.calls += 1
        if code == FINE and (error.code or error.message):
            if name not in ("init", "load", "save", "workspace_bytes", "state_bytes") or error.code != -1:
                raise Wrong(f"{name}, {what}: returns 0 and leaves the error {error.code}: {error.message}")
        if code != FINE and (error.code != code or len(error.message) < 5):
            raise Wrong(f"{name}, {what}: returns {code} with the error {error.code}: {error.message}")
        for buffer in [*self.watched, *filter(None, [self.workspace()])]:
            if not buffer.is_intact():
                raise Wrong(f"{name}, {what}: wrote outside of a buffer")
        self.message = error.message.decode() if code else ""
        return code

    def refuses(self, what, codes, words, name, *arguments):
        """A call that must fail, also without a place for the error."""
        codes = codes if isinstance(codes, tuple) else (codes,)
        code = self.call(what, name, *arguments)
        if code not in codes:
            raise Wrong(f"{name}, {what}: returns {code} instead of {codes}: {self.message}")
        missing = [word for word in ([words] if isinstance(words, str) else words) if word not in self.message]
        if missing:
            raise Wrong(f"{name}, {what}: the message does not say {missing}: {self.message}")
        if self.function(name)(*arguments, None) not in codes:
            raise Wrong(f"{name}, {what}: fails otherwise without a place for the error")
