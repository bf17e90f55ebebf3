/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/pipeline.h"
#include "base/diag.h"
#include "base/file.h"
#include "driver/checks.h"
#include "driver/describe.h"
#include "driver/rust_flags.h"
#include "linker/btf.h"
#include "linker/finish.h"
#include "linker/imports.h"
#include "linker/link.h"
#include "linker/signature.h"
#include "linker/slots.h"
#include "linker/verify.h"
#include "lint/policy.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int run_sysroot(struct pipeline *pipeline);
static int run_crates(struct pipeline *pipeline);
static int run_link(struct pipeline *pipeline);
static int run_note(struct pipeline *pipeline);
static int run_btf(struct pipeline *pipeline);
static int run_finish(struct pipeline *pipeline);
static int run_sign(struct pipeline *pipeline);
static int run_verify(struct pipeline *pipeline);
static int run_write(struct pipeline *pipeline);

const struct stage pipeline_stages[] = {
    {"sysroot", "compiler, pass, rex crate", "core and rex as machine code", STAGE_ALWAYS, false,
     run_sysroot},
    {"crates", "source files", "scanned, linted, compiled crates", STAGE_ALWAYS, true, run_crates},
    {"link", "crates, core, rex", "image, as it will be loaded", STAGE_OBJECT, true, run_link},
    {"analyse", "image", "stack bounds; the image with checks when calls go in a circle",
     STAGE_OBJECT, true, checks_analyse},
    {"note", "image, bounds, provenance", ".note.rex", STAGE_OBJECT, true, run_note},
    {"btf", "debug information", ".BTF", STAGE_OBJECT, true, run_btf},
    {"finish", "image, .note.rex, .BTF", "object", STAGE_OBJECT, true, run_finish},
    {"sign", "object, key", "signed object", STAGE_OUTPUT, false, run_sign},
    {"verify", "signed object", "nothing: it obeys the contract, or the build ends here",
     STAGE_OUTPUT, true, run_verify},
    {"write", "signed object", "the file at its place, whole", STAGE_OUTPUT, false, run_write},
    {NULL, NULL, NULL, STAGE_ALWAYS, false, NULL},
};

/* --- sysroot, crates --- */

static int run_sysroot(struct pipeline *pipeline)
{
    const struct pipeline_options *options = pipeline->options;
    if (pipeline->sysroot.directory)
        return 0;
    struct sysroot_options sysroot = {
        .variant = SYSROOT_PLAIN,
        .verbose = options->verbose,
        .dry_run = options->dry_run,
        .progress = !options->quiet,
    };
    return sysroot_prepare(pipeline->diag, pipeline->toolchain, &sysroot, &pipeline->sysroot);
}

struct crate_context pipeline_crate_context(const struct pipeline *pipeline)
{
    const struct pipeline_options *options = pipeline->options;
    return (struct crate_context){
        .toolchain = pipeline->toolchain,
        .installation = pipeline->installation,
        .sysroot = &pipeline->sysroot,
        .key = pipeline->key,
        .digests = pipeline->digests,
        .build = pipeline->build,
        .name = pipeline->name,
        .optimisation = options->optimisation,
        .debug = options->debug,
        .search = pipeline->search,
        .library_declarations = pipeline->library_declarations,
        .jobs = options->jobs,
        .check_only = options->check_only,
        .errors_only = options->errors_only,
        .verbose = options->verbose,
        .dry_run = options->dry_run,
    };
}

/* What decides the bytes of the unsigned object. */
static void set_object_values(struct pipeline *pipeline)
{
    struct inputs *values = &pipeline->object_values;
    char hex[HASH_HEX_SIZE];
    char limit[16];
    inputs_value(values, "rexc", pipeline->installation->identity);
    inputs_value(values, "the toolchain", pipeline->toolchain->identity);
    inputs_value(values, "the sysroot", pipeline->sysroot.key);
    policy_digest(hex);
    inputs_value(values, "the policy", hex);
    snprintf(limit, sizeof(limit), "%u", pipeline->options->stack_limit);
    inputs_value(values, "--stack-limit", limit);
    inputs_value(values, "--strip", pipeline->options->strip ? "yes" : "no");
    inputs_value(values, "the license", pipeline->license);
    inputs_digest(pipeline->origins, hex);
    inputs_value(values, "the packages", hex);
    for (size_t i = 0; i < pipeline->job_count; i++) {
        const struct crate_job *job = &pipeline->jobs[i];
        inputs_value(values, job->title, digests_of(pipeline->digests, job->output));
        inputs_digest(&job->sources, hex);
        inputs_value(values, "its sources", hex);
    }
    for (size_t i = 0; pipeline->libraries && i < pipeline->libraries->count; i++)
        inputs_value(values, pipeline->libraries->items[i],
                     digests_of(pipeline->digests, pipeline->libraries->items[i]));
}

static int run_crates(struct pipeline *pipeline)
{
    struct crate_context context = pipeline_crate_context(pipeline);
    if (crates_build(pipeline->diag, &context, pipeline->jobs, pipeline->job_count))
        return -1;
    set_object_values(pipeline);
    return 0;
}

/* --- link --- */

/* The archives behind the program, each before those that it refers to. */
static struct strings list_libraries(const struct pipeline *pipeline, const struct sysroot *sysroot)
{
    struct strings libraries = {0};
    for (size_t i = pipeline->job_count - 1; i-- > 0;)
        strings_add(&libraries, pipeline->jobs[i].output);
    if (pipeline->libraries)
        strings_add_all(&libraries, pipeline->libraries);
    strings_add(&libraries, sysroot->rex);
    strings_add(&libraries, sysroot->core);
    strings_add(&libraries, sysroot->builtins);
    return libraries;
}

static void free_image(struct pipeline *pipeline)
{
    stack_result_free(pipeline->stack);
    code_free(pipeline->code);
    object_free(pipeline->image);
    buffer_free(&pipeline->image_bytes);
    pipeline->stack = NULL;
    pipeline->code = NULL;
    pipeline->image = NULL;
}

int pipeline_link(struct pipeline *pipeline, const struct sysroot *sysroot,
                  const struct stack_need *needs, size_t need_count)
{
    int result = 0;
    const char *const objects[] = {pipeline->jobs[pipeline->job_count - 1].output, NULL};
    struct strings libraries = list_libraries(pipeline, sysroot);
    struct link_need *link_needs = must_alloc(need_count, sizeof(*link_needs));
    for (size_t i = 0; i < need_count; i++)
        link_needs[i] = (struct link_need){.function = needs[i].name, .bytes = needs[i].bytes};
    struct link_inputs inputs = {
        .lld = pipeline->toolchain->tools[TOOL_LLD].path,
        .directory = pipeline->build,
        .objects = objects,
        .libraries = (const char *const *)libraries.items,
        .needs = link_needs,
        .need_count = need_count,
        .verbose = pipeline->options->verbose,
    };
    free_image(pipeline);
    if (pipeline->options->dry_run)
        link_print(&inputs);
    else
        result = link_program(pipeline->diag, &inputs, &pipeline->image_bytes);
    free(link_needs);
    strings_free(&libraries);
    if (pipeline->options->dry_run)
        return 0;
    if (result ||
        object_view(pipeline->diag, pipeline->name, (const uint8_t *)pipeline->image_bytes.data,
                    pipeline->image_bytes.length, &pipeline->image) ||
        code_read(pipeline->diag, pipeline->image, NULL, &pipeline->code) ||
        slots_separate(pipeline->diag, pipeline->code, (uint8_t *)pipeline->image_bytes.data))
        return -1;
    return 0;
}

static int run_link(struct pipeline *pipeline)
{
    return pipeline_link(pipeline, &pipeline->sysroot, NULL, 0);
}

/* --- note, BTF, object --- */

static void add_flags(struct inputs *provenance, const struct pipeline *pipeline)
{
    struct buffer text = {0};
    for (const struct rust_flag *flag = rust_flags; flag->flag; flag++)
        buffer_format(&text, "%s ", flag->flag);
    buffer_format(&text, "-Copt-level=%s", pipeline->options->optimisation);
    inputs_value(provenance, "flags", text.data ? text.data : "");
    buffer_free(&text);
}

/* Who made it with what from what. Everything in it is the same for the same inputs, wherever they
 * lie. */
static void set_provenance(struct pipeline *pipeline)
{
    struct inputs *provenance = &pipeline->provenance;
    const struct toolchain *toolchain = pipeline->toolchain;
    char policy[HASH_HEX_SIZE];
    inputs_value(provenance, "rexc", REXC_VERSION);
    inputs_value(provenance, "rexc.sha256",
                 digests_of(pipeline->digests, pipeline->installation->executable));
    inputs_value(provenance, "rustc", toolchain->tools[TOOL_RUSTC].version);
    inputs_value(provenance, "rustc.commit", toolchain->rustc_commit);
    inputs_value(provenance, "llvm", toolchain->llvm_version);
    inputs_value(provenance, "pass.sha256",
                 digests_of(pipeline->digests, toolchain->tools[TOOL_PASS].path));
    inputs_value(provenance, "crate.sha256", toolchain->crate_hash);
    policy_digest(policy);
    inputs_value(provenance, "policy.sha256", policy);
    add_flags(provenance, pipeline);
    for (size_t i = 0; i < pipeline->origins->count; i++)
        inputs_value(provenance, pipeline->origins->items[i].name,
                     pipeline->origins->items[i].value);
    for (size_t i = 0; i < pipeline->job_count; i++) {
        const struct crate_job *job = &pipeline->jobs[i];
        for (size_t j = 0; j < job->sources.count; j++) {
            char *path = compile_remapped(&job->remaps, job->sources.items[j].name);
            char *key = must_format("source.%s", path);
            if (!inputs_find(provenance, INPUT_VALUE, key))
                inputs_value(provenance, key, job->sources.items[j].value);
            free(key);
            free(path);
        }
    }
}

static int run_note(struct pipeline *pipeline)
{
    struct description description = {
        .name = pipeline->name,
        .image = pipeline->image,
        .stack = pipeline->stack,
        .license = pipeline->license,
        .provenance = &pipeline->provenance,
    };
    set_provenance(pipeline);
    return describe_note(pipeline->diag, &description, &pipeline->note);
}

static int run_btf(struct pipeline *pipeline)
{
    return btf_write(pipeline->diag, pipeline->name, pipeline->image, &pipeline->btf);
}

/* What `rexc build` says of each program. */
static void list_programs(struct pipeline *pipeline)
{
    const struct stack_result *stack = pipeline->stack;
    for (size_t i = 0; i < stack->program_count; i++) {
        const struct stack_root *root = &stack->programs[i];
        char *name = must_format("%s %s", program_type_name((unsigned)root->type), root->name);
        char *bound = must_format("%u%s", root->checked ? root->limit : root->bound,
                                  root->checked ? " checked" : "");
        inputs_value(&pipeline->programs, name, bound);
        free(bound);
        free(name);
    }
}

static char *object_path(const struct pipeline *pipeline)
{
    return must_format("%s/%s.object", pipeline->build, pipeline->name);
}

static char *debug_path(const struct pipeline *pipeline)
{
    return must_format("%s/%s.object.debug", pipeline->build, pipeline->name);
}

static char *record_path(const struct pipeline *pipeline, const char *what)
{
    return must_format("%s/%s.%s.record", pipeline->build, pipeline->name, what);
}

/* Keeps the unsigned object: another key needs no second link. */
static int keep_object(struct pipeline *pipeline)
{
    char *path = object_path(pipeline), *debug = debug_path(pipeline);
    char *record = record_path(pipeline, "object");
    struct record made = {.inputs = pipeline->object_values, .outputs = pipeline->programs};
    int result = -1;
    pipeline->object_values = pipeline->programs = (struct inputs){0};
    if (file_write_cache(pipeline->diag, path, pipeline->object.data, pipeline->object.length,
                         0644) ||
        (pipeline->options->strip && file_write_cache(pipeline->diag, debug, pipeline->debug.data,
                                                      pipeline->debug.length, 0644)))
        goto done;
    digests_forget(pipeline->digests, path);
    digests_forget(pipeline->digests, debug);
    inputs_now(&made.outputs, pipeline->digests, INPUT_FILE, path);
    if (pipeline->options->strip)
        inputs_now(&made.outputs, pipeline->digests, INPUT_FILE, debug);
    result = record_save(pipeline->diag, pipeline->key, record, &made);
done:
    record_free(&pipeline->object_record);
    pipeline->object_record = made;
    free(record);
    free(debug);
    free(path);
    return result;
}

static int run_finish(struct pipeline *pipeline)
{
    const struct stack_result *stack = pipeline->stack;
    struct finish_id *ids = must_alloc(stack->unused_id_count, sizeof(*ids));
    /* No indirect call may reach these: no check demands 0. */
    for (size_t i = 0; i < stack->unused_id_count; i++)
        ids[i].function = pipeline->code->functions[stack->unused_ids[i]].address;
    struct finish_inputs inputs = {
        .image = pipeline->image,
        .note = pipeline->note.data,
        .note_size = pipeline->note.length,
        .btf = pipeline->btf.data,
        .btf_size = pipeline->btf.length,
        .ids = ids,
        .id_count = stack->unused_id_count,
        .strip = pipeline->options->strip,
    };
    int result = finish_object(pipeline->diag, &inputs, &pipeline->object, &pipeline->debug);
    free(ids);
    if (result)
        return -1;
    list_programs(pipeline);
    return keep_object(pipeline);
}

/* --- the output --- */

/* The paths of the pair; the development pair's are to be freed with *key. */
static int key_paths(const struct pipeline *pipeline, char **key, char **certificate)
{
    if (pipeline->options->signing == SIGN_DEVELOPMENT)
        return development_key_paths(pipeline->diag, key, certificate);
    *key = must_copy(pipeline->options->sign_key);
    *certificate = must_copy(pipeline->options->sign_certificate);
    return 0;
}

static int set_output_values(const struct pipeline *pipeline, struct inputs *values)
{
    char *object = object_path(pipeline);
    inputs_value(values, "rexc", pipeline->installation->identity);
    inputs_value(values, "the object", digests_of(pipeline->digests, object));
    inputs_value(values, "the output", pipeline->output);
    free(object);
    if (pipeline->options->signing == SIGN_NOT) {
        inputs_value(values, "the key", "none");
        return 0;
    }
    char *key, *certificate;
    if (key_paths(pipeline, &key, &certificate))
        return -1;
    inputs_value(values, "the key", digests_of(pipeline->digests, key));
    inputs_value(values, "the certificate", digests_of(pipeline->digests, certificate));
    free(key);
    free(certificate);
    return 0;
}

static int run_sign(struct pipeline *pipeline)
{
    const struct pipeline_options *options = pipeline->options;
    if (options->signing == SIGN_NOT)
        return 0;
    int result = options->signing == SIGN_GIVEN
                     ? signing_key_load(pipeline->diag, options->sign_key,
                                        options->sign_certificate, &pipeline->signing_key)
                     : development_key_load(pipeline->diag, &pipeline->signing_key);
    return result ? -1
                  : signature_append(pipeline->diag, pipeline->output, pipeline->signing_key,
                                     &pipeline->object);
}

static int run_verify(struct pipeline *pipeline)
{
    const struct certificate *const trusted[] = {
        pipeline->signing_key ? signing_key_certificate(pipeline->signing_key) : NULL};
    struct verify_options options = {
        .name = pipeline->output,
        .trust = pipeline->signing_key ? VERIFY_SIGNER : VERIFY_UNSIGNED,
        .trusted = trusted,
        .trusted_count = pipeline->signing_key ? 1 : 0,
    };
    struct verify_report report;
    int result = verify_object(pipeline->diag, &options, (const uint8_t *)pipeline->object.data,
                               pipeline->object.length, &report);
    if (result > 0)
        verify_report_show(pipeline->diag, pipeline->output, &report);
    verify_report_free(&report);
    return result ? -1 : 0;
}

static int run_write(struct pipeline *pipeline)
{
    struct record made = {0};
    char *record = record_path(pipeline, "output");
    char *debug = must_format("%s.debug", pipeline->output);
    char *directory = path_dirname(pipeline->output);
    int result = -1;
    if (set_output_values(pipeline, &made.inputs) ||
        file_make_directories(pipeline->diag, directory, 0777) ||
        (pipeline->options->strip && file_write_atomic(pipeline->diag, debug, pipeline->debug.data,
                                                       pipeline->debug.length, 0644)) ||
        (pipeline->before_output && pipeline->before_output(pipeline)) ||
        file_write_atomic(pipeline->diag, pipeline->output, pipeline->object.data,
                          pipeline->object.length, 0644))
        goto done;
    digests_forget(pipeline->digests, pipeline->output);
    digests_forget(pipeline->digests, debug);
    inputs_now(&made.outputs, pipeline->digests, INPUT_FILE, pipeline->output);
    if (pipeline->options->strip)
        inputs_now(&made.outputs, pipeline->digests, INPUT_FILE, debug);
    pipeline->size = pipeline->object.length;
    result = record_save(pipeline->diag, pipeline->key, record, &made);
done:
    free(directory);
    free(debug);
    free(record);
    record_free(&made);
    return result;
}

/* --- what can be left alone --- */

static void explain(const struct pipeline *pipeline, const char *what, const char *reason)
{
    if (pipeline->options->verbose)
        fprintf(stderr, "# %s %s: %s\n", what, pipeline->name, reason);
}

/* Is the unsigned object of the last build still the right one? Then its record is kept for its
 * list of programs. */
static bool object_is_fresh(struct pipeline *pipeline)
{
    char *path = record_path(pipeline, "object");
    char *reason = NULL;
    if (record_load(pipeline->key, path, &pipeline->object_record))
        reason =
            record_stale(&pipeline->object_record, &pipeline->object_values, pipeline->digests);
    else
        reason = must_copy("no record of it");
    bool fresh = !reason;
    if (reason) {
        explain(pipeline, "link", reason);
        record_free(&pipeline->object_record);
    }
    free(reason);
    free(path);
    return fresh;
}

static int read_kept(struct pipeline *pipeline, char *path, struct buffer *bytes)
{
    char *data;
    size_t size;
    int result = file_read(pipeline->diag, path, 0, &data, &size);
    if (result == 0)
        *bytes = (struct buffer){.data = data, .length = size, .capacity = size + 1};
    free(path);
    return result;
}

static int reuse_object(struct pipeline *pipeline)
{
    if (read_kept(pipeline, object_path(pipeline), &pipeline->object))
        return -1;
    return pipeline->options->strip ? read_kept(pipeline, debug_path(pipeline), &pipeline->debug)
                                    : 0;
}

static bool output_is_fresh(struct pipeline *pipeline, int *failed)
{
    char *path = record_path(pipeline, "output");
    struct record record = {0};
    struct inputs values = {0};
    char *reason = NULL;
    *failed = set_output_values(pipeline, &values);
    if (*failed == 0)
        reason = record_load(pipeline->key, path, &record)
                     ? record_stale(&record, &values, pipeline->digests)
                     : must_copy("no record of it");
    bool fresh = *failed == 0 && !reason;
    if (reason)
        explain(pipeline, "sign", reason);
    free(reason);
    inputs_free(&values);
    record_free(&record);
    free(path);
    return fresh;
}

/* Everything was as it was: what there is to say of the object comes from the records. */
static void recall_result(struct pipeline *pipeline)
{
    struct inputs *outputs = &pipeline->object_record.outputs;
    for (size_t i = 0; i < outputs->count; i++) {
        if (outputs->items[i].kind == INPUT_VALUE)
            inputs_value(&pipeline->programs, outputs->items[i].name, outputs->items[i].value);
    }
}

int pipeline_run(struct pipeline *pipeline)
{
    const struct pipeline_options *options = pipeline->options;
    bool object_fresh = false, output_fresh = false, decided[2] = {false, false};

    for (const struct stage *stage = pipeline_stages; stage->name; stage++) {
        if (stage->when != STAGE_ALWAYS && options->check_only)
            return 0;
        /* The rest is done without a child. */
        if (stage->when != STAGE_ALWAYS && options->dry_run)
            return run_link(pipeline);
        if (stage->when == STAGE_OBJECT && !decided[0]) {
            decided[0] = true;
            object_fresh = object_is_fresh(pipeline);
        }
        if (stage->when == STAGE_OUTPUT && !decided[1]) {
            int failed;
            decided[1] = true;
            output_fresh = object_fresh && output_is_fresh(pipeline, &failed);
            if (object_fresh && !output_fresh && (failed || reuse_object(pipeline)))
                return -1;
        }
        if ((stage->when == STAGE_OBJECT && object_fresh) ||
            (stage->when == STAGE_OUTPUT && output_fresh))
            continue;
        if (stage->run(pipeline)) {
            pipeline->refused = stage->judges && diag_exit_status(pipeline->diag) == 1;
            return -1;
        }
    }
    recall_result(pipeline);
    pipeline->was_fresh = output_fresh;
    return 0;
}

void pipeline_free(struct pipeline *pipeline)
{
    free_image(pipeline);
    sysroot_free(&pipeline->sysroot);
    sysroot_free(&pipeline->checked_sysroot);
    inputs_free(&pipeline->object_values);
    record_free(&pipeline->object_record);
    inputs_free(&pipeline->provenance);
    inputs_free(&pipeline->programs);
    buffer_free(&pipeline->note);
    buffer_free(&pipeline->btf);
    buffer_free(&pipeline->object);
    buffer_free(&pipeline->debug);
    signing_key_free(pipeline->signing_key);
}
