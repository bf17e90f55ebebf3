/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/dwarf.h"
#include "base/diag.h"
#include "linker/object.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>
#include <string.h>

/* Inlined calls inside inlined calls, at most: LLVM stops far below. */
#define INLINE_DEPTH 256

/* A function with code: [low, high). */
struct debug_function {
    Dwarf_Addr low, high;
    Dwarf_Die die, unit;
};

struct debug_info {
    Elf *elf;
    Dwarf *dwarf;
    struct debug_function *functions; /* by address */
    size_t count, capacity;
};

/* -- The functions ---------------------------------------------------------------------------- */

/* What the callback of dwarf_getfuncs gets. */
struct collector {
    struct debug_info *info;
    Dwarf_Die unit;
    bool failed;
};

static int collect_function(Dwarf_Die *die, void *data)
{
    struct collector *collector = data;
    struct debug_info *info = collector->info;
    struct debug_function function = {.die = *die, .unit = collector->unit};

    /* Declarations and functions that were only inlined have no addresses. The linker writes 0 for
     * those that it dropped, where an object has its ELF header. */
    if (dwarf_lowpc(die, &function.low) || dwarf_highpc(die, &function.high) || function.low == 0 ||
        function.high <= function.low)
        return DWARF_CB_OK;
    if (info->count == info->capacity) {
        size_t capacity = info->capacity ? 2 * info->capacity : 64;
        struct debug_function *functions =
            reallocarray(info->functions, capacity, sizeof(*functions));
        if (!functions) {
            collector->failed = true;
            return DWARF_CB_ABORT;
        }
        info->functions = functions;
        info->capacity = capacity;
    }
    info->functions[info->count++] = function;
    return DWARF_CB_OK;
}

static int compare_functions(const void *left, const void *right)
{
    const struct debug_function *a = left, *b = right;
    if (a->low != b->low)
        return a->low < b->low ? -1 : 1;
    return a->high < b->high ? -1 : a->high > b->high;
}

static int collect_functions(struct debug_info *info)
{
    struct collector collector = {.info = info};
    Dwarf_Off offset = 0, next;
    size_t header_size;
    while (dwarf_nextcu(info->dwarf, offset, &next, &header_size, NULL, NULL, NULL) == 0) {
        if (dwarf_offdie(info->dwarf, offset + header_size, &collector.unit))
            dwarf_getfuncs(&collector.unit, collect_function, &collector, 0);
        if (collector.failed)
            return -1;
        offset = next;
    }
    if (info->count > 1)
        qsort(info->functions, info->count, sizeof(*info->functions), compare_functions);
    return 0;
}

int debug_info_open(struct diag *diag, const char *name, const struct object *object,
                    struct debug_info **info)
{
    *info = NULL;
    if (!object_section(object, ".debug_info"))
        return 0;
    struct debug_info *opened = calloc(1, sizeof(*opened));
    if (!opened)
        goto out_of_memory;
    if (elf_version(EV_CURRENT) != EV_NONE)
        opened->elf = elf_memory((char *)object->file, object->size);
    if (opened->elf)
        opened->dwarf = dwarf_begin_elf(opened->elf, DWARF_C_READ, NULL);
    if (!opened->dwarf) {
        debug_info_close(opened);
        return 0;
    }
    if (collect_functions(opened))
        goto out_of_memory;
    *info = opened;
    return 0;
out_of_memory:
    debug_info_close(opened);
    diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory for the debug information of %s", name);
    return -1;
}

void debug_info_close(struct debug_info *info)
{
    if (!info)
        return;
    free(info->functions);
    dwarf_end(info->dwarf);
    elf_end(info->elf);
    free(info);
}

static const struct debug_function *find_function(const struct debug_info *info, uint64_t address)
{
    size_t low = 0, high = info ? info->count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (info->functions[middle].low <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || address >= info->functions[low - 1].high)
        return NULL;
    return &info->functions[low - 1];
}

/* -- Positions -------------------------------------------------------------------------------- */

/* libdw wants to write into what it looks at, so DIEs are copied. */

static const char *function_name(Dwarf_Die die)
{
    Dwarf_Attribute attribute;
    const char *name = NULL;
    if (dwarf_attr_integrate(&die, DW_AT_linkage_name, &attribute))
        name = dwarf_formstring(&attribute);
    return name ? name : dwarf_diename(&die);
}

static bool get_number(Dwarf_Die *die, unsigned name, unsigned *number)
{
    Dwarf_Attribute attribute;
    Dwarf_Word value;
    if (!dwarf_attr_integrate(die, name, &attribute) || dwarf_formudata(&attribute, &value) ||
        value > UINT32_MAX)
        return false;
    *number = (unsigned)value;
    return true;
}

/* libdw joins a directory "/" and a name with one more slash. */
static const char *without_double_slash(const char *file)
{
    return file && file[0] == '/' && file[1] == '/' ? file + 1 : file;
}

/* A position that attributes give: a number in the unit's table of files, a line, maybe a column.
 */
static bool position_of(Dwarf_Die die, Dwarf_Die unit, unsigned file_name, unsigned line_name,
                        unsigned column_name, struct source_frame *frame)
{
    Dwarf_Files *files;
    size_t count;
    unsigned number;
    if (!get_number(&die, file_name, &number) || !get_number(&die, line_name, &frame->line) ||
        dwarf_getsrcfiles(&unit, &files, &count) || number >= count)
        return false;
    frame->file = without_double_slash(dwarf_filesrc(files, number, NULL, NULL));
    if (!get_number(&die, column_name, &frame->column))
        frame->column = 0;
    return frame->file != NULL;
}

/* The position that the line table gives for an address. */
static void position_at(Dwarf_Die unit, uint64_t address, struct source_frame *frame)
{
    int number;
    Dwarf_Line *line = dwarf_getsrc_die(&unit, address);
    if (!line)
        return;
    frame->file = without_double_slash(dwarf_linesrc(line, NULL, NULL));
    if (dwarf_lineno(line, &number) == 0 && number > 0)
        frame->line = (unsigned)number;
    if (dwarf_linecol(line, &number) == 0 && number > 0)
        frame->column = (unsigned)number;
}

/* The child with code at that address: an inlined call, or a block that may hold one. */
static bool find_inner(Dwarf_Die *parent, uint64_t address, Dwarf_Die *inner)
{
    Dwarf_Die child;
    for (int end = dwarf_child(parent, &child); end == 0; end = dwarf_siblingof(&child, &child)) {
        int tag = dwarf_tag(&child);
        if ((tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block) &&
            dwarf_haspc(&child, address) > 0) {
            *inner = child;
            return true;
        }
    }
    return false;
}

size_t debug_info_frames(const struct debug_info *info, uint64_t address,
                         struct source_frame *frames, size_t capacity)
{
    const struct debug_function *function = find_function(info, address);
    Dwarf_Die calls[INLINE_DEPTH],
        die; /* the function, then the inlined calls in it, outermost first */
    size_t count = 1;

    if (!function)
        return 0;
    calls[0] = function->die;
    die = function->die;
    for (unsigned depth = 0; depth < 2 * INLINE_DEPTH && count < INLINE_DEPTH; depth++) {
        if (!find_inner(&die, address, &die))
            break;
        if (dwarf_tag(&die) == DW_TAG_inlined_subroutine)
            calls[count++] = die;
    }
    /* From the inside out: each inlined call says where in its caller it stands. */
    struct source_frame position = {0};
    position_at(function->unit, address, &position);
    for (size_t i = 0; i < count; i++) {
        Dwarf_Die call = calls[count - 1 - i];
        if (i < capacity) {
            if (position.line == 0)
                position_of(call, function->unit, DW_AT_decl_file, DW_AT_decl_line,
                            DW_AT_decl_column, &position);
            frames[i] = position;
            frames[i].function = function_name(call);
            frames[i].inlined = i + 1 < count;
        }
        position = (struct source_frame){0};
        if (i + 1 < count)
            position_of(call, function->unit, DW_AT_call_file, DW_AT_call_line, DW_AT_call_column,
                        &position);
    }
    return count;
}

/* -- What a function consists of --------------------------------------------------------------- */

/* Blocks in blocks, and entries of one function: ordinary ones stay far below. In a damaged object
 * the tree may be as deep as it is large, or have no end. */
#define TREE_DEPTH 64u
#define TREE_ENTRIES 100000u

/* Calls visit for each entry below a function that is not a function of its own, parents first,
 * until it returns false. */
static void each_entry(Dwarf_Die function, bool (*visit)(Dwarf_Die *die, void *data), void *data)
{
    Dwarf_Die open[TREE_DEPTH];
    unsigned depth = 0;

    if (dwarf_child(&function, &open[0]) != 0)
        return;
    for (unsigned count = 0; count < TREE_ENTRIES; count++) {
        Dwarf_Die *die = &open[depth];
        int tag = dwarf_tag(die);
        bool nested = tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block;
        if (!visit(die, data))
            return;
        if (nested && depth + 1 < TREE_DEPTH && dwarf_child(die, &open[depth + 1]) == 0) {
            depth++;
            continue;
        }
        while (dwarf_siblingof(&open[depth], &open[depth]) != 0) {
            if (depth == 0)
                return;
            depth--;
        }
    }
}

struct declarations {
    Dwarf_Die unit;
    struct source_frame *frames;
    size_t count, capacity;
};

static bool add_declaration(Dwarf_Die *die, void *data)
{
    struct declarations *declarations = data;
    struct source_frame frame = {.inlined = declarations->count > 0};

    if (declarations->count == declarations->capacity)
        return false;
    if (declarations->count > 0 && dwarf_tag(die) != DW_TAG_inlined_subroutine)
        return true;
    frame.function = function_name(*die);
    if (position_of(*die, declarations->unit, DW_AT_decl_file, DW_AT_decl_line, DW_AT_decl_column,
                    &frame))
        declarations->frames[declarations->count++] = frame;
    return true;
}

size_t debug_info_declarations(const struct debug_info *info, uint64_t address,
                               struct source_frame *frames, size_t capacity)
{
    const struct debug_function *function = find_function(info, address);
    struct declarations declarations = {.frames = frames, .capacity = capacity};
    Dwarf_Die die;

    if (!function)
        return 0;
    declarations.unit = function->unit;
    die = function->die;
    if (add_declaration(&die, &declarations) && declarations.count == 1)
        each_entry(function->die, add_declaration, &declarations);
    return declarations.count;
}

/* Elements of an array of one dimension, which is all that Rust has; 0 when unknown. */
static uint64_t array_length(Dwarf_Die *array)
{
    Dwarf_Die child;
    unsigned number;
    if (dwarf_child(array, &child) != 0 || dwarf_tag(&child) != DW_TAG_subrange_type)
        return 0;
    if (get_number(&child, DW_AT_count, &number))
        return number;
    return get_number(&child, DW_AT_upper_bound, &number) ? (uint64_t)number + 1 : 0;
}

/* The bytes of a variable's type; 0 when unknown. (dwarf_aggregate_size() does not come back from
 * types that contain themselves.) */
static uint64_t type_size(Dwarf_Die die)
{
    uint64_t times = 1;
    for (unsigned depth = 0; depth < 16; depth++) {
        Dwarf_Attribute attribute;
        unsigned size;
        if (!dwarf_attr_integrate(&die, DW_AT_type, &attribute) ||
            !dwarf_formref_die(&attribute, &die))
            return 0;
        if (get_number(&die, DW_AT_byte_size, &size))
            return times * size;
        if (dwarf_tag(&die) == DW_TAG_pointer_type)
            return times * 8;
        uint64_t length = dwarf_tag(&die) == DW_TAG_array_type ? array_length(&die) : 1;
        if (length > UINT32_MAX || times > UINT32_MAX)
            return 0;
        times *= length;
    }
    return 0;
}

struct variables {
    Dwarf_Die unit;
    struct source_variable *items;
    size_t count, capacity;
};

/* A place in memory that counts from the frame's base or a register (DWARF 5, 2.6.1.1). */
static bool is_in_frame(const Dwarf_Op *operations, size_t count)
{
    if (count == 0 || (operations[0].atom != DW_OP_fbreg && operations[0].atom != DW_OP_breg6 &&
                       operations[0].atom != DW_OP_breg7))
        return false;
    for (size_t i = 1; i < count; i++)
        if (operations[i].atom == DW_OP_stack_value || operations[i].atom == DW_OP_deref)
            return false;
    return true;
}

static bool has_place(Dwarf_Die *die)
{
    Dwarf_Attribute attribute;
    Dwarf_Addr base, start, end;
    Dwarf_Op *operations;
    size_t count;
    ptrdiff_t offset = 0;

    if (!dwarf_attr(die, DW_AT_location, &attribute))
        return false;
    if (dwarf_getlocation(&attribute, &operations, &count) == 0)
        return is_in_frame(operations, count);
    while ((offset = dwarf_getlocations(&attribute, offset, &base, &start, &end, &operations,
                                        &count)) > 0)
        if (is_in_frame(operations, count))
            return true;
    return false;
}

static void keep_largest(struct variables *variables, const struct source_variable *variable)
{
    size_t at = variables->count;
    for (size_t i = 0; i < variables->count; i++) {
        const struct source_variable *other = &variables->items[i];
        if (other->size == variable->size && other->line == variable->line &&
            strcmp(other->name, variable->name) == 0)
            return;
    }
    while (at > 0 && variables->items[at - 1].size < variable->size)
        at--;
    if (at == variables->capacity)
        return;
    if (variables->count < variables->capacity)
        variables->count++;
    memmove(&variables->items[at + 1], &variables->items[at],
            (variables->count - 1 - at) * sizeof(*variables->items));
    variables->items[at] = *variable;
}

static bool add_variable(Dwarf_Die *die, void *data)
{
    struct variables *variables = data;
    struct source_variable variable = {0};
    struct source_frame position = {0};
    int tag = dwarf_tag(die);

    if ((tag != DW_TAG_variable && tag != DW_TAG_formal_parameter) || !has_place(die))
        return true;
    variable.name = dwarf_diename(die);
    variable.size = type_size(*die);
    if (!variable.name || variable.size == 0 ||
        !position_of(*die, variables->unit, DW_AT_decl_file, DW_AT_decl_line, DW_AT_decl_column,
                     &position))
        return true;
    variable.file = position.file;
    variable.line = position.line;
    keep_largest(variables, &variable);
    return true;
}

size_t debug_info_variables(const struct debug_info *info, uint64_t address,
                            struct source_variable *items, size_t capacity)
{
    const struct debug_function *function = find_function(info, address);
    struct variables variables = {.items = items, .capacity = capacity};

    if (!function || capacity == 0)
        return 0;
    variables.unit = function->unit;
    each_entry(function->die, add_variable, &variables);
    return variables.count;
}
