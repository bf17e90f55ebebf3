#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Builds every sample and every ordinary program, verifies them, runs them, and compares what they
count with what Python counts in the same input. Results in TAP.

    run.py [NAME...]      all, or the samples and programs of these names

rexc is that of PATH."""

import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lib"))

import capture  # noqa: E402
import expected  # noqa: E402
from tap import Failure, Run, Tap, equal, rexc, true  # noqa: E402

TRAFFIC = ROOT / "tests/captures/traffic.pcap"
STACK_LIMIT = 16384
# Far below the limit; the largest record is on opensnoop's.
SAMPLE_STACK = 1024


class Bench:
    """Where things are built, and how rexc is run there."""

    def __init__(self, directory):
        self.directory = Path(directory)
        # A development key of our own, so that nobody's configuration plays a part.
        self.environment = {**os.environ, "XDG_CONFIG_HOME": str(self.directory / "config")}

    def rexc(self, *arguments, status=0):
        return rexc(*arguments, environment=self.environment, status=status)

    def run(self, *arguments):
        return Run(*arguments, environment=self.environment)

    def pcap(self, name, frames):
        path = self.directory / name
        capture.write(path, frames)
        return path

    def stack(self, rex_object):
        stdout, _ = self.rexc("stack", "--format", "json", rex_object)
        return json.loads(stdout)


class Sample:
    """One package of samples/, built in a copy."""

    def __init__(self, bench, name):
        self.bench = bench
        self.source = ROOT / "samples" / name
        self.package = bench.directory / name
        self.object = self.package / "target/rex" / f"{name}.rex"

    def build(self):
        leave_out = shutil.ignore_patterns("target", "Cargo.lock")
        shutil.copytree(self.source, self.package, ignore=leave_out)
        _, talk = self.bench.rexc("build", self.package)
        true("warning" not in talk, f"warnings:\n{talk}")

    def unit_tests(self):
        stdout, stderr = self.bench.rexc("test", self.package)
        true("test result: ok" in stdout + stderr, "no test ran")
        true("warning" not in stderr, f"warnings:\n{stderr}")

    def verify(self):
        self.bench.rexc("verify", "--integrity-only", self.object)

    def small_stack(self):
        for program in self.bench.stack(self.object)["programs"]:
            true(not program["checked"], f"{program['name']} has stack checks")
            true(program["bound"] <= SAMPLE_STACK, f"{program['name']}: {program['bound']} bytes")

    def run(self, *arguments):
        return self.bench.run(self.object, *arguments)

    def context(self, name):
        path = self.source / name
        return path, json.loads(path.read_text())


def counts_of_cpus(values):
    """Sums of packets and bytes over the CPUs' copies."""
    numbers = [n for n, in struct.iter_unpack("<Q", values)]
    return sum(numbers[0::2]), sum(numbers[1::2])


# --- firewall


def firewall_counts(sample, pcap, frames, *options):
    run = sample.run("--pcap", pcap, *options)
    run.uneventful()
    verdicts, decisions = expected.firewall(frames)
    equal(run.result["verdicts"], dict(verdicts), "verdicts")
    found = {index: counts_of_cpus(v) for index, v in run.array("RULE_COUNTS").items()}
    reasons = run.array("OTHER_COUNTS")
    for name, index in expected.FIREWALL_REASONS.items():
        found[name] = counts_of_cpus(reasons[index])
    found = {decision: count for decision, count in found.items() if count != (0, 0)}
    equal(found, decisions, "packets and bytes by decision")


def firewall(tap, sample):
    frames = capture.read(TRAFFIC)
    tap.test("firewall: real traffic", firewall_counts, sample, TRAFFIC, frames)
    tap.test("firewall: on two CPUs", firewall_counts, sample, TRAFFIC, frames, "--cpus", 2)
    broken = list(capture.damaged(frames, seed=1))
    pcap = sample.bench.pcap("damaged.pcap", broken)
    tap.test(f"firewall: {len(broken)} damaged packets", firewall_counts, sample, pcap, broken)


# --- flow_stats

FLOW_TABLE = 16384
FLOW_RING = 65536
NEW_FLOW = struct.Struct("<QII40s")


def flow_counts(sample, pcap, frames):
    run = sample.run("--pcap", pcap)
    run.uneventful()
    equal(run.result["verdicts"], {"pass": len(frames)}, "verdicts")
    traffic, first, missed = expected.flows(frames)
    true(len(traffic) <= FLOW_TABLE, "the test's traffic fits into the table")
    found = {key: struct.unpack("<4Q", value) for key, value in run.values("FLOWS").items()}
    equal({key: value[:2] for key, value in found.items()}, traffic, "packets and bytes by flow")
    for key, (packets, _, begin, end) in found.items():
        true(begin <= end if packets > 1 else begin == end, f"times of flow {key.hex()}")
    capacity = expected.ring_capacity(FLOW_RING, NEW_FLOW.size)
    records = [NEW_FLOW.unpack(record) for record in run.records("NEW_FLOWS")]
    announced = [(flow, length) for _, length, _, flow in records]
    equal(announced, list(first.items())[:capacity], "new flows, in order")
    lost = max(0, len(first) - capacity)
    numbers = {i: int.from_bytes(v, "little") for i, v in run.array("MISSED").items()}
    equal(numbers, {0: missed["not IP"], 1: missed["malformed"], 2: 0, 3: lost}, "missed")


def flow_stats(tap, sample):
    frames = capture.read(TRAFFIC)
    tap.test("flow_stats: real traffic", flow_counts, sample, TRAFFIC, frames)
    broken = list(capture.damaged(frames, seed=2))
    pcap = sample.bench.pcap("damaged.pcap", broken)
    tap.test(f"flow_stats: {len(broken)} damaged packets", flow_counts, sample, pcap, broken)


# --- ratelimit

BURST = 8
INTERVAL = 1.0  # seconds until the next token
SOURCES = 4096
SOURCE = struct.Struct("<IIQQQQ")


def before_the_next_token(sample, *arguments):
    """A run so short that no bucket got another token, on a machine that may be busy."""
    for _ in range(5):
        begin = time.monotonic()
        run = sample.run(*arguments)
        if time.monotonic() - begin < INTERVAL:
            return run
    raise Failure(f"five runs took longer than {INTERVAL} s each")


def passed_and_dropped(value):
    lock, _, _, _, passed, dropped = SOURCE.unpack(value)
    equal(lock, 0, "the lock after the run")
    return passed, dropped


def rates(sample, pcap, frames, *options, repeat=1):
    run = before_the_next_token(sample, "--pcap", pcap, "--repeat", repeat, *options)
    run.uneventful()
    found = {key: passed_and_dropped(value) for key, value in run.values("SOURCES").items()}
    sources = {key: count * repeat for key, count in expected.limited(frames).items()}
    split = {key: (min(count, BURST), max(0, count - BURST)) for key, count in sources.items()}
    equal(found, split, "passed and dropped by source")
    dropped = sum(drops for _, drops in split.values())
    verdicts = {"ok": len(frames) * repeat - dropped, "shot": dropped}
    equal(run.result["verdicts"], {k: v for k, v in verdicts.items() if v}, "verdicts")


def forged_sources(sample):
    """More sources than there is room for share one bucket."""
    count = SOURCES + 100
    head = bytes(12) + b"\x08\x00\x45" + bytes(8) + b"\x11" + bytes(2)
    frames = [head + (0x0A000000 + i).to_bytes(4, "big") + bytes(30) for i in range(count)]
    pcap = sample.bench.pcap("forged.pcap", frames)
    run = before_the_next_token(sample, "--pcap", pcap)
    run.uneventful()
    equal(len(run.values("SOURCES")), SOURCES, "sources")
    # The shared bucket is zeroes at first, as if it had last been filled when the machine started.
    others = run.array("OTHERS")[0]
    equal(passed_and_dropped(others), (BURST, 100 - BURST), "passed and dropped of the others")
    equal(run.result["verdicts"], {"ok": count - 100 + BURST, "shot": 100 - BURST}, "verdicts")


def ratelimit(tap, sample):
    frames = capture.read(TRAFFIC)
    tap.test("ratelimit: real traffic", rates, sample, TRAFFIC, frames)
    tap.test(
        "ratelimit: two CPUs spend no token twice",
        lambda: rates(sample, TRAFFIC, frames, "--cpus", 2, repeat=20),
    )
    broken = [frame for frame in capture.damaged(frames, seed=3) if len(frame) > 18][:6000]
    pcap = sample.bench.pcap("damaged.pcap", broken)
    tap.test(f"ratelimit: {len(broken)} damaged packets", damaged_rates, sample, pcap, broken)
    tap.test("ratelimit: forged sources", forged_sources, sample)


def damaged_rates(sample, pcap, frames):
    true(len(expected.limited(frames)) <= SOURCES, "the test's sources fit into the map")
    rates(sample, pcap, frames)


# --- syscall_latency

SYSCALLS = 512
CALL = struct.Struct("<qQ")
LATENCY = struct.Struct("<43Q")
EXIT = "tracepoint/raw_syscalls/sys_exit"  # where program exit attaches


def model_of_calls(events):
    """What both programs count: by system call (calls, errors), by thread the open call, missed."""
    latencies, open_calls, missed = {}, {}, [0, 0, 0]
    for event, task in events:
        number = event["fields"][0]
        thread = task["pid"].to_bytes(4, "little")
        if not 0 <= number < SYSCALLS:
            missed[0] += 1
        elif event["program"] == "enter":
            open_calls[thread] = number
        elif open_calls.get(thread) != number:
            missed[2] += 1
        else:
            del open_calls[thread]
            calls, errors = latencies.get(number, (0, 0))
            latencies[number] = (calls + 1, errors + (event["fields"][1] < 0))
    return latencies, open_calls, missed


def system_calls(sample, *programs):
    path, context = sample.context("ctx.json")
    options = [option for program in programs for option in ("--prog", program)]
    run = sample.run("--ctx", path, *options)
    run.uneventful()
    events = [(event, task) for event, task in expected.occurrences(context)
              if not programs or event["program"].replace(EXIT, "exit") in programs]
    names = {event["program"].replace(EXIT, "exit") for event, _ in events}
    equal([p["program"] for p in run.result["programs"]], sorted(names), "programs")
    equal(run.result["runs"], len(events), "runs")
    latencies, open_calls, missed = model_of_calls(events)
    calls = {key: CALL.unpack(value) for key, value in run.values("CALLS").items()}
    equal({key: number for key, (number, _) in calls.items()}, open_calls, "call by thread")
    true(all(time > 0 for _, time in calls.values()), "the time of each call")
    equal([int.from_bytes(v, "little") for v in run.array("MISSED").values()], missed, "missed")
    found = {i: LATENCY.unpack(v) for i, v in run.array("LATENCIES").items()}
    equal(len(found), SYSCALLS, "elements")
    counted = {i: value[:2] for i, value in found.items() if any(value)}
    equal(counted, latencies, "calls and errors by system call")
    for calls, _, total, *buckets in found.values():
        equal(sum(buckets), calls, "calls in the histogram")
        true(total >= sum(n << i - 1 for i, n in enumerate(buckets) if i and n), "time in all")


def syscall_latency(tap, sample):
    tap.test("syscall_latency: both programs on one file", system_calls, sample)
    tap.test("syscall_latency: calls that were not seen to begin", system_calls, sample, "exit")
    tap.test("syscall_latency: calls that do not end", system_calls, sample, "enter")


# --- opensnoop


def opens(sample):
    path, context = sample.context("ctx.json")
    run = sample.run("--ctx", path)
    run.uneventful()
    records, counts, unreadable = expected.opens(context)
    equal(run.records("OPENS"), records, "records")
    found = {key: struct.unpack("<QQ", v) for key, v in run.array("PROCESSES").items()}
    equal(found, counts, "opens for reading and writing by process")
    missed = [int.from_bytes(v, "little") for v in run.array("MISSED").values()]
    equal(missed, [unreadable, 0, 0], "missed")


def opensnoop(tap, sample):
    tap.test("opensnoop: records and counts", opens, sample)


# --- ordinary programs


def build_program(bench, source):
    """In single-file mode, as a cross-compiler is called."""
    rex_object = bench.directory / f"{source.stem}.rex"
    _, talk = bench.rexc(source, "-o", rex_object, "--license", "GPL")
    true("warning" not in talk, f"warnings:\n{talk}")
    bench.rexc("verify", "--integrity-only", rex_object)
    return rex_object


def bounded(program, limit):
    """A bound within the limit, or checks that keep the program within it."""
    name = program["name"]
    equal(program["limit"], limit, f"limit of {name}")
    if program["bound"] is not None:
        true(program["bound"] <= limit, f"{name}: {program['bound']} bytes")
        return
    true(program["checked"] and program["checks"], f"{name} has neither a bound nor a check")
    true(all(0 < c["need"] <= limit for c in program["checks"]), f"needs of {name}'s checks")


def program_stack(bench, rex_object):
    stack = bench.stack(rex_object)
    true(stack["programs"], "no program")
    for program in stack["programs"]:
        bounded(program, STACK_LIMIT)


def program_runs(bench, rex_object, frames):
    """Every program over the capture, or for an event of zeroes. Some panic on purpose; none
    crashes."""
    for program in bench.stack(rex_object)["programs"]:
        packets = program["type"] in ("xdp", "tc")
        options = ["--pcap", TRAFFIC] if packets else []
        result = bench.run(rex_object, "--prog", program["name"], *options).result
        equal(result["runs"], len(frames) if packets else 1, "runs")
        equal(sum(result["verdicts"].values()), result["runs"], "verdicts in all")
        equal((result["faults"], result["leaks"]), (0, 0), "faults and leaks")


def ordinary_program(tap, bench, source, frames):
    built = []
    name = source.stem
    if tap.test(f"{name}: builds and verifies", lambda: built.append(build_program(bench, source))):
        tap.test(f"{name}: stack is bounded or checked", program_stack, bench, built[0])
        tap.test(f"{name}: runs", program_runs, bench, built[0], frames)


# --- other build systems


def sizes(bench, name, build):
    """samples/make and samples/cmake: the same program, built as its README says."""
    package = bench.directory / name
    shutil.copytree(ROOT / "samples" / name, package, ignore=shutil.ignore_patterns("build"))
    for command in build:
        done = subprocess.run(command, cwd=package, env=bench.environment, capture_output=True,
                              text=True, check=False)
        true(done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}")
    run = bench.run(package / "build/sizes.rex", "--pcap", TRAFFIC)
    run.uneventful()
    frames = capture.read(TRAFFIC)
    bounds = (64, 128, 512, 1518)
    counts = [0] * (len(bounds) + 1)
    for frame in frames:
        counts[sum(len(frame) > bound for bound in bounds)] += 1
    found = [int.from_bytes(value, "little") for value in run.array("SIZES").values()]
    equal(found, counts, "packets by size")
    equal(run.result["verdicts"], {"pass": sum(len(frame) >= 14 for frame in frames)}, "verdicts")


def build_systems(tap, bench):
    tap.test("make: counts sizes", sizes, bench, "make", [["make", "-s"]])
    configure = ["cmake", "-S", ".", "-B", "build", "-G", "Ninja", f"-Drexc_DIR={ROOT}/scripts/cmake"]
    tap.test("cmake: counts sizes", sizes, bench, "cmake", [configure, ["ninja", "-C", "build"]])


SAMPLES = (firewall, flow_stats, ratelimit, syscall_latency, opensnoop)


def sample_tests(tap, bench, tests):
    sample = Sample(bench, tests.__name__)
    if not tap.test(f"{tests.__name__}: builds without a warning", sample.build):
        return
    tap.test(f"{tests.__name__}: unit tests", sample.unit_tests)
    tap.test(f"{tests.__name__}: verifies", sample.verify)
    tap.test(f"{tests.__name__}: small stack, no checks", sample.small_stack)
    tests(tap, sample)


def main(wanted):
    tap = Tap()
    programs = sorted((ROOT / "tests/programs").glob("*.rs"))
    known = {tests.__name__ for tests in SAMPLES} | {source.stem for source in programs}
    known.add("build_systems")
    if set(wanted) - known:
        unknown = ", ".join(sorted(set(wanted) - known))
        print(f"no such sample or program: {unknown}", file=sys.stderr)
        return 2
    wanted = set(wanted) or known
    with tempfile.TemporaryDirectory(prefix="rexc-samples-") as directory:
        bench = Bench(directory)
        for tests in SAMPLES:
            if tests.__name__ in wanted:
                sample_tests(tap, bench, tests)
        if "build_systems" in wanted:
            build_systems(tap, bench)
        frames = capture.read(TRAFFIC)
        for source in programs:
            if source.stem in wanted:
                ordinary_program(tap, bench, source, frames)
    tap.plan()
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main([a for a in sys.argv[1:] if a != "--tap"]))
