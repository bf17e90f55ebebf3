/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least fixed point of "may return": each instruction that control may reach is visited once; a
 * walk stops at a call whose callee is not (yet) known to return and waits there.
 *
 * Nodes are functions, then callee sets: a set may return when one of its members may.
 */
#include "linker/returns.h"

#include "linker/imports.h"

#include <stdlib.h>
#include <string.h>

/* Something that becomes true when a node turns out to return. Waiters form a list for each node.
 */
struct waiter {
    enum { WAIT_CALL, WAIT_TAIL, WAIT_MEMBER } kind;
    uint32_t subject; /* the call or jump's instruction; the set that has the node as a member */
    uint32_t next;    /* index of the next waiter, or CODE_NONE */
};

struct finder {
    const struct code *code;
    const struct callee_sets *sets;
    bool *returning; /* by node */
    bool *visited;   /* by instruction */
    uint32_t *stack; /* instructions to continue from */
    uint32_t stack_count;
    uint32_t *news; /* nodes found to return, whose waiters have not been told */
    uint32_t news_count;
    struct waiter *waiters;
    uint32_t waiter_count;
    uint32_t *first_waiter; /* by node */
};

static void mark_returning(struct finder *finder, uint32_t node)
{
    if (finder->returning[node])
        return;
    finder->returning[node] = true;
    finder->news[finder->news_count++] = node;
}

static void visit(struct finder *finder, uint32_t instruction, uint32_t function)
{
    /* What runs over the function's end is refused when heights are computed. */
    if (instruction >= finder->code->instruction_count ||
        finder->code->instructions[instruction].function != function ||
        finder->visited[instruction])
        return;
    finder->visited[instruction] = true;
    finder->stack[finder->stack_count++] = instruction;
}

static void wait_for(struct finder *finder, uint32_t node, struct waiter waiter)
{
    waiter.next = finder->first_waiter[node];
    finder->first_waiter[node] = finder->waiter_count;
    finder->waiters[finder->waiter_count++] = waiter;
}

/* A call: goes on behind it once the callee may return. */
static void call(struct finder *finder, uint32_t index, uint32_t node)
{
    if (finder->returning[node])
        visit(finder, index + 1, finder->code->instructions[index].function);
    else
        wait_for(finder, node, (struct waiter){.kind = WAIT_CALL, .subject = index});
}

/* A jump out of the function: it returns if what it jumps to does. */
static void tail(struct finder *finder, uint32_t index, uint32_t node)
{
    if (finder->returning[node])
        mark_returning(finder, finder->code->instructions[index].function);
    else
        wait_for(finder, node, (struct waiter){.kind = WAIT_TAIL, .subject = index});
}

static uint32_t set_node(const struct finder *finder, uint32_t index)
{
    const struct code_site *site = code_site(finder->code, index);
    uint32_t set = site->checked ? callee_set_of(finder->sets, site->id) : CODE_NONE;
    return set == CODE_NONE ? CODE_NONE : finder->code->function_count + set;
}

static void branch(struct finder *finder, uint32_t index)
{
    const struct code *code = finder->code;
    const struct code_instruction *instruction = &code->instructions[index];
    uint32_t target = code_branch_function(code, instruction);

    if (target != CODE_NONE && target != instruction->function) {
        if (code->functions[target].kind == CODE_RETURN_THUNK)
            mark_returning(finder, instruction->function);
        else
            tail(finder, index, target);
        return;
    }
    if (instruction->landing != CODE_NONE)
        visit(finder, instruction->landing, instruction->function);
}

static void step(struct finder *finder, uint32_t index)
{
    const struct code_instruction *instruction = &finder->code->instructions[index];
    uint32_t function = instruction->function;
    uint32_t node;

    switch ((enum code_class)instruction->class) {
    case CODE_PLAIN:
    case CODE_NOP:
    case CODE_ENDBR:
        visit(finder, index + 1, function);
        break;
    case CODE_BRANCH:
        visit(finder, index + 1, function);
        branch(finder, index);
        break;
    case CODE_JUMP:
        branch(finder, index);
        break;
    case CODE_CALL:
        node = code_branch_function(finder->code, instruction);
        if (node != CODE_NONE)
            call(finder, index, node);
        break;
    case CODE_INDIRECT_CALL:
    case CODE_INDIRECT_JUMP:
        node = set_node(finder, index);
        if (node == CODE_NONE)
            break;
        if (instruction->class == CODE_INDIRECT_CALL)
            call(finder, index, node);
        else
            tail(finder, index, node);
        break;
    case CODE_RETURN:
    case CODE_BARE_RETURN:
        mark_returning(finder, function);
        break;
    case CODE_INVALID: /* these are refused when they are reached */
    case CODE_INT3:
    case CODE_TRAP:
    case CODE_BARE_INDIRECT:
    case CODE_OTHER:
        break;
    }
}

static void tell_waiters(struct finder *finder, uint32_t node)
{
    const struct code *code = finder->code;
    for (uint32_t i = finder->first_waiter[node]; i != CODE_NONE; i = finder->waiters[i].next) {
        const struct waiter *waiter = &finder->waiters[i];
        switch (waiter->kind) {
        case WAIT_CALL:
            visit(finder, waiter->subject + 1, code->instructions[waiter->subject].function);
            break;
        case WAIT_TAIL:
            mark_returning(finder, code->instructions[waiter->subject].function);
            break;
        case WAIT_MEMBER:
            mark_returning(finder, code->function_count + waiter->subject);
            break;
        }
    }
}

static void start(struct finder *finder)
{
    const struct code *code = finder->code;
    const struct callee_sets *sets = finder->sets;

    for (uint32_t i = 0; i < sets->set_count; i++)
        for (uint32_t j = 0; j < sets->sets[i].count; j++)
            wait_for(finder, sets->members[sets->sets[i].first + j],
                     (struct waiter){.kind = WAIT_MEMBER, .subject = i});
    for (uint32_t i = 0; i < code->function_count; i++) {
        const struct code_function *function = &code->functions[i];
        if (function->kind == CODE_IMPORT_THUNK) {
            const struct rex_import *import = import_find(function->import);
            if (!import || !import->noreturn)
                mark_returning(finder, i);
        } else if (function->kind == CODE_RETURN_THUNK) {
            mark_returning(finder, i);
        } else if (function->kind == CODE_FUNCTION && function->count) {
            visit(finder, function->first, i);
        }
    }
}

int returns_find(const struct code *code, const struct callee_sets *sets, struct returns *returns)
{
    size_t nodes = (size_t)code->function_count + sets->set_count;
    size_t members = 0;
    for (uint32_t i = 0; i < sets->set_count; i++)
        members += sets->sets[i].count;
    /* An instruction waits at most once, and so does a member. */
    struct finder finder = {
        .code = code,
        .sets = sets,
        .returning = calloc(nodes + 1, sizeof(bool)),
        .visited = calloc((size_t)code->instruction_count + 1, sizeof(bool)),
        .stack = calloc((size_t)code->instruction_count + 1, sizeof(uint32_t)),
        .news = calloc(nodes + 1, sizeof(uint32_t)),
        .waiters = calloc(code->instruction_count + members + 1, sizeof(struct waiter)),
        .first_waiter = malloc((nodes + 1) * sizeof(uint32_t)),
    };
    int result = -1;

    memset(returns, 0, sizeof(*returns));
    if (!finder.returning || !finder.visited || !finder.stack || !finder.news || !finder.waiters ||
        !finder.first_waiter)
        goto done;
    for (size_t i = 0; i < nodes; i++)
        finder.first_waiter[i] = CODE_NONE;
    start(&finder);
    while (finder.stack_count || finder.news_count) {
        if (finder.news_count)
            tell_waiters(&finder, finder.news[--finder.news_count]);
        else
            step(&finder, finder.stack[--finder.stack_count]);
    }
    returns->functions = finder.returning;
    returns->sets = finder.returning + code->function_count;
    finder.returning = NULL;
    result = 0;

done:
    free(finder.returning);
    free(finder.visited);
    free(finder.stack);
    free(finder.news);
    free(finder.waiters);
    free(finder.first_waiter);
    return result;
}

void returns_free(struct returns *returns)
{
    free(returns->functions); /* one allocation with sets */
    memset(returns, 0, sizeof(*returns));
}
