# SPDX-License-Identifier: Apache-2.0
"""As much of an ELF file as the tests look at. Types, binds and relocations have the names of the ELF gABI and the psABI."""
import io
from typing import NamedTuple

from elftools.elf.constants import P_FLAGS
from elftools.elf.descriptions import describe_reloc_type
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import SymbolTableSection


class Section(NamedTuple):
    name: str
    flags: int
    align: int
    data: bytes


class Symbol(NamedTuple):
    name: str
    value: int
    size: int
    section: int  # 0: not defined here
    type: str
    bind: str


class Relocation(NamedTuple):
    section: int  # that is relocated; 0: the whole image
    offset: int
    type: str
    target: str
    addend: int
    place: int  # in the file, of the relocation itself


class Object:
    def __init__(self, data):
        self.data = data
        file = ELFFile(io.BytesIO(data))
        sections = list(file.iter_sections())
        self.sections = [Section(s.name, s["sh_flags"], s["sh_addralign"],
                                 b"" if s["sh_type"] == "SHT_NOBITS" else s.data()) for s in sections]
        self.segments = [s.header for s in file.iter_segments("PT_LOAD")]
        self.symbols, self.relocations = [], []
        for table in sections:
            if isinstance(table, SymbolTableSection):
                self.symbols += [self._symbol(symbol) for symbol in table.iter_symbols()]
        for table in sections:
            if isinstance(table, RelocationSection):
                self.relocations += [self._relocation(file, table, number) for number in range(table.num_relocations())]

    @staticmethod
    def _symbol(symbol):
        section = symbol["st_shndx"]
        return Symbol(symbol.name, symbol["st_value"], symbol["st_size"], section if isinstance(section, int) else 0,
                      symbol["st_info"]["type"], symbol["st_info"]["bind"])

    def _relocation(self, file, table, number):
        entry = table.get_relocation(number)
        symbol = file.get_section(table["sh_link"]).get_symbol(entry["r_info_sym"])
        target = self.sections[symbol["st_shndx"]].name if symbol["st_info"]["type"] == "STT_SECTION" else symbol.name
        return Relocation(table["sh_info"], entry["r_offset"], describe_reloc_type(entry["r_info_type"], file), target,
                          entry["r_addend"], table["sh_offset"] + number * table["sh_entsize"])

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
        return sorted(s.name for s in self.symbols if part in s.name and s.type == "STT_FUNC"
                      and s.section != 0 and not s.name.startswith("__cfi_"))

    def text(self):
        """The ranges of addresses that are executable."""
        return [(s.p_vaddr, s.p_vaddr + s.p_memsz) for s in self.segments if s.p_flags & P_FLAGS.PF_X]

    def place(self, address):
        """Where in the file the byte of a loaded address is."""
        return next(address - s.p_vaddr + s.p_offset for s in self.segments
                    if s.p_vaddr <= address < s.p_vaddr + s.p_filesz)
