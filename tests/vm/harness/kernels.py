# SPDX-License-Identifier: Apache-2.0
"""The stock kernels that tests run: fetched as Debian packages, unpacked into a cache, never installed."""
import contextlib
import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

SERIES = ("6.1", "6.12")
# Debian's names of a series' cloud kernels; the cloud flavour has all that is needed and is the smallest.
PACKAGES = {
    "6.1": r"^linux-image-6\.1\.0-[0-9]+-cloud-amd64$",
    "6.12": r"^linux-image-6\.12\.[0-9]+\+deb[0-9]+-cloud-amd64$",
}


class Unavailable(Exception):
    """This machine lacks something; the text says what, and what to do."""


def cache_directory():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    directory = pathlib.Path(base) / "rexc-vm"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


@contextlib.contextmanager
def locked(name):
    """Holds the cache's lock of that name: two runs at a time make a thing once."""
    with open(cache_directory() / f"{name}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Kernel:
    """An unpacked kernel."""

    def __init__(self, directory):
        self.directory = directory
        self.image = next(directory.glob("boot/vmlinuz-*"))
        self.release = self.image.name.removeprefix("vmlinuz-")
        self.modules = directory / "lib" / "modules" / self.release
        self.headers = directory / "usr" / "src" / f"linux-headers-{self.release}"
        self.config = directory / "boot" / f"config-{self.release}"


def find(series):
    """The cached kernel of a series."""
    link = cache_directory() / "kernels" / series
    if not link.exists():
        raise Unavailable(f"the {series} kernel is not in {link.parent}; run tests/vm/fetch")
    return Kernel(link.resolve())


def _offered(series):
    """Names of the image packages that apt offers for a series, newest first."""
    if not shutil.which("apt-get"):
        raise Unavailable("kernels come from Debian packages, and there is no apt-get here")
    listed = subprocess.run(["apt-cache", "search", "--names-only", PACKAGES[series]],
                            stdout=subprocess.PIPE, check=True, text=True).stdout
    names = [line.split()[0] for line in listed.splitlines()]
    return sorted(names, key=lambda name: [int(part) for part in re.findall(r"\d+", name)], reverse=True)


def _depends(package):
    shown = subprocess.run(["apt-cache", "show", "--no-all-versions", package],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, text=True).stdout
    match = re.search(r"^Depends: (.*)$", shown, re.MULTILINE)
    return [part.split()[0] for part in match[1].split(",")] if match else []


def _packages(image):
    """The image's package and those that building a module for it needs."""
    headers = image.replace("linux-image-", "linux-headers-")
    needed = [name for name in _depends(headers) if re.match(r"linux-(headers-.*-common|kbuild-)", name)]
    return [image, headers, *needed]


def _download(packages, directory):
    command = ["apt-get", "download", "-q"]
    if os.geteuid() == 0:
        # apt's own user may not write here; without this it says so each time.
        command += ["-o", "APT::Sandbox::User=root"]
    done = subprocess.run([*command, *packages], cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, text=True)
    return done.returncode == 0, done.stdout


def _relocate(directory, target):
    """The headers' makefiles name each other by absolute path: makes it that below `target`."""
    for makefile in directory.glob("usr/src/linux-headers-*/Makefile"):
        text = makefile.read_text(encoding="utf-8")
        makefile.write_text(re.sub(r"^include /usr/src/", f"include {target}/usr/src/", text, flags=re.MULTILINE),
                            encoding="utf-8")


def _unpack(archives, release, kernels):
    """Unpacks into a temporary directory beside the target, so that a half-unpacked kernel is never found."""
    target = kernels / release
    with tempfile.TemporaryDirectory(dir=kernels, prefix="unpack-") as temporary:
        unpacked = pathlib.Path(temporary) / "tree"
        for archive in archives:
            subprocess.run(["dpkg", "-x", str(archive), str(unpacked)], check=True)
        if not any(unpacked.glob("lib/modules/*")) and any(unpacked.glob("usr/lib/modules/*")):
            (unpacked / "lib").symlink_to("usr/lib")
        subprocess.run(["depmod", "-b", str(unpacked), release], check=True)
        _relocate(unpacked, target)
        shutil.rmtree(target, ignore_errors=True)
        unpacked.rename(target)


def fetch(series, say):
    """Fetches the newest kernel of a series unless it is there."""
    kernels = cache_directory() / "kernels"
    kernels.mkdir(exist_ok=True)
    for tool in "dpkg", "depmod":
        if not shutil.which(tool):
            raise Unavailable(f"{tool} is not installed; run scripts/setup")
    with locked(f"kernel-{series}"):
        offered = _offered(series)
        if not offered:
            raise Unavailable(f"apt offers no {series} cloud kernel; is the security suite of Debian 12 configured, and "
                              "has apt-get update been run?")
        complaints = ""
        # A mirror may have dropped a package that the lists still name: older ones do as well.
        for image in offered[:4]:
            release = image.removeprefix("linux-image-")
            if not (kernels / release).exists():
                with tempfile.TemporaryDirectory(dir=kernels, prefix="download-") as temporary:
                    packages = _packages(image)
                    say(f"{series}: downloading {' '.join(packages)}")
                    good, complaints = _download(packages, temporary)
                    if not good:
                        say(f"{series}: {image} cannot be downloaded")
                        continue
                    say(f"{series}: unpacking into {kernels / release}")
                    _unpack(sorted(pathlib.Path(temporary).glob("*.deb")), release, kernels)
            link = kernels / f".{series}.{os.getpid()}"
            link.symlink_to(release)
            link.replace(kernels / series)
            return find(series)
    raise Unavailable(f"no {series} kernel could be downloaded:\n{complaints}")
