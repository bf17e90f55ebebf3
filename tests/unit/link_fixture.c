/* SPDX-License-Identifier: Apache-2.0 */
#include "link_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const char fixture_program[] = ".macro function name, section, bind\n"
                               ".section \\section,\"ax\",@progbits\n"
                               ".p2align 4,0xcc\n"
                               ".\\bind __cfi_\\name\n"
                               ".type __cfi_\\name,@function\n"
                               "__cfi_\\name:\n"
                               ".skip 11,0x90\n"
                               ".byte 0xb8,0x11,0x22,0x33,0x44\n"
                               ".size __cfi_\\name,.-__cfi_\\name\n"
                               ".\\bind \\name\n"
                               ".type \\name,@function\n"
                               "\\name: endbr64\n"
                               ".endm\n"
                               ".macro end name\n"
                               ".size \\name,.-\\name\n"
                               ".endm\n"
                               "function __rex_panic_body, .text.__rex_panic_body, globl\n"
                               " call __rex_import_bpf_ktime_get_ns\n"
                               " jmp __x86_return_thunk\n"
                               "end __rex_panic_body\n"
                               "function __rex_handle_timeout, .text.__rex_handle_timeout, globl\n"
                               " jmp __rex_import_rex_timeout\n"
                               "end __rex_handle_timeout\n"
                               "function helper, .text.helper, local\n"
                               " leaq \"__rex_need.helper\"(%rsp), %r10\n"
                               " movq rex_cpu@GOTPCREL(%rip), %r11\n"
                               " jmp __x86_return_thunk\n"
                               "end helper\n"
                               "function prog, xdp, globl\n"
                               " movq table(%rip), %rax\n"
                               " movq counts@GOTPCREL(%rip), %rax\n"
                               " movq counter(%rip), %rax\n"
                               " jmp __x86_return_thunk\n"
                               "end prog\n"
                               "function probe, \"kprobe/do_unlinkat\", globl\n"
                               " call helper\n"
                               " jmp __x86_return_thunk\n"
                               "end probe\n"
                               ".section .text.unused,\"ax\",@progbits\n"
                               "unused: call __rex_import_bpf_ktime_get_boot_ns\n"
                               ".section .maps,\"aw\",@progbits\n"
                               ".globl counts\n.type counts,@object\n"
                               "counts: .skip 40\n.size counts,40\n"
                               ".section .data.rel.ro.table,\"aw\",@progbits\n"
                               ".type table,@object\ntable: .quad helper\n.size table,8\n"
                               ".section .data.counter,\"aw\",@progbits\n"
                               ".type counter,@object\ncounter: .quad 5\n.size counter,8\n"
                               ".section .bss.room,\"awR\",@nobits\n.skip 24\n"
                               ".section .debug_str,\"MS\",@progbits,1\n.asciz \"text\"\n"
                               ".section .eh_frame,\"a\",@progbits\n.long 0\n"
                               ".section .kcfi_traps,\"a\",@progbits\n.long 0\n"
                               ".section .note.GNU-stack,\"\",@progbits\n";

int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    strcpy(fixture->directory, "/tmp/rexc-link.XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    fixture->stream = open_memstream(&fixture->text, &fixture->text_size);
    assert_non_null(fixture->stream);
    fixture->diag =
        diag_new(&(struct diag_options){.color = DIAG_COLOR_NEVER, .stream = fixture->stream});
    *state = fixture;
    return 0;
}

static int run(const char *command)
{
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", fixture->directory);
    assert_int_equal(run(command), 0);
    diag_free(fixture->diag);
    fclose(fixture->stream);
    free(fixture->text);
    free(fixture);
    return 0;
}

const char *fixture_assemble(struct fixture *fixture, const char *name, const char *source)
{
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4], command[384];
    snprintf(path, sizeof(paths[0]), "%s/%s.s", fixture->directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(source, file) >= 0);
    assert_int_equal(fclose(file), 0);
    snprintf(path, sizeof(paths[0]), "%s/%s.o", fixture->directory, name);
    snprintf(command, sizeof(command), "clang-22 -c -Wa,-mrelax-relocations=no -o %s %s/%s.s", path,
             fixture->directory, name);
    assert_int_equal(run(command), 0);
    return path;
}

int fixture_link(struct fixture *fixture, const char *const *objects, struct buffer *image)
{
    static const char *const none[] = {NULL};
    static const struct link_need need = {"helper", 96};
    struct link_inputs inputs = {.lld = FIXTURE_LLD,
                                 .directory = fixture->directory,
                                 .objects = objects,
                                 .libraries = none,
                                 .needs = &need,
                                 .need_count = 1};
    return link_program(fixture->diag, &inputs, image);
}

int fixture_link_program(struct fixture *fixture, const char *more, struct buffer *image)
{
    const char *objects[] = {fixture_assemble(fixture, "program", fixture_program),
                             more ? fixture_assemble(fixture, "more", more) : NULL, NULL};
    return fixture_link(fixture, objects, image);
}

bool fixture_said(struct fixture *fixture, enum diag_code code)
{
    char mark[24];
    fflush(fixture->stream);
    snprintf(mark, sizeof(mark), "error[REX%04d]", (int)code);
    return fixture->text && strstr(fixture->text, mark);
}

void fixture_says(struct fixture *fixture, enum diag_code code, const char *part)
{
    bool said = fixture_said(fixture, code);
    if (!said || !strstr(fixture->text, part) || diag_count(fixture->diag, DIAG_ERROR) != 1)
        print_error("reported instead of %d, '%s':\n%s\n", (int)code, part, fixture->text);
    assert_true(said);
    assert_non_null(strstr(fixture->text, part));
    assert_int_equal(diag_count(fixture->diag, DIAG_ERROR), 1);
}
