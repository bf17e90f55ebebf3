# SPDX-License-Identifier: Apache-2.0
"""Builds kernel modules with Kbuild against an unpacked kernel's headers, once for each content."""
import hashlib
import pathlib
import shutil
import subprocess
import tempfile

from harness import kernels

ROOT = pathlib.Path(__file__).resolve().parents[3]
SUFFIXES = {".c", ".h", ".S", ".def", ".lds"}
KEPT = 12  # built modules that stay in the cache


class BuildFailed(Exception):
    """The module does not build; the text is what the compiler said."""


def _sources(folder):
    for part in folder, "runtime/abi":
        for file in sorted((ROOT / part).rglob("*")):
            if file.is_file() and (file.suffix in SUFFIXES or file.name in ("Kbuild", "Makefile")):
                # What Kbuild leaves behind when somebody built in the tree.
                if not file.name.endswith(".mod.c"):
                    yield file


def _prune(directory):
    built = sorted((entry for entry in directory.iterdir() if entry.is_dir()), key=lambda entry: entry.stat().st_mtime)
    for entry in built[:-KEPT]:
        shutil.rmtree(entry, ignore_errors=True)


def build(kernel, folder="runtime/kernel"):
    """The .ko file of the module in a folder."""
    sources = list(_sources(folder))
    digest = hashlib.sha256(kernel.release.encode())
    for file in sources:
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    modules = kernels.cache_directory() / "modules"
    modules.mkdir(exist_ok=True)
    target = modules / digest.hexdigest()[:32]
    with kernels.locked("modules"):
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=modules, prefix="build-") as temporary:
                tree = pathlib.Path(temporary) / "tree"
                for file in sources:
                    copy = tree / file.relative_to(ROOT)
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, copy)
                done = subprocess.run(["make", "-C", str(kernel.headers), f"M={tree / folder}", "-j2", "modules"],
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
                if done.returncode != 0:
                    raise BuildFailed(f"the module does not build for {kernel.release}:\n{done.stdout}")
                tree.rename(target)
            _prune(modules)
        target.touch()
        built = sorted((target / folder).glob("*.ko"))
        if len(built) != 1:
            raise BuildFailed(f"the module's build made {len(built)} .ko files in {target}, not one")
        return built[0]
