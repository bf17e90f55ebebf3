/* SPDX-License-Identifier: Apache-2.0 */
/* The resolver on packages written as JSON, in the form in which Cargo describes them. */
#include "base/diag.h"
#include "driver/cargo.h"
#include "driver/features.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A dependency: name, whether optional, default features, features (JSON), kind, target. */
#define DEP(name, optional, defaults, features, kind, target)                                      \
    "{\"name\":\"" name "\",\"req\":\"*\",\"kind\":" kind                                          \
    ",\"rename\":null,\"optional\":" optional ",\"uses_default_features\":" defaults               \
    ",\"features\":" features ",\"target\":" target ",\"source\":null,\"path\":\"/" name "\"}"
#define PACKAGE(name, features, dependencies)                                                      \
    "{\"name\":\"" name "\",\"version\":\"1.0.0\",\"manifest_path\":\"/" name                      \
    "/Cargo.toml\",\"license\":null,\"default_run\":null,\"targets\":[],\"features\":" features    \
    ",\"dependencies\":[" dependencies "]}"
#define ANSWER(packages) "{\"version\":1,\"workspace_root\":\"/w\",\"packages\":[" packages "]}"

struct fixture {
    struct diag *diag;
    struct package_list packages;
    FILE *messages;
    char *text;
    size_t size;
};

static int find(struct diag *diag, const struct package *package, struct dependency *dependency,
                void *data)
{
    (void)diag;
    (void)package;
    dependency->place = PLACE_PACKAGE;
    dependency->package = package_by_name(data, dependency->package_name);
    return dependency->package ? 0 : -1;
}

static void begin(struct fixture *fixture, const char *answer)
{
    *fixture = (struct fixture){0};
    fixture->messages = open_memstream(&fixture->text, &fixture->size);
    struct diag_options options = {.stream = fixture->messages};
    fixture->diag = diag_new(&options);
    assert_int_equal(cargo_parse(fixture->diag, answer, strlen(answer), &fixture->packages), 0);
}

static void end(struct fixture *fixture)
{
    package_list_free(&fixture->packages);
    diag_free(fixture->diag);
    fclose(fixture->messages);
    free(fixture->text);
}

static int resolve(struct fixture *fixture, const struct feature_request *request)
{
    return features_resolve(fixture->diag, fixture->packages.items[0], request, find,
                            &fixture->packages);
}

/* The enabled features of a package, in order, separated by spaces. */
static void assert_enabled(struct fixture *fixture, const char *name, const char *expected)
{
    char text[256] = "";
    struct package *package = package_by_name(&fixture->packages, name);
    for (size_t i = 0; i < package->enabled.count; i++) {
        if (i)
            strcat(text, " ");
        strcat(text, package->enabled.items[i]);
    }
    assert_string_equal(text, expected);
}

static void assert_active(struct fixture *fixture, const char *name, size_t index, bool expected)
{
    struct package *package = package_by_name(&fixture->packages, name);
    assert_true(index < package->dependency_count);
    assert_int_equal(package->dependencies[index].active, expected);
}

static void default_features_are_on_until_refused(void **state)
{
    (void)state;
    static const char answer[] =
        ANSWER(PACKAGE("a", "{\"default\":[\"x\"],\"x\":[],\"y\":[]}", ""));
    struct feature_request request = {0};
    struct fixture fixture;
    begin(&fixture, answer);
    assert_int_equal(resolve(&fixture, &request), 0);
    assert_enabled(&fixture, "a", "default x");
    end(&fixture);

    begin(&fixture, answer);
    request.no_default = true;
    strings_add(&request.features, "y");
    assert_int_equal(resolve(&fixture, &request), 0);
    assert_enabled(&fixture, "a", "y");
    end(&fixture);
    strings_free(&request.features);
}

static void what_dependents_ask_for_is_united(void **state)
{
    (void)state;
    struct feature_request request = {0};
    struct fixture fixture;
    begin(
        &fixture,
        ANSWER(PACKAGE("a", "{}",
                       DEP("b", "false", "true", "[]", "null", "null") "," DEP(
                           "c", "false", "false", "[\"x\"]", "null",
                           "null")) "," PACKAGE("b", "{}",
                                                DEP("c", "false", "false", "[\"y\"]", "null",
                                                    "null")) "," PACKAGE("c",
                                                                         "{\"default\":[],\"x\":[],"
                                                                         "\"y\":[\"z\"],\"z\":[]}",
                                                                         "")));
    assert_int_equal(resolve(&fixture, &request), 0);
    assert_enabled(&fixture, "c", "x y z");
    end(&fixture);
}

static void optional_dependencies_wait_for_a_feature(void **state)
{
    (void)state;
    static const char answer[] =
        ANSWER(PACKAGE("a", "{\"net\":[\"dep:b\"],\"all\":[\"net\",\"b/fast\"]}",
                       DEP("b", "true", "true", "[]", "null",
                           "null")) "," PACKAGE("b", "{\"default\":[],\"fast\":[]}", ""));
    struct feature_request request = {0};
    struct fixture fixture;
    begin(&fixture, answer);
    assert_int_equal(resolve(&fixture, &request), 0);
    assert_active(&fixture, "a", 0, false);
    end(&fixture);

    begin(&fixture, answer);
    strings_add(&request.features, "all");
    assert_int_equal(resolve(&fixture, &request), 0);
    assert_active(&fixture, "a", 0, true);
    assert_enabled(&fixture, "b", "default fast");
    end(&fixture);
    strings_free(&request.features);
}

static void weak_features_do_not_turn_a_dependency_on(void **state)
{
    (void)state;
    /* "speed" comes before "net" in name order, so its weak request must be looked at again. */
    static const char answer[] = ANSWER(PACKAGE(
        "a", "{\"fast\":[\"b?/fast\"],\"net\":[\"dep:b\"]}",
        DEP("b", "true", "false", "[]", "null", "null")) "," PACKAGE("b", "{\"fast\":[]}", ""));
    struct feature_request request = {0};
    struct fixture fixture;
    begin(&fixture, answer);
    strings_add(&request.features, "fast");
    assert_int_equal(resolve(&fixture, &request), 0);
    assert_active(&fixture, "a", 0, false);
    end(&fixture);

    begin(&fixture, answer);
    strings_add(&request.features, "net");
    assert_int_equal(resolve(&fixture, &request), 0);
    assert_enabled(&fixture, "b", "fast");
    end(&fixture);
    strings_free(&request.features);
}

static void the_implicit_feature_of_an_optional_dependency(void **state)
{
    (void)state;
    struct feature_request request = {0};
    struct fixture fixture;
    begin(&fixture, ANSWER(PACKAGE("a", "{\"b\":[\"dep:b\"],\"x\":[\"b/fast\"]}",
                                   DEP("b", "true", "false", "[]", "null",
                                       "null")) "," PACKAGE("b", "{\"fast\":[]}", "")));
    strings_add(&request.features, "x");
    assert_int_equal(resolve(&fixture, &request), 0);
    assert_enabled(&fixture, "a", "b x"); /* `b/fast` turns feature b on as well */
    assert_enabled(&fixture, "b", "fast");
    end(&fixture);
    strings_free(&request.features);
}

static void development_dependencies_are_for_tests(void **state)
{
    (void)state;
    static const char answer[] =
        ANSWER(PACKAGE("a", "{}", DEP("b", "false", "true", "[]", "\"dev\"", "null")) "," PACKAGE(
            "b", "{}", DEP("a", "false", "true", "[]", "\"dev\"", "null")));
    struct feature_request request = {0};
    struct fixture fixture;
    begin(&fixture, answer);
    assert_int_equal(resolve(&fixture, &request), 0);
    assert_active(&fixture, "a", 0, false);
    end(&fixture);

    begin(&fixture, answer);
    request.development = true;
    assert_int_equal(resolve(&fixture, &request), 0);
    assert_active(&fixture, "a", 0, true);
    assert_active(&fixture, "b", 0, false); /* of the root alone */
    end(&fixture);
}

static void targets_decide_which_dependencies_apply(void **state)
{
    (void)state;
    static const char answer[] = ANSWER(PACKAGE(
        "a", "{}",
        DEP("b", "false", "true", "[]", "null", "\"cfg(target_os = \\\"none\\\")\"") "," DEP(
            "c", "false", "true", "[]", "null",
            "\"cfg(unix)\"")) "," PACKAGE("b", "{}", "") "," PACKAGE("c", "{}", ""));
    struct feature_request request = {.target = CFG_KERNEL};
    struct fixture fixture;
    begin(&fixture, answer);
    assert_int_equal(resolve(&fixture, &request), 0);
    assert_active(&fixture, "a", 0, true);
    assert_active(&fixture, "a", 1, false);
    end(&fixture);

    begin(&fixture, answer);
    request.target = CFG_HOST;
    assert_int_equal(resolve(&fixture, &request), 0);
    assert_active(&fixture, "a", 0, false);
    assert_active(&fixture, "a", 1, true);
    end(&fixture);

    begin(&fixture, ANSWER(PACKAGE("a", "{}",
                                   DEP("b", "false", "true", "[]", "null",
                                       "\"cfg(loom)\"")) "," PACKAGE("b", "{}", "")));
    assert_int_equal(resolve(&fixture, &request), -1);
    fflush(fixture.messages);
    assert_non_null(strstr(fixture.text, "REX0210"));
    end(&fixture);
}

static void a_feature_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    struct feature_request request = {0};
    struct fixture fixture;
    begin(&fixture, ANSWER(PACKAGE("a", "{}",
                                   DEP("b", "false", "true", "[\"turbo\"]", "null",
                                       "null")) "," PACKAGE("b", "{}", "")));
    assert_int_equal(resolve(&fixture, &request), -1);
    fflush(fixture.messages);
    assert_non_null(strstr(fixture.text, "REX0211"));
    assert_non_null(strstr(fixture.text, "turbo"));
    end(&fixture);
}

/* What a newer or broken cargo might say: refused, never misread. */
static void malformed_answers_are_refused(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "",
        "[]",
        "{\"version\":2,\"workspace_root\":\"/w\",\"packages\":[]}",
        "{\"version\":1,\"packages\":[]}",
        "{\"version\":1,\"workspace_root\":\"relative\",\"packages\":[]}",
        ANSWER("{}"),
        ANSWER("{\"name\":\"a\",\"version\":\"1.0.0\",\"manifest_path\":\"a/Cargo.toml\"}"),
        ANSWER(PACKAGE("a", "[]", "")),
        ANSWER(PACKAGE("a", "{\"x\":[1]}", "")),
        ANSWER(PACKAGE("a", "{}", "{}")),
        ANSWER(PACKAGE("a", "{}", DEP("b", "1", "true", "[]", "null", "null"))),
        ANSWER(PACKAGE("a", "{}", DEP("b", "true", "true", "{}", "null", "null"))),
        ANSWER(PACKAGE("a", "{}", DEP("b", "true", "true", "[]", "\"odd\"", "null"))),
    };
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct diag_options options = {.stream = fopen("/dev/null", "w")};
        struct diag *diag = diag_new(&options);
        struct package_list packages = {0};
        if (cargo_parse(diag, answers[i], strlen(answers[i]), &packages) != -1)
            fail_msg("accepted: %s", answers[i]);
        assert_int_equal(packages.count, 0);
        assert_int_equal(diag_count(diag, DIAG_ERROR), 1);
        package_list_free(&packages);
        diag_free(diag);
        fclose(options.stream);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_features_are_on_until_refused),
        cmocka_unit_test(what_dependents_ask_for_is_united),
        cmocka_unit_test(optional_dependencies_wait_for_a_feature),
        cmocka_unit_test(weak_features_do_not_turn_a_dependency_on),
        cmocka_unit_test(the_implicit_feature_of_an_optional_dependency),
        cmocka_unit_test(development_dependencies_are_for_tests),
        cmocka_unit_test(targets_decide_which_dependencies_apply),
        cmocka_unit_test(a_feature_that_is_not_there_is_an_error),
        cmocka_unit_test(malformed_answers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
