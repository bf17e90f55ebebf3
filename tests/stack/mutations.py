#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks the stack analysis on purpose, one way at a time, and demands that a test notices.

usage: mutations.py [--every N] SOURCE_DIR WORK_DIR [NAME...]

Each mutation replaces one piece of text, which must occur exactly once, in a copy of one source file. The
unit tests are linked against the copy; at least one of them must fail (or hang, or crash). A mutation whose text is
no longer found is an error too: the list must follow the source. --every 4 applies each fourth mutation only, and
looks for the text of all.
"""

import argparse
import concurrent.futures
import os
import shutil
import subprocess
import sys

SOURCES = """base/buffer.c base/demangle.c base/diag.c base/file.c base/memory.c linker/callee.c
linker/callgraph.c linker/cfi.c linker/check_site.c linker/code.c linker/cuts.c linker/decode.c linker/depth.c linker/dwarf.c linker/frame.c
linker/imports.c linker/object.c linker/probe.c linker/returns.c linker/slots.c linker/stack.c linker/stack_diff.c linker/stack_path.c
linker/stack_report.c linker/stack_sizes.c linker/stack_svg.c linker/tables.c tests/stack/builder.c""".split()
TESTS = ["test_frame", "test_callgraph", "test_stack", "test_stack_sizes", "test_cuts", "test_code", "test_slots"]
LIBRARIES = "-lelf -ldw -lZydis -liberty -ljansson -lcrypto -lcmocka".split()

# name, file, text, replacement
MUTATIONS = [
    # Instructions and where branches lead.
    ("any register in a check", "linker/code.c", '"\\x45\\x03\\x53\\xfc\\x74\\x02\\x0f\\x0b", 8', '"\\x45\\x03", 2'),
    ("the id as it stands", "linker/code.c", "*id = -negated;", "*id = negated;"),
    ("branches into checks", "linker/code.c", "if ((inside->facts & CODE_IS_TARGET) &&", "if (false &&"),
    ("branches to anywhere", "linker/code.c",
     "right = starts || (there == instruction->function && instruction->class != CODE_CALL);", "right = true;"),
    ("any bytes in a thunk", "linker/code.c", "return actual && function->size == size && memcmp(actual, bytes, size) == 0;",
     "return actual != NULL;"),
    ("overlaps unseen", "linker/code.c",
     "if (add_problem(reader, CODE_PROBLEM_OVERLAP, code->functions[i].address, i))", "if (false)"),
    ("no check needed", "linker/code.c", "if (!site.checked &&", "if (false &&"),
    ("no facts on rbp", "linker/decode.c", "return CODE_TOUCHES_RBP;", "return 0;"),
    ("user interrupts", "linker/decode.c", "    case ZYDIS_MNEMONIC_UIRET:  /* takes rip and rsp from the stack */\n", ""),
    ("guests", "linker/decode.c", "    case ZYDIS_MNEMONIC_VMLAUNCH:\n", ""),
    ("guests of AMD", "linker/decode.c", "    case ZYDIS_MNEMONIC_VMRUN:\n", ""),
    ("enclaves", "linker/decode.c", "    case ZYDIS_MNEMONIC_ENCLU:\n", ""),
    ("pops of any width", "linker/frame.c", "    if (decoded->operand_width != 64)\n        return fault(walk, at, FRAME_MISALIGNED);\n    if (operands[0].type != ZYDIS",
     "    if (operands[0].type != ZYDIS"),
    ("alignment to anything", "linker/frame.c", "if (align < 8 || align > FRAME_MAX ||", "if ("),
    ("enter of any nesting", "linker/frame.c", "    if (operands[1].imm.value.u != 0)\n        return fault(walk, at, FRAME_UNKNOWN_RSP);\n", ""),
    ("idle checks cut", "linker/stack.c", "is_circular(analysis, i) && check_site_match(analysis->code, i, &site);",
     "analysis->result->graph->reachable[i] && check_site_match(analysis->code, i, &site);"),
    # What returns.
    ("imports always return", "linker/returns.c", "if (!import || !import->noreturn)", "if (true)"),
    ("imports never return", "linker/returns.c", "if (!import || !import->noreturn)", "if (false)"),
    ("calls always return", "linker/returns.c", "    if (finder->returning[node])\n        visit(",
     "    if (true)\n        visit("),
    ("tail jumps never return", "linker/returns.c",
     "mark_returning(finder, code->instructions[waiter->subject].function);", ";"),
    ("sets never return", "linker/returns.c", "mark_returning(finder, code->function_count + waiter->subject);", ";"),
    ("returns unseen", "linker/returns.c", "    case CODE_RETURN:\n    case CODE_BARE_RETURN:\n        mark_returning(finder, function);",
     "    case CODE_RETURN:\n    case CODE_BARE_RETURN:"),
    # One frame.
    ("no return address of a call", "linker/frame.c",
     "    case CODE_CALL:\n        effect->peak += 8;", "    case CODE_CALL:"),
    ("no return address of an indirect call", "linker/frame.c",
     "    case CODE_INDIRECT_CALL:\n        effect->peak += 8;", "    case CODE_INDIRECT_CALL:"),
    ("off by 8", "linker/frame.c", "frame->depth = (uint32_t)depth;", "frame->depth = depth > 8 ? (uint32_t)depth - 8 : 0;"),
    ("realignment is free", "linker/frame.c", "return (int64_t)state->align_height + state->align - 8 + state->rsp.height;",
     "return (int64_t)state->align_height + state->rsp.height;"),
    ("a probe's step is free", "linker/frame.c", "effect->peak = highest(&effect->after) + 4096 - 8;",
     "effect->peak = highest(&effect->after);"),
    ("a probe is free", "linker/frame.c", "effect->after.rsp.height + probe->amount) != FRAME_OK)",
     "effect->after.rsp.height) != FRAME_OK)"),
    ("probes may be entered", "linker/frame.c", "inside->interior = true;", "inside->interior = false;"),
    ("probes of part pages", "linker/probe.c", "probe->amount > 0 && probe->amount % 4096 == 0 &&", "probe->amount > 0 &&"),
    ("sub as add", "linker/frame.c", "return adjust(walk, at, state, &operands[1], 1);",
     "return adjust(walk, at, state, &operands[1], -1);"),
    ("push is free", "linker/frame.c", "state->rsp.kind, (int64_t)state->rsp.height + 8);",
     "state->rsp.kind, (int64_t)state->rsp.height);"),
    ("merges of rsp unseen", "linker/frame.c", "if (!same_value(there->rsp, state->rsp) || there->align != state->align ||",
     "if (false || there->align != state->align ||"),
    ("merges of rbp unseen", "linker/frame.c", "if (!same_value(there->rbp, state->rbp) && there->rbp.kind != VALUE_UNKNOWN) {",
     "if (false) {"),
    ("merges of the saved rbp unseen", "linker/frame.c", "if (there->saved != state->saved && there->saved != 0) {", "if (false) {"),
    ("any rsp at the exit", "linker/frame.c", "state->rsp.kind == VALUE_ENTRY && state->rsp.height == 0 &&",
     "state->rsp.kind == VALUE_ENTRY &&"),
    ("any rbp at the exit", "linker/frame.c", "state->rsp.height == 0 &&\n                    state->rbp.kind == VALUE_CALLERS;",
     "state->rsp.height == 0;"),
    ("any pop restores rbp", "linker/frame.c", "    bool saved =\n        state->saved != 0 && state->rsp.kind == VALUE_ENTRY && state->rsp.height == state->saved;",
     "    bool saved = true;"),
    ("slots are never released", "linker/frame.c", "if (kind == VALUE_ENTRY && state->saved > height)", "if (false)"),
    ("red zones", "linker/frame.c", "if (comparable && lowest < -rsp)", "if (false)"),
    ("red zones of realigned frames", "linker/frame.c", "rsp += state->align_height;", "rsp += state->align_height + state->align;"),
    ("stores to the return address", "linker/frame.c", "bool overlaps_return = lowest < 8 && end > 0;", "bool overlaps_return = false;"),
    ("stores to the saved rbp", "linker/frame.c", "state->saved && lowest < -(int64_t)state->saved + 8 &&", "false &&"),
    ("stores above a realigned frame", "linker/frame.c", "return end > 0 ? fault(walk, at, FRAME_OVERWRITES) : FRAME_OK;", "return FRAME_OK;"),
    ("unknown rsp is unchanged", "linker/frame.c", "        if (is_part_of(operand, ZYDIS_REGISTER_RSP))\n            return fault(walk, at, FRAME_UNKNOWN_RSP);", ""),
    ("rbp is never lost", "linker/frame.c", "state->rbp = (struct value){.kind = VALUE_UNKNOWN};\n    return FRAME_OK;", "return FRAME_OK;"),
    ("alloca is free", "linker/frame.c", "return fault(walk, at,\n                     amount->type == ZYDIS_OPERAND_TYPE_REGISTER ? FRAME_DYNAMIC\n                                                                 : FRAME_UNKNOWN_RSP);",
     "return FRAME_OK;"),
    ("above the entry", "linker/frame.c", "    if (height < 0)\n        return fault(walk, at, FRAME_ABOVE_ENTRY);", ""),
    ("frames of any size", "linker/frame.c", "    if (height > FRAME_MAX)\n        return fault(walk, at, FRAME_TOO_LARGE);", ""),
    ("calls at any alignment", "linker/frame.c", "        if (before->rsp.height % 8 != 0)\n            return fault(walk, at, FRAME_MISALIGNED);\n        callee = code_branch_function",
     "        callee = code_branch_function"),
    ("realignment at any alignment", "linker/frame.c", "    if (state->rsp.height % 8 != 0)\n        return fault(walk, at, FRAME_MISALIGNED);\n    state->align =",
     "    state->align ="),
    ("int3 goes on", "linker/frame.c", "return fault(walk, at, FRAME_INT3);", "return FRAME_OK;"),
    ("the end goes nowhere", "linker/frame.c", "return fault(walk, from, FRAME_FALLS_THROUGH);", "return FRAME_OK;"),
    ("edges without the realignment", "linker/frame.c", ".height = (uint32_t)highest(state_at(walk, at)),",
     ".height = (uint32_t)state_at(walk, at)->rsp.height,"),
    ("tail jumps are no edges", "linker/frame.c", "edge.target = branch_function(walk, instruction);", "edge.target = CODE_NONE;"),
    ("indirect jumps are no edges", "linker/frame.c", "edge.kind = FRAME_TAIL_SET;\n        edge.target = site_set(walk, at);",
     "edge.kind = FRAME_TAIL_SET;"),
    ("indirect calls are no edges", "linker/frame.c", "edge.kind = FRAME_CALL_SET;\n        edge.target = site_set(walk, at);",
     "edge.kind = FRAME_CALL_SET;"),
    ("calls are no edges", "linker/frame.c", "edge.kind = FRAME_CALL;\n        edge.target = code_branch_function(walk->code, instruction);",
     "edge.kind = FRAME_CALL;"),
    ("lea takes nothing", "linker/frame.c", "if (instruction->facts & CODE_RIP_RELATIVE)", "if (false)"),
    # Who calls whom.
    ("relocations take nothing", "linker/callgraph.c", "take(builder, function, CALLGRAPH_TAKEN_BY_RELOCATION, index);", ";"),
    ("late addresses are missed", "linker/callgraph.c",
     "if (set != CODE_NONE && graph->reachable[graph->code->function_count + set])", "if (false)"),
    ("early addresses are missed", "linker/callgraph.c",
     "reach(builder, graph->sets.members[set->first + i]);", ";"),
    ("everything is taken", "linker/callgraph.c", "            if (graph->taken[member] != CALLGRAPH_NOT_TAKEN)\n                graph->sets", "            graph->sets"),
    ("code refers to no tables", "linker/callgraph.c", "refer(builder, code->instructions[i].target);", ";"),
    ("tables refer to no tables", "linker/callgraph.c", "refer(builder, (uint64_t)relocation->addend);", ";"),
    ("every table counts", "linker/callgraph.c", "if (tables_containing(&builder->tables, object->relocations[i].offset) == TABLES_NONE)",
     "if (true)"),
    ("a table's first pointer only", "linker/callgraph.c", "relocations[builder->pointers[i]].offset - table->address < table->size;",
     "i == first_pointer(builder, table->address);"),
    ("others come back", "linker/callgraph.c", "(again && begin_again(&builder))", "(again = false)"),
    ("reachable for good", "linker/callgraph.c", "memset(graph->reachable, 0,", "memset(builder->referred, 0, 0 *"),
    ("taken for good", "linker/callgraph.c", "memset(graph->taken, 0,", "memset(builder->referred, 0, 0 *"),
    ("referred to for good", "linker/callgraph.c", "memset(builder->referred, 0, builder->tables", "memset(builder->referred, 0, 0 * builder->tables"),
    ("tables overlap", "linker/tables.c", "if (before->size > room)", "if (false)"),
    ("a table ends early", "linker/tables.c", "address - table->address < table->size ?", "address - table->address < 24 ?"),
    # Virtual calls.
    ("free pointers are of no slot", "linker/slots.c", "id_node(all, id));\n    join_slots(all, id);", "id_node(all, id));"),
    ("unknown slots of known functions", "linker/slots.c", "if (all->plain[id_node(all, id)])", "if (false)"),
    ("code takes no functions", "linker/slots.c", "        if (function != CODE_NONE)\n            add_plain(all, function);", ""),
    ("any slot", "linker/slots.c", "all->records[i].slot == slot;", "true;"),
    ("a call's id as it stands", "linker/slots.c", "0u - id", "id"),
    ("functions keep their ids", "linker/slots.c", "write_immediate(all, function->prefix, id);", ";"),
    ("half a record", "linker/slots.c", "section->size % sizeof(struct record) != 0", "false"),
    ("no cost of a call", "linker/callgraph.c", "edge->cost = from->height + 8;", "edge->cost = from->height;"),
    ("tail jumps cost", "linker/callgraph.c", "if (!edge->tail)\n            edge->cost", "if (true)\n            edge->cost"),
    ("a callee dropped", "linker/callgraph.c", "if (edges->position == set->count)", "if (edges->position + 1 >= set->count)"),
    ("broken functions", "linker/callgraph.c", "if (structural && problem->function != CODE_NONE)", "if (false)"),
    ("ids of another set", "linker/callee.c", "return low < sets->set_count && sets->sets[low].id == id ? low : CODE_NONE;",
     "return low < sets->set_count ? low : CODE_NONE;"),
    # Longest paths and recursion.
    ("rings unseen", "linker/depth.c", "component->circular |= !edge.tail;", ";"),
    ("rings of tail jumps", "linker/depth.c", "component->circular |= !edge.tail;", "component->circular = true;"),
    ("the unbounded is 0", "linker/depth.c", "component->circular ? DEPTH_UNBOUNDED : best;", "component->circular ? 0 : best;"),
    ("callees are free", "linker/depth.c", ": there->bound + edge.cost;", ": edge.cost;"),
    ("the last path wins", "linker/depth.c", "if (component->deepest != CODE_NONE && (bound < *best || (bound == *best && !(edge && ends))))", "if (false)"),
    ("a ring's best member only", "linker/depth.c", "for (uint32_t i = 0; i < component->count; i++) {\n        uint32_t node", "for (uint32_t i = 0; i < 1; i++) {\n        uint32_t node"),
    ("checks cut nothing", "linker/depth.c", "return depth->cut && depth->cut[node];", "return false;"),
    ("one cut is enough", "linker/cuts.c", "if (!has_circle(part))\n            return true;", "return true;"),
    ("greedy is not thorough", "linker/cuts.c", "        part->removed[vertex] = false;\n        part->removed[vertex] = has_circle(part);", "        part->removed[vertex] = false;"),
    ("the bound of cuts is too high", "linker/cuts.c", "return cuts ? cuts : 1;", "return cuts + 1;"),
    ("the bound of cuts is 1", "linker/cuts.c", "return cuts ? cuts : 1;", "return 1;"),
    ("cuts of tail jumps", "linker/cuts.c", "return (known->all[v] >> w & 1) && (known->all[w] >> v & 1) &&\n           (", "return true || ("),
    ("greed is enough", "linker/cuts.c", "cut_exactly(part, count) ? part->removed : part->greedy", "part->greedy"),
    # The compiler's sizes.
    ("sizes agree", "linker/stack_sizes.c", "if (found != expected && ", "if (false && "),
    ("sizes are not looked for", "linker/stack.c", "if (!failed && analysis->options->sizes)", "if (false)"),
    ("no sizes are right sizes", "linker/stack_sizes.c", "    if (!bytes)\n", "    if (!bytes)\n        return 0;\n    if (!bytes)\n"),
    ("half an entry", "linker/stack_sizes.c", "if (!read_entry(&reader, &address, &size))\n            return",
     "if (!read_entry(&reader, &address, &size))\n            return 0;\n        if (false)\n            return"),
    ("anything is an argument", "linker/stack_sizes.c", "return rise == 8 &&", "return true ||"),
    ("arguments at any height", "linker/stack_sizes.c", "before == expected &&", "true &&"),
    ("sizes of one byte", "linker/stack_sizes.c", "if (!(byte & 0x80))", "if (true)"),
    # What is promised.
    ("a check of other bytes", "linker/check_site.c", "memcmp(bytes + 19, \"\\x65\\x4d\\x3b\\x13\\x0f\\x82\", 6) != 0 ||", ""),
    ("a check without its import", "linker/check_site.c", "strcmp(code->functions[overflow].import, \"rex_stack_overflow\") != 0 ||", ""),
    ("a check of another variable", "linker/check_site.c", "strcmp(slot->name, \"rex_cpu\") != 0 ||", ""),
    ("a check of the wrong side", "linker/check_site.c", "if (displacement > 0 || displacement == INT32_MIN ||", "if ("),
    ("needs unchecked", "linker/stack.c", "analysis->options->round == STACK_FINAL && check->encoded < check->need)", "false)"),
    ("a need too small by 1", "linker/stack.c", "check->encoded < check->need)", "check->encoded + 1 < check->need)"),
    ("no limit", "linker/stack.c", "if (root->bound > root->limit &&", "if (false &&"),
    ("a limit too high by 8", "linker/stack.c", "if (root->bound > root->limit &&", "if (root->bound > root->limit + 8 &&"),
    ("forget panic", "linker/stack.c", "if (bound_root(analysis, &result->panic) || describe_checks", "if (describe_checks"),
    ("panic is no root", "linker/stack.c", "roots[count - 2] = result->panic.function;", "roots[count - 2] = roots[0];"),
    ("the timeout handler", "linker/stack.c", "    check_timeout(analysis);\n", ""),
    ("hopeless checks", "linker/stack.c", "if (present && check->need > analysis->limit &&", "if (false &&"),
    ("rings are left", "linker/stack.c", "    if (refuse_circles(analysis))\n        return -1;", ""),
    ("every id is used", "linker/stack.c", "if (!used && function->prefix != CODE_NONE)", "if (false)"),
    ("ids of what nothing takes", "linker/stack.c",
     "graph->reachable[code->function_count + set] &&\n                    graph->taken[i] != CALLGRAPH_NOT_TAKEN;", "graph->reachable[code->function_count + set];"),
]


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)


class Mutator:
    def __init__(self, source, work):
        self.source = source
        self.work = work
        self.flags = ["-g0", "-O0", "-std=gnu17", "-D_GNU_SOURCE", '-DREXC_VERSION="test"', "-I", source]
        self.objects = {name: os.path.join(work, name + ".elf") for name in ("frames", "virtual")}

    def compile(self, path, output, extra=()):
        result = run(["cc", *self.flags, *extra, "-c", path, "-o", output])
        if result.returncode:
            sys.exit(f"{path} does not compile:\n{result.stdout.decode()}")

    def link(self, test, objects, output):
        result = run(["cc", *objects, os.path.join(self.work, test + ".o"), *LIBRARIES, "-o", output])
        if result.returncode:
            sys.exit(f"{test} does not link:\n{result.stdout.decode()}")

    def object_of(self, path):
        return os.path.join(self.work, path.replace("/", "_") + ".o")

    def prepare(self):
        os.makedirs(self.work, exist_ok=True)
        stack = os.path.join(self.source, "tests/stack")
        for name, elf in self.objects.items():
            relocatable = os.path.join(self.work, name + ".o")
            for command in (
                ["clang-22", "--target=x86_64-unknown-none", "-c", "-Wa,-I" + stack, f"{stack}/{name}.s", "-o", relocatable],
                ["ld.lld-22", "-pie", "--no-dynamic-linker", "-z", "undefs", "-z", "dynamic-undefined-weak", "-z", "now",
                 "-z", "noexecstack", "--apply-dynamic-relocs", "-Bsymbolic", "--hash-style=gnu", "--build-id=none",
                 "-z", "max-page-size=4096", "-z", "separate-code", "-e", "0", "-T", stack + "/object.lds", relocatable,
                 "-o", elf],
            ):
                result = run(command)
                if result.returncode:
                    sys.exit(result.stdout.decode())
        for path in SOURCES:
            self.compile(os.path.join(self.source, path), self.object_of(path))
        for test in TESTS:
            self.compile(os.path.join(self.source, "tests/unit", test + ".c"), os.path.join(self.work, test + ".o"),
                         [f'-DREXC_TEST_{name.upper()}="{elf}"' for name, elf in self.objects.items()])

    def caught_by(self, objects, directory):
        for test in TESTS:
            binary = os.path.join(directory, test)
            self.link(test, objects, binary)
            try:
                if run([binary], timeout=120).returncode:
                    return test
            except subprocess.TimeoutExpired:
                return test + " (by hanging)"
        return None

    def content_of(self, path):
        with open(os.path.join(self.source, path), encoding="utf-8") as file:
            return file.read()

    def misplaced(self):
        """(name, reason) of the mutations whose text is not there once."""
        counts = [(name, path, self.content_of(path).count(text)) for name, path, text, _ in MUTATIONS]
        return [(name, f"its text occurs {count} times in {path}") for name, path, count in counts if count != 1]

    def mutate(self, index, mutation):
        name, path, text, replacement = mutation
        directory = os.path.join(self.work, f"mutation{index}")
        os.makedirs(directory, exist_ok=True)
        copy = os.path.join(directory, os.path.basename(path))
        with open(copy, "w", encoding="utf-8") as file:
            file.write(self.content_of(path).replace(text, replacement))
        changed = copy + ".o"
        self.compile(copy, changed, ["-w"])
        objects = [changed if p == path else self.object_of(p) for p in SOURCES]
        caught = self.caught_by(objects, directory)
        shutil.rmtree(directory)
        print(f"{name}: {caught or 'SURVIVED'}", flush=True)
        return name, None if caught else "no test notices"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=1, help="apply each Nth mutation only")
    parser.add_argument("source")
    parser.add_argument("work")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    mutator = Mutator(os.path.abspath(arguments.source), os.path.abspath(arguments.work))
    misplaced = mutator.misplaced()
    if misplaced:
        sys.exit("\n".join(f"mutation '{name}': {reason}" for name, reason in misplaced))
    mutator.prepare()
    os.makedirs(os.path.join(mutator.work, "intact"), exist_ok=True)
    if mutator.caught_by([mutator.object_of(p) for p in SOURCES], os.path.join(mutator.work, "intact")):
        sys.exit("the tests fail without any mutation")
    wanted = [m for m in MUTATIONS if not arguments.names or m[0] in arguments.names][::arguments.every]
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(lambda item: mutator.mutate(*item), enumerate(wanted)))
    survivors = [(name, reason) for name, reason in results if reason]
    for name, reason in survivors:
        print(f"mutation '{name}': {reason}")
    print(f"{len(results) - len(survivors)} of {len(results)} mutations caught")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
