# SPDX-License-Identifier: Apache-2.0
"""As much of an ELF64 relocatable object as the tests look at."""
import struct
from typing import NamedTuple


class Section(NamedTuple):
    name: str
    type: int
    flags: int
    align: int
    data: bytes


class Symbol(NamedTuple):
    name: str
    value: int
    size: int
    section: int
    type: int
    bind: int


class Relocation(NamedTuple):
    section: int
    offset: int
    type: int
    target: str
    addend: int


SHF_ALLOC, SHF_EXECINSTR = 2, 4
STB_LOCAL, STB_GLOBAL = 0, 1
STT_FUNC = 2
R_X86_64_PC32, R_X86_64_PLT32, R_X86_64_GOTPCREL, R_X86_64_32S = 2, 4, 9, 11


def _string(table, offset):
    return table[offset:table.index(b"\0", offset)].decode()


class Object:
    def __init__(self, data):
        self.data = data
        shoff, = struct.unpack_from("<Q", data, 40)
        count, names = struct.unpack_from("<HH", data, 60)
        headers = [struct.unpack_from("<IIQQQQIIQQ", data, shoff + 64 * i) for i in range(count)]

        def content(header):
            return b"" if header[1] == 8 else data[header[4]:header[4] + header[5]]

        table = content(headers[names])
        self.sections = [Section(_string(table, h[0]), h[1], h[2], h[8], content(h)) for h in headers]
        self.symbols = []
        self.relocations = []
        for header in headers:
            if header[1] == 2:
                strings = content(headers[header[6]])
                body = content(header)
                for at in range(0, len(body), 24):
                    name, info, _, section, value, size = struct.unpack_from("<IBBHQQ", body, at)
                    self.symbols.append(Symbol(_string(strings, name), value, size, section,
                                               info & 15, info >> 4))
        for header in headers:
            if header[1] == 4:
                body = content(header)
                for at in range(0, len(body), 24):
                    offset, info, addend = struct.unpack_from("<QQq", body, at)
                    self.relocations.append(Relocation(header[7], offset, info & 0xffffffff,
                                                       self._target(info >> 32), addend))

    def _target(self, index):
        symbol = self.symbols[index]
        return self.sections[symbol.section].name if symbol.type == 3 else symbol.name

    def symbol(self, name):
        """The one symbol of that name, or None."""
        found = [s for s in self.symbols if s.name == name]
        assert len(found) <= 1, f"{len(found)} symbols are called {name}"
        return found[0] if found else None

    def code(self, name):
        symbol = self.symbol(name)
        data = self.sections[symbol.section].data
        return data[symbol.value:symbol.value + symbol.size]

    def relocations_in(self, name):
        """The relocations of a function, offsets from its start."""
        symbol = self.symbol(name)
        return [r._replace(offset=r.offset - symbol.value) for r in self.relocations
                if r.section == symbol.section
                and symbol.value <= r.offset < symbol.value + symbol.size]

    def named(self, part):
        """The names of defined functions that contain part, kcfi prefixes left out."""
        return sorted(s.name for s in self.symbols if part in s.name and s.type == STT_FUNC
                      and s.section != 0 and not s.name.startswith("__cfi_"))
