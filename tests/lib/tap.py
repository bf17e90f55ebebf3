# SPDX-License-Identifier: Apache-2.0
"""Results in the form of the Test Anything Protocol, and running rexc."""

import json
import subprocess
import traceback


class Failure(Exception):
    """What a test found to be wrong."""


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def test(self, title, function, *arguments):
        """Runs a test; False when it failed. Whatever goes wrong in it does not end the others."""
        self.count += 1
        try:
            function(*arguments)
        except Failure as failure:
            reason = str(failure)
        except Exception:
            reason = traceback.format_exc()
        else:
            print(f"ok {self.count} - {title}", flush=True)
            return True
        self.failed += 1
        print(f"not ok {self.count} - {title}")
        for line in reason.splitlines():
            print(f"# {line}")
        print(end="", flush=True)
        return False

    def plan(self):
        print(f"1..{self.count}", flush=True)


def name(key):
    return key.hex() if isinstance(key, bytes) else key


def equal(found, expected, what):
    if found == expected:
        return
    if isinstance(found, dict) and isinstance(expected, dict):
        keys = [key for key in {**expected, **found} if found.get(key) != expected.get(key)]
        lines = [f"{name(k)}: {found.get(k)}, expected {expected.get(k)}" for k in keys[:8]]
        raise Failure("\n".join([f"{what}: {len(keys)} differ", *lines]))
    raise Failure(f"{what}: {found}, expected {expected}")


def true(condition, what):
    if not condition:
        raise Failure(what)


def rexc(*arguments, environment, status=0, tool="rexc"):
    """Runs rexc and returns stdout and stderr; another exit status is a failure."""
    command = [str(tool), *map(str, arguments)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=900, check=False
    )
    if done.returncode != status:
        talk = f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        raise Failure(f"{' '.join(command)}: exit status {done.returncode}\n{talk}")
    return done.stdout, done.stderr


class Run:
    """What `rexc run --json` said."""

    def __init__(self, *arguments, environment):
        stdout, self.stderr = rexc("run", *arguments, "--json", environment=environment)
        self.result = json.loads(stdout)
        self.maps = {entry["name"]: entry for entry in self.result["maps"]}

    def uneventful(self):
        """No panic, no timeout: nothing but verdicts."""
        for what in ("panics", "timeouts", "overflows", "faults", "leaks"):
            equal(self.result[what], 0, what)

    def values(self, name):
        """A map's entries as pairs of bytes; an array's number is little-endian."""
        entries = self.maps[name]["entries"]
        return {bytes.fromhex(e["key"]): bytes.fromhex(e["value"]) for e in entries}

    def array(self, name):
        return {int.from_bytes(key, "little"): value for key, value in self.values(name).items()}

    def records(self, name):
        """What a ring buffer holds, in order."""
        return [bytes.fromhex(entry["value"]) for entry in self.maps[name]["entries"]]
