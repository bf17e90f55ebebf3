# SPDX-License-Identifier: Apache-2.0
"""Makes the initial file systems of the machines: cpio archives, of which the kernel takes several in a row."""
import hashlib
import lzma
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from harness import kernels

HERE = pathlib.Path(__file__).resolve().parent
# Programs that are there beside busybox's; each brings the libraries that ldd names.
# dash and the programs that run others are there because busybox's run its applets rather than programs of the same name.
TOOLS = ("bpftool", "ip", "tc", "ping", "nc", "dash", "env", "nice", "nohup", "setsid", "taskset", "timeout", "xargs")
# Kernel modules that commands may need; each brings those that it depends on. A name that a kernel lacks is built in.
MODULES = ("veth", "dummy", "tun", "bridge", "sch_ingress", "cls_bpf", "act_bpf", "act_mirred", "cls_matchall", "sha512_generic",
           "sha512_ssse3")
# Where Debian puts what a search path without sbin does not have.
SEARCH = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"


def tool(name):
    found = shutil.which(name, path=SEARCH)
    if not found:
        raise kernels.Unavailable(f"{name} is not installed; run scripts/setup")
    return pathlib.Path(found)


def libraries(binary):
    """What ldd finds for a binary: none for a static one."""
    listed = subprocess.run(["ldd", str(binary)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, text=True)
    return [pathlib.Path(match) for match in re.findall(r"(?:=> |^\s+)(/\S+)", listed.stdout, re.MULTILINE)]


class Tree:
    """A directory that becomes an archive."""

    def __init__(self, root):
        self.root = pathlib.Path(root)

    def copy(self, source, destination):
        target = self.root / str(destination).lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=True)
        return target

    def binary(self, source, destination):
        """Copies a program or library with the libraries that it needs, to where it looks for them."""
        target = self.copy(source, destination)
        target.chmod(0o755)
        for library in libraries(source):
            if not (self.root / str(library).lstrip("/")).exists():
                self.copy(library, library)

    def write(self, destination, text, mode=0o644):
        target = self.root / destination.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        target.chmod(mode)

    def pack(self, archive):
        """Writes the archive; the owner of everything in it is root."""
        names = b"".join(bytes(path.relative_to(self.root)) + b"\0" for path in sorted(self.root.rglob("*")))
        with open(archive, "wb") as output:
            subprocess.run([str(tool("cpio")), "--null", "-o", "-H", "newc", "--quiet", "-R", "0:0"], cwd=self.root,
                           input=names, stdout=output, check=True)


def cached(kind, digest, fill):
    """The archive of that digest, which `fill(tree)` describes when it has to be made."""
    directory = kernels.cache_directory() / "archives"
    directory.mkdir(exist_ok=True)
    archive = directory / f"{kind}-{digest.hexdigest()[:32]}.cpio"
    with kernels.locked(f"archive-{kind}"):
        if not archive.exists():
            for old in sorted(directory.glob(f"{kind}-*.cpio"), key=lambda path: path.stat().st_mtime)[:-3]:
                old.unlink()
            with tempfile.TemporaryDirectory(dir=directory) as temporary:
                tree = Tree(pathlib.Path(temporary) / "root")
                tree.root.mkdir()
                fill(tree)
                packed = pathlib.Path(temporary) / "archive"
                tree.pack(packed)
                packed.rename(archive)
        archive.touch()
    return archive


def _identity(digest, path):
    """Content is told by size and time here: these are installed files."""
    status = os.stat(path)
    digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())


def _kernel_modules(kernel, tree):
    depends = {}
    for line in (kernel.modules / "modules.dep").read_text(encoding="utf-8").splitlines():
        file, _, needed = line.partition(":")
        depends[file] = needed.split()
    by_name = {re.sub(r"\.ko.*$", "", pathlib.Path(file).name).replace("-", "_"): file for file in depends}
    wanted = [by_name[name] for name in MODULES if name in by_name]
    for file in {*wanted, *(needed for file in wanted for needed in depends[file])}:
        target = tree.copy(kernel.modules / file, f"lib/modules/{kernel.release}/{file}")
        if target.suffix == ".xz":
            # busybox's modprobe gives the kernel the file as it is.
            target.with_suffix("").write_bytes(lzma.decompress(target.read_bytes()))
            target.unlink()
    for name in "modules.order", "modules.builtin", "modules.builtin.modinfo":
        tree.copy(kernel.modules / name, f"lib/modules/{kernel.release}/{name}")
    subprocess.run([str(tool("depmod")), "-b", str(tree.root), kernel.release], check=True)


def base(kernel):
    """What every machine of a kernel has: busybox, the tools, kernel modules, the init script."""
    busybox = tool("busybox")
    if libraries(busybox):
        raise kernels.Unavailable(f"{busybox} is not static; run scripts/setup (package busybox-static)")
    programs = {name: tool(name).resolve() for name in TOOLS}
    digest = hashlib.sha256(kernel.release.encode())
    for file in pathlib.Path(__file__), HERE / "init.sh":
        digest.update(file.read_bytes())
    for path in busybox, *programs.values():
        _identity(digest, path)

    def fill(tree):
        tree.binary(busybox, "bin/busybox")
        for name in subprocess.run([str(busybox), "--list"], stdout=subprocess.PIPE, check=True, text=True).stdout.split():
            if name not in programs and name not in ("busybox", "sh"):
                (tree.root / "bin" / name).symlink_to("busybox")
        for name, program in programs.items():
            tree.binary(program, f"bin/{name}")
        (tree.root / "bin" / "sh").symlink_to("dash")
        (tree.root / "sbin").symlink_to("bin")
        for directory in "proc", "sys", "dev", "tmp", "run", "root", "etc", "var":
            (tree.root / directory).mkdir()
        tree.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
        tree.write("etc/group", "root:x:0:\n")
        tree.write("etc/hosts", "127.0.0.1 localhost\n")
        tree.copy(HERE / "init.sh", "init").chmod(0o755)
        _kernel_modules(kernel, tree)

    return cached("base", digest, fill)


def rexc(build):
    """rexc and librex of a build directory, with their libraries; None when it has neither."""
    program = build / "bin" / "rexc"
    shared = sorted(build.glob("lib*/librex.so.*")) or sorted(build.glob("runtime/librex/librex.so.*"))
    present = [path for path in (program, *shared) if path.exists()]
    if not present:
        return None
    digest = hashlib.sha256(pathlib.Path(__file__).read_bytes())
    for path in present:
        _identity(digest, path)

    def fill(tree):
        for path in present:
            tree.binary(path, f"bin/{path.name}" if path == program else f"lib/{path.name}")

    return cached("rexc", digest, fill)
