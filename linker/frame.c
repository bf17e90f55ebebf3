/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/frame.h"

#include "linker/probe.h"

#include <stdlib.h>
#include <string.h>

/* What is known of a register that may hold a stack address. */
enum value_kind {
    VALUE_UNKNOWN,
    VALUE_CALLERS, /* rbp only: what it was at the entry */
    VALUE_ENTRY,   /* rsp at the entry, less height */
    VALUE_ALIGNED, /* the realigned point (see struct frame_state), less height */
};

struct value {
    enum value_kind kind;
    int32_t height;
};

/*
 * What holds before an instruction on every path that reaches it. A function is realigned at most
 * once on a path: `and rsp, -align` at height align_height. From there on rsp counts from the
 * realigned point, which lies align_height to align_height + align - 8 below the entry.
 */
struct frame_state {
    bool reached;
    bool interior; /* inside a probe loop that was matched as a whole: nothing may lead here */
    struct value rsp;
    struct value rbp;
    int32_t saved; /* height of rsp just after the caller's rbp was pushed; 0 when it is not on the
                      stack */
    int32_t align;
    int32_t align_height;
};

/* One function's interpretation. */
struct walk {
    struct frames *frames;
    const struct code *code;
    const struct code_function *function;
    uint32_t index; /* in code->functions */
    enum frame_fault fault;
    uint32_t fault_instruction;
};

/* What an instruction does to the state. */
struct effect {
    struct frame_state after;
    int64_t peak; /* greatest height while it runs */
    uint32_t
        next; /* the instruction that follows when it does not branch; CODE_NONE when none does */
};

static enum frame_fault fault(struct walk *walk, uint32_t instruction, enum frame_fault kind)
{
    if (walk->fault == FRAME_OK) {
        walk->fault = kind;
        walk->fault_instruction = instruction;
    }
    return kind;
}

/* The greatest height that the state allows. */
static int64_t highest(const struct frame_state *state)
{
    if (state->rsp.kind == VALUE_ALIGNED)
        return (int64_t)state->align_height + state->align - 8 + state->rsp.height;
    return state->rsp.height;
}

/* Moves rsp to a value, checking what must hold of it. */
static enum frame_fault set_rsp(struct walk *walk, uint32_t at, struct frame_state *state,
                                enum value_kind kind, int64_t height)
{
    if (kind != VALUE_ENTRY && kind != VALUE_ALIGNED)
        return fault(walk, at, FRAME_UNKNOWN_RSP);
    if (height < 0)
        return fault(walk, at, FRAME_ABOVE_ENTRY);
    if (height > FRAME_MAX)
        return fault(walk, at, FRAME_TOO_LARGE);
    state->rsp = (struct value){.kind = kind, .height = (int32_t)height};
    if (kind == VALUE_ENTRY && state->saved > height)
        state->saved = 0; /* the slot is free again: what is there may change */
    if (kind == VALUE_ENTRY && state->rbp.kind != VALUE_ALIGNED)
        state->align = state->align_height =
            0; /* nothing counts from the realigned point any more */
    return FRAME_OK;
}

static enum frame_fault push(struct walk *walk, uint32_t at, struct frame_state *state)
{
    return set_rsp(walk, at, state, state->rsp.kind, (int64_t)state->rsp.height + 8);
}

/* pop rbp, or the second half of leave. */
static enum frame_fault pop_rbp(struct walk *walk, uint32_t at, struct frame_state *state)
{
    bool saved =
        state->saved != 0 && state->rsp.kind == VALUE_ENTRY && state->rsp.height == state->saved;
    state->rbp = (struct value){.kind = saved ? VALUE_CALLERS : VALUE_UNKNOWN};
    return set_rsp(walk, at, state, state->rsp.kind, (int64_t)state->rsp.height - 8);
}

static void push_rbp(struct frame_state *state)
{
    if (state->rbp.kind == VALUE_CALLERS && state->saved == 0 && state->rsp.kind == VALUE_ENTRY)
        state->saved = state->rsp.height;
}

static bool is_register(const ZydisDecodedOperand *operand, ZydisRegister name)
{
    return operand->type == ZYDIS_OPERAND_TYPE_REGISTER && operand->reg.value == name;
}

/* Whether the operand is that register or a part of it. */
static bool is_part_of(const ZydisDecodedOperand *operand, ZydisRegister name)
{
    return operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
           ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, operand->reg.value) == name;
}

static bool is_written(const ZydisDecodedOperand *operand)
{
    return (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
}

/* The register that alone makes an address, be it encoded as a base or as an index (rbp * 1). */
static ZydisRegister only_register(const ZydisDecodedOperand *operand)
{
    if (operand->mem.index == ZYDIS_REGISTER_NONE)
        return operand->mem.base;
    return operand->mem.base == ZYDIS_REGISTER_NONE && operand->mem.scale <= 1
               ? operand->mem.index
               : ZYDIS_REGISTER_NONE;
}

/* The value of [register + displacement] when it is a stack address with a known distance. */
static struct value address_value(const struct frame_state *state,
                                  const ZydisDecodedOperand *operand)
{
    struct value unknown = {.kind = VALUE_UNKNOWN};
    ZydisRegister known = only_register(operand);
    struct value base;

    if (known == ZYDIS_REGISTER_RSP)
        base = state->rsp;
    else if (known == ZYDIS_REGISTER_RBP)
        base = state->rbp;
    else
        return unknown;
    if (base.kind != VALUE_ENTRY && base.kind != VALUE_ALIGNED)
        return unknown;
    int64_t height =
        base.height - (operand->mem.disp.has_displacement ? operand->mem.disp.value : 0);
    if (height < INT32_MIN || height > INT32_MAX)
        return unknown;
    return (struct value){.kind = base.kind, .height = (int32_t)height};
}

/* An access at a known distance must not lie below rsp, where an interrupt may change what it
 * finds, nor destroy what this analysis relies on. */
static enum frame_fault access_memory(struct walk *walk, uint32_t at,
                                      const struct frame_state *state,
                                      const ZydisDecodedOperand *operand)
{
    if (operand->mem.type != ZYDIS_MEMOP_TYPE_MEM || operand->mem.segment == ZYDIS_REGISTER_GS ||
        operand->mem.segment == ZYDIS_REGISTER_FS)
        return FRAME_OK;
    struct value address = address_value(state, operand);
    if (address.kind == VALUE_UNKNOWN)
        return FRAME_OK;
    int64_t lowest = -(int64_t)address.height;
    int64_t end = lowest + operand->size / 8;
    bool comparable = address.kind == state->rsp.kind || address.kind == VALUE_ENTRY;
    int64_t rsp = state->rsp.height; /* where it is at the highest */
    if (address.kind == VALUE_ENTRY && state->rsp.kind == VALUE_ALIGNED)
        rsp += state->align_height;
    if (comparable && lowest < -rsp)
        return fault(walk, at, FRAME_BELOW_RSP);
    if (!is_written(operand))
        return FRAME_OK;
    if (address.kind == VALUE_ALIGNED)
        return end > 0 ? fault(walk, at, FRAME_OVERWRITES) : FRAME_OK;
    bool overlaps_return = lowest < 8 && end > 0;
    bool overlaps_saved =
        state->saved && lowest < -(int64_t)state->saved + 8 && end > -(int64_t)state->saved;
    return overlaps_return || overlaps_saved ? fault(walk, at, FRAME_OVERWRITES) : FRAME_OK;
}

/* and rsp, -align */
static enum frame_fault realign(struct walk *walk, uint32_t at, struct frame_state *state,
                                int64_t mask)
{
    int64_t align = mask == INT64_MIN ? 0 : -mask;
    if (align < 8 || align > FRAME_MAX || (align & (align - 1)) != 0 ||
        state->rsp.kind != VALUE_ENTRY || state->rbp.kind == VALUE_ALIGNED)
        return fault(walk, at, FRAME_UNKNOWN_RSP);
    if (state->rsp.height % 8 != 0)
        return fault(walk, at, FRAME_MISALIGNED);
    state->align = (int32_t)align;
    state->align_height = state->rsp.height;
    state->rsp = (struct value){.kind = VALUE_ALIGNED, .height = 0};
    return FRAME_OK;
}

/* sub or add rsp, imm */
static enum frame_fault adjust(struct walk *walk, uint32_t at, struct frame_state *state,
                               const ZydisDecodedOperand *amount, int sign)
{
    if (amount->type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
        return fault(walk, at,
                     amount->type == ZYDIS_OPERAND_TYPE_REGISTER ? FRAME_DYNAMIC
                                                                 : FRAME_UNKNOWN_RSP);
    return set_rsp(walk, at, state, state->rsp.kind,
                   state->rsp.height + sign * amount->imm.value.s);
}

/* or memory, 0: a full fence in LLVM's code (`lock or dword ptr [rsp], 0`), which may stand on the
 * saved rbp of a function without locals. What is written is what was there. */
static bool writes_what_was_there(const ZydisDecodedInstruction *decoded,
                                  const ZydisDecodedOperand *operands)
{
    return decoded->mnemonic == ZYDIS_MNEMONIC_OR &&
           operands[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && operands[1].imm.value.u == 0;
}

/* Any other instruction: it may read rsp and rbp, address memory by them, and destroy rbp. */
static enum frame_fault interpret_other(struct walk *walk, uint32_t at, struct frame_state *state,
                                        const ZydisDecodedInstruction *decoded,
                                        const ZydisDecodedOperand *operands)
{
    for (size_t i = 0; i < decoded->operand_count; i++) {
        const ZydisDecodedOperand *operand = &operands[i];
        ZydisDecodedOperand access = *operand;
        if (writes_what_was_there(decoded, operands))
            access.actions = ZYDIS_OPERAND_ACTION_READ;
        if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
            access_memory(walk, at, state, &access) != FRAME_OK)
            return walk->fault;
        if (!is_written(operand))
            continue;
        if (is_part_of(operand, ZYDIS_REGISTER_RSP))
            return fault(walk, at, FRAME_UNKNOWN_RSP);
    }
    for (size_t i = 0; i < decoded->operand_count; i++)
        if (is_written(&operands[i]) && is_part_of(&operands[i], ZYDIS_REGISTER_RBP))
            state->rbp = (struct value){.kind = VALUE_UNKNOWN};
    return FRAME_OK;
}

static enum frame_fault interpret_push(struct walk *walk, uint32_t at, struct frame_state *state,
                                       const ZydisDecodedInstruction *decoded,
                                       const ZydisDecodedOperand *operands)
{
    if (decoded->operand_width != 64)
        return fault(walk, at, FRAME_MISALIGNED);
    if (operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY &&
        access_memory(walk, at, state, &operands[0]) != FRAME_OK)
        return walk->fault;
    if (push(walk, at, state) != FRAME_OK)
        return walk->fault;
    if (is_register(&operands[0], ZYDIS_REGISTER_RBP))
        push_rbp(state);
    return FRAME_OK;
}

static enum frame_fault interpret_pop(struct walk *walk, uint32_t at, struct frame_state *state,
                                      const ZydisDecodedInstruction *decoded,
                                      const ZydisDecodedOperand *operands)
{
    if (decoded->operand_width != 64)
        return fault(walk, at, FRAME_MISALIGNED);
    if (operands[0].type != ZYDIS_OPERAND_TYPE_REGISTER ||
        is_part_of(&operands[0], ZYDIS_REGISTER_RSP))
        return fault(walk, at, FRAME_UNKNOWN_RSP);
    if (is_register(&operands[0], ZYDIS_REGISTER_RBP))
        return pop_rbp(walk, at, state);
    return set_rsp(walk, at, state, state->rsp.kind, (int64_t)state->rsp.height - 8);
}

static enum frame_fault interpret_leave(struct walk *walk, uint32_t at, struct frame_state *state)
{
    if (set_rsp(walk, at, state, state->rbp.kind, state->rbp.height) != FRAME_OK)
        return walk->fault;
    return pop_rbp(walk, at, state);
}

/* enter imm16, 0 */
static enum frame_fault interpret_enter(struct walk *walk, uint32_t at, struct frame_state *state,
                                        const ZydisDecodedOperand *operands)
{
    if (operands[1].imm.value.u != 0)
        return fault(walk, at, FRAME_UNKNOWN_RSP);
    if (push(walk, at, state) != FRAME_OK)
        return walk->fault;
    push_rbp(state);
    state->rbp = state->rsp;
    return set_rsp(walk, at, state, state->rsp.kind,
                   (int64_t)state->rsp.height + (int64_t)operands[0].imm.value.u);
}

/* An instruction of class CODE_PLAIN that names rsp or rbp. */
static enum frame_fault interpret(struct walk *walk, uint32_t at, struct frame_state *state)
{
    ZydisDecodedInstruction decoded;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];

    if (code_operands(walk->code, at, &decoded, operands))
        return fault(walk, at, FRAME_CODE);
    bool to_rsp =
        decoded.operand_count_visible > 0 && is_register(&operands[0], ZYDIS_REGISTER_RSP);
    bool to_rbp =
        decoded.operand_count_visible > 0 && is_register(&operands[0], ZYDIS_REGISTER_RBP);

    switch (decoded.mnemonic) {
    case ZYDIS_MNEMONIC_PUSH:
        return interpret_push(walk, at, state, &decoded, operands);
    case ZYDIS_MNEMONIC_POP:
        return interpret_pop(walk, at, state, &decoded, operands);
    case ZYDIS_MNEMONIC_LEAVE:
        return decoded.operand_width == 64 ? interpret_leave(walk, at, state)
                                           : fault(walk, at, FRAME_MISALIGNED);
    case ZYDIS_MNEMONIC_ENTER:
        return decoded.operand_width == 64 ? interpret_enter(walk, at, state, operands)
                                           : fault(walk, at, FRAME_MISALIGNED);
    case ZYDIS_MNEMONIC_SUB:
        if (to_rsp)
            return adjust(walk, at, state, &operands[1], 1);
        break;
    case ZYDIS_MNEMONIC_ADD:
        if (to_rsp)
            return adjust(walk, at, state, &operands[1], -1);
        break;
    case ZYDIS_MNEMONIC_AND:
        if (to_rsp && operands[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
            return realign(walk, at, state, operands[1].imm.value.s);
        break;
    case ZYDIS_MNEMONIC_LEA:
        if (to_rsp) {
            struct value value = address_value(state, &operands[1]);
            return set_rsp(walk, at, state, value.kind, value.height);
        }
        if (to_rbp) {
            state->rbp = address_value(state, &operands[1]);
            return FRAME_OK;
        }
        break;
    case ZYDIS_MNEMONIC_MOV:
        if (to_rsp && is_register(&operands[1], ZYDIS_REGISTER_RBP))
            return set_rsp(walk, at, state, state->rbp.kind, state->rbp.height);
        if (to_rbp && is_register(&operands[1], ZYDIS_REGISTER_RSP)) {
            state->rbp = state->rsp;
            return FRAME_OK;
        }
        break;
    default:
        break;
    }
    return interpret_other(walk, at, state, &decoded, operands);
}

static struct frame_state *state_at(const struct walk *walk, uint32_t instruction)
{
    return &walk->frames->states[instruction - walk->function->first];
}

static enum frame_fault run_probe(struct walk *walk, uint32_t at, const struct probe *probe,
                                  struct effect *effect)
{
    for (uint32_t i = 1; i < probe->length; i++) {
        struct frame_state *inside = state_at(walk, at + i);
        if (inside->reached)
            return fault(walk, at + i, FRAME_INTO_PROBE);
        inside->interior = true;
    }
    effect->next = at + probe->length;
    if (probe->realigns) {
        if (realign(walk, at, &effect->after, -probe->amount) != FRAME_OK)
            return walk->fault;
        /* The last step of a page may pass the realigned point, by less than a page. */
        effect->peak = highest(&effect->after) + 4096 - 8;
        return FRAME_OK;
    }
    if (set_rsp(walk, at, &effect->after, effect->after.rsp.kind,
                effect->after.rsp.height + probe->amount) != FRAME_OK)
        return walk->fault;
    effect->peak = highest(&effect->after);
    return FRAME_OK;
}

/* A function may be left only as it was entered. */
static enum frame_fault check_exit(struct walk *walk, uint32_t at, const struct frame_state *state)
{
    bool restored = state->rsp.kind == VALUE_ENTRY && state->rsp.height == 0 &&
                    state->rbp.kind == VALUE_CALLERS;
    return restored ? FRAME_OK : fault(walk, at, FRAME_NOT_RESTORED);
}

/* The function that a direct branch leaves for; CODE_NONE when it stays inside. */
static uint32_t branch_function(const struct walk *walk, const struct code_instruction *branch)
{
    uint32_t function = code_branch_function(walk->code, branch);
    return function == walk->index ? CODE_NONE : function;
}

static uint32_t site_set(const struct walk *walk, uint32_t at)
{
    const struct code_site *site = code_site(walk->code, at);
    return site->checked ? callee_set_of(walk->frames->sets, site->id) : CODE_NONE;
}

static enum frame_fault step_branch(struct walk *walk, uint32_t at, const struct frame_state *state)
{
    const struct code_instruction *branch = &walk->code->instructions[at];
    uint32_t function = branch_function(walk, branch);
    if (function != CODE_NONE)
        return walk->code->functions[function].kind == CODE_INDIRECT_THUNK
                   ? fault(walk, at, FRAME_CODE)
                   : check_exit(walk, at, state);
    uint32_t target = branch->landing;
    return target == CODE_NONE || walk->code->instructions[target].function != walk->index
               ? fault(walk, at, FRAME_CODE)
               : FRAME_OK;
}

/* What the instruction does, but for its branch. */
static enum frame_fault step(struct walk *walk, uint32_t at, struct effect *effect)
{
    const struct code_instruction *instruction = &walk->code->instructions[at];
    const struct frame_state *before = state_at(walk, at);
    struct probe probe;
    uint32_t callee;

    *effect = (struct effect){.after = *before, .peak = highest(before), .next = at + 1};
    switch ((enum code_class)instruction->class) {
    case CODE_NOP:
    case CODE_ENDBR:
        return FRAME_OK;
    case CODE_PLAIN:
        if (!(instruction->facts & (CODE_TOUCHES_RSP | CODE_TOUCHES_RBP)))
            return FRAME_OK;
        if (probe_match(walk->code, at, &probe))
            return run_probe(walk, at, &probe, effect);
        if (interpret(walk, at, &effect->after) != FRAME_OK)
            return walk->fault;
        if (highest(&effect->after) > effect->peak)
            effect->peak = highest(&effect->after);
        return FRAME_OK;
    case CODE_TRAP:
        effect->next = CODE_NONE;
        return FRAME_OK;
    case CODE_CALL:
        effect->peak += 8;
        if (before->rsp.height % 8 != 0)
            return fault(walk, at, FRAME_MISALIGNED);
        callee = code_branch_function(walk->code, instruction);
        if (callee == CODE_NONE || walk->code->functions[callee].kind == CODE_RETURN_THUNK)
            return fault(walk, at, FRAME_CODE);
        if (!walk->frames->returns->functions[callee])
            effect->next = CODE_NONE;
        return FRAME_OK;
    case CODE_INDIRECT_CALL:
        effect->peak += 8;
        if (before->rsp.height % 8 != 0)
            return fault(walk, at, FRAME_MISALIGNED);
        callee = site_set(walk, at);
        if (callee == CODE_NONE)
            return fault(walk, at, FRAME_CODE);
        if (!walk->frames->returns->sets[callee])
            effect->next = CODE_NONE;
        return FRAME_OK;
    case CODE_BRANCH:
        return step_branch(walk, at, before);
    case CODE_JUMP:
        effect->next = CODE_NONE;
        return step_branch(walk, at, before);
    case CODE_INDIRECT_JUMP:
        effect->next = CODE_NONE;
        if (site_set(walk, at) == CODE_NONE)
            return fault(walk, at, FRAME_CODE);
        return check_exit(walk, at, before);
    case CODE_RETURN:
        effect->next = CODE_NONE;
        return check_exit(walk, at, before);
    case CODE_INT3:
        return fault(walk, at, FRAME_INT3);
    case CODE_INVALID:
    case CODE_BARE_INDIRECT:
    case CODE_BARE_RETURN:
    case CODE_OTHER:
        break;
    }
    return fault(walk, at, FRAME_CODE);
}

static bool same_value(struct value a, struct value b)
{
    return a.kind == b.kind && a.height == b.height;
}

/* Control goes from `from` to an instruction of this function with that state. */
static enum frame_fault flow(struct walk *walk, uint32_t from, uint32_t to,
                             const struct frame_state *state)
{
    struct frames *frames = walk->frames;
    if (to >= walk->function->first + walk->function->count)
        return fault(walk, from, FRAME_FALLS_THROUGH);
    struct frame_state *there = state_at(walk, to);
    if (there->interior)
        return fault(walk, from, FRAME_INTO_PROBE);
    if (!there->reached) {
        *there = *state;
        there->reached = true;
        frames->stack[frames->stack_count++] = to;
        return FRAME_OK;
    }
    if (!same_value(there->rsp, state->rsp) || there->align != state->align ||
        there->align_height != state->align_height)
        return fault(walk, to, FRAME_MERGE);
    /* Less may be known of rbp than on one of the paths; it matters only where it is used. */
    bool changed = false;
    if (!same_value(there->rbp, state->rbp) && there->rbp.kind != VALUE_UNKNOWN) {
        there->rbp = (struct value){.kind = VALUE_UNKNOWN};
        changed = true;
    }
    if (there->saved != state->saved && there->saved != 0) {
        there->saved = 0;
        changed = true;
    }
    if (changed)
        frames->stack[frames->stack_count++] = to;
    return FRAME_OK;
}

static enum frame_fault interpret_all(struct walk *walk)
{
    struct frames *frames = walk->frames;
    struct frame_state entry = {
        .rsp = {.kind = VALUE_ENTRY},
        .rbp = {.kind = VALUE_CALLERS},
    };
    frames->stack_count = 0;
    flow(walk, walk->function->first, walk->function->first, &entry);
    while (frames->stack_count && walk->fault == FRAME_OK) {
        uint32_t at = frames->stack[--frames->stack_count];
        const struct code_instruction *instruction = &walk->code->instructions[at];
        struct effect effect;
        if (step(walk, at, &effect) != FRAME_OK)
            break;
        if (effect.next != CODE_NONE && flow(walk, at, effect.next, &effect.after) != FRAME_OK)
            break;
        if ((instruction->class == CODE_BRANCH || instruction->class == CODE_JUMP) &&
            branch_function(walk, instruction) == CODE_NONE)
            flow(walk, at, instruction->landing, &effect.after);
    }
    return walk->fault;
}

static int add_edge(struct frames *frames, struct frame *frame, struct frame_edge edge)
{
    if (frames->edge_count == frames->edge_capacity) {
        uint32_t larger = frames->edge_capacity ? frames->edge_capacity * 2 : 1024;
        struct frame_edge *grown = reallocarray(frames->edges, larger, sizeof(*grown));
        if (!grown || larger > UINT32_MAX / 4)
            return -1;
        frames->edges = grown;
        frames->edge_capacity = larger;
    }
    frames->edges[frames->edge_count++] = edge;
    frame->edge_count++;
    return 0;
}

/* Where the instruction leads out of the function, and whose address it takes. */
static int collect_edge(struct walk *walk, struct frame *frame, uint32_t at)
{
    const struct code_instruction *instruction = &walk->code->instructions[at];
    struct frame_edge edge = {
        .instruction = at,
        .height = (uint32_t)highest(state_at(walk, at)),
        .target = CODE_NONE,
    };

    switch ((enum code_class)instruction->class) {
    case CODE_CALL:
        edge.kind = FRAME_CALL;
        edge.target = code_branch_function(walk->code, instruction);
        break;
    case CODE_JUMP:
    case CODE_BRANCH:
        edge.kind = FRAME_TAIL;
        edge.target = branch_function(walk, instruction);
        if (edge.target != CODE_NONE &&
            walk->code->functions[edge.target].kind == CODE_RETURN_THUNK)
            edge.target = CODE_NONE;
        break;
    case CODE_INDIRECT_CALL:
        edge.kind = FRAME_CALL_SET;
        edge.target = site_set(walk, at);
        break;
    case CODE_INDIRECT_JUMP:
        edge.kind = FRAME_TAIL_SET;
        edge.target = site_set(walk, at);
        break;
    default:
        edge.kind = FRAME_REFERENCE;
        if (instruction->facts & CODE_RIP_RELATIVE)
            edge.target = code_function_at(walk->code, instruction->target);
        break;
    }
    return edge.target == CODE_NONE ? 0 : add_edge(walk->frames, frame, edge);
}

/* All states are final now; each instruction counts once. */
static enum frame_fault collect(struct walk *walk, struct frame *frame)
{
    uint32_t end = walk->function->first + walk->function->count;
    int64_t depth = 0;
    frame->first_edge = walk->frames->edge_count;
    for (uint32_t at = walk->function->first; at < end; at++) {
        struct effect effect;
        if (!state_at(walk, at)->reached)
            continue;
        if (step(walk, at, &effect) != FRAME_OK)
            return walk->fault;
        if (effect.peak > depth)
            depth = effect.peak;
        if (collect_edge(walk, frame, at))
            return fault(walk, at, FRAME_NO_MEMORY);
    }
    frame->depth = (uint32_t)depth;
    return FRAME_OK;
}

static int reserve_scratch(struct frames *frames, uint32_t count)
{
    if (count > frames->scratch_capacity) {
        free(frames->states);
        free(frames->stack);
        frames->scratch_capacity = 0;
        frames->states = calloc(count, sizeof(*frames->states));
        /* An instruction is pushed when it is reached, and again for each thing that becomes
         * unknown. */
        frames->stack = calloc((size_t)count * 3, sizeof(*frames->stack));
        if (!frames->states || !frames->stack)
            return -1;
        frames->scratch_capacity = count;
    }
    memset(frames->states, 0, count * sizeof(*frames->states));
    return 0;
}

enum frame_fault frame_analyse(struct frames *frames, uint32_t function)
{
    struct frame *frame = &frames->frames[function];
    struct walk walk = {
        .frames = frames,
        .code = frames->code,
        .function = &frames->code->functions[function],
        .index = function,
    };

    if (frame->analysed)
        return frame->fault;
    frame->analysed = true;
    if (walk.function->count == 0)
        fault(&walk, CODE_NONE, FRAME_CODE); /* of bytes that are not in the file */
    else if (reserve_scratch(frames, walk.function->count))
        fault(&walk, walk.function->first, FRAME_NO_MEMORY);
    else if (interpret_all(&walk) == FRAME_OK)
        collect(&walk, frame);
    frame->fault = walk.fault;
    frame->fault_instruction = walk.fault_instruction;
    return frame->fault;
}

enum frame_fault frame_replay(struct frames *frames, uint32_t function)
{
    struct walk walk = {
        .frames = frames,
        .code = frames->code,
        .function = &frames->code->functions[function],
        .index = function,
    };
    return reserve_scratch(frames, walk.function->count) ? FRAME_NO_MEMORY : interpret_all(&walk);
}

/* Of the function that was analysed last. */
static const struct frame_state *last_state(const struct frames *frames, uint32_t instruction)
{
    uint32_t function = frames->code->instructions[instruction].function;
    return &frames->states[instruction - frames->code->functions[function].first];
}

bool frame_distance(const struct frames *frames, uint32_t instruction, bool rbp, int64_t *height)
{
    const struct frame_state *state = last_state(frames, instruction);
    const struct value *value = rbp ? &state->rbp : &state->rsp;
    *height = value->height;
    return state->reached && !state->interior && value->kind == VALUE_ENTRY;
}

int64_t frame_height(const struct frames *frames, uint32_t instruction)
{
    const struct frame_state *state = last_state(frames, instruction);
    return state->reached ? highest(state) : -1;
}

bool frame_realigned(const struct frames *frames, uint32_t instruction, int64_t *alignment,
                     int64_t *before)
{
    const struct frame_state *state = last_state(frames, instruction);
    *alignment = state->align;
    *before = state->align_height;
    return state->reached && !state->interior && state->rsp.kind == VALUE_ALIGNED;
}

int frames_init(struct frames *frames, const struct code *code, const struct callee_sets *sets,
                const struct returns *returns)
{
    memset(frames, 0, sizeof(*frames));
    frames->code = code;
    frames->sets = sets;
    frames->returns = returns;
    frames->frames = calloc((size_t)code->function_count + 1, sizeof(*frames->frames));
    return frames->frames ? 0 : -1;
}

void frames_free(struct frames *frames)
{
    free(frames->frames);
    free(frames->edges);
    free(frames->states);
    free(frames->stack);
    memset(frames, 0, sizeof(*frames));
}
