# SPDX-License-Identifier: Apache-2.0
"""An object whose table of functions is made to hold a function that the stack bound did not count."""

import pathlib
import struct

from elf import Object

PREFIX = b"\xb8"  # mov eax, imm32: the id is its last four bytes, in front of the function
ADDEND = 16  # where it is in a relocation (Elf64_Rela)


class Image(Object):
    """The bytes of an object, at the addresses where they are loaded."""

    def __init__(self, path):
        super().__init__(bytearray(pathlib.Path(path).read_bytes()))

    def function(self, ending):
        """Where the function is whose mangled name ends so."""
        return next(symbol.value for symbol in self.symbols if symbol.name.endswith(ending))

    def id(self, function):
        at = self.place(function) - 5
        assert self.data[at:at + 1] == PREFIX
        return bytes(self.data[at + 1:at + 5])

    def set_id(self, function, id_bytes):
        at = self.place(function) - 4
        self.data[at:at + 4] = id_bytes

    def pointers(self, function):
        """The relocations that make pointers to it."""
        return [r for r in self.relocations if r.type == "R_X86_64_RELATIVE"
                and struct.unpack_from("<q", self.data, r.place + ADDEND)[0] == function]

    def point(self, pointer, function):
        struct.pack_into("<q", self.data, pointer.place + ADDEND, function)
        struct.pack_into("<Q", self.data, self.place(pointer.offset), function)

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
        pathlib.Path(path).write_bytes(self.data)
