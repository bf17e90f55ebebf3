# SPDX-License-Identifier: Apache-2.0
"""An object whose table of functions is made to hold a function that the stack bound did not count."""

import struct

RELATIVE = 8
PREFIX = b"\xb8"  # mov eax, imm32: the id is its last four bytes, in front of the function


class Image:
    """The bytes of an object, at the addresses where they are loaded."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = bytearray(file.read())
        start, = struct.unpack_from("<Q", self.data, 32)
        count, = struct.unpack_from("<H", self.data, 56)
        headers = [struct.unpack_from("<IIQQQQ", self.data, start + 56 * i) for i in range(count)]
        self.segments = [(address, size, offset) for kind, _, offset, address, _, size in headers if kind == 1]
        sections, = struct.unpack_from("<Q", self.data, 40)
        number, = struct.unpack_from("<H", self.data, 60)
        self.sections = [struct.unpack_from("<IIQQQQIIQQ", self.data, sections + 64 * i) for i in range(number)]

    def offset(self, address):
        return next(address - start + offset for start, size, offset in self.segments if start <= address < start + size)

    def tables(self, kind, entry):
        """(offset, entry) of everything in the sections of a type."""
        for section in self.sections:
            if section[1] == kind:
                for at in range(section[4], section[4] + section[5], struct.calcsize(entry)):
                    yield at, struct.unpack_from(entry, self.data, at), section

    def function(self, ending):
        """Where the function is whose mangled name ends so."""
        for _, (name, _, _, _, value, _), section in self.tables(2, "<IBBHQQ"):
            start = self.sections[section[6]][4] + name
            if self.data[start:self.data.index(0, start)].endswith(ending.encode()):
                return value
        raise KeyError(ending)

    def id(self, function):
        at = self.offset(function) - 5
        assert self.data[at:at + 1] == PREFIX
        return bytes(self.data[at + 1:at + 5])

    def set_id(self, function, id_bytes):
        at = self.offset(function) - 4
        self.data[at:at + 4] = id_bytes

    def pointers(self, function):
        """(offset of the relocation, place) of each pointer to it."""
        return [(at, place) for at, (place, info, addend), _ in self.tables(4, "<QQq")
                if info == RELATIVE and addend == function]

    def point(self, pointer, function):
        at, place = pointer
        struct.pack_into("<q", self.data, at + 16, function)
        struct.pack_into("<Q", self.data, self.offset(place), function)

    def redirect(self, old, new):
        """The last of the pointers to one function leads to another one."""
        self.point(self.pointers(old)[-1], new)

    def exchange(self, one, other):
        """All pointers to one lead to the other, and the other way round."""
        to_one, to_other = self.pointers(one), self.pointers(other)
        for pointer in to_one:
            self.point(pointer, other)
        for pointer in to_other:
            self.point(pointer, one)

    def write(self, path):
        with open(path, "wb") as file:
            file.write(self.data)
