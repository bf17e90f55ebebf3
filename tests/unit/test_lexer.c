/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"
#include "lint/lexer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {
    [TOKEN_END] = "end",         [TOKEN_IDENTIFIER] = "name", [TOKEN_RAW_IDENTIFIER] = "raw",
    [TOKEN_LIFETIME] = "life",   [TOKEN_CHARACTER] = "char",  [TOKEN_STRING] = "string",
    [TOKEN_INTEGER] = "integer", [TOKEN_FLOAT] = "float",     [TOKEN_PUNCTUATION] = "",
    [TOKEN_ERROR] = "error",
};

/* "name:fn name:f ( ) " and so on. */
static char *lex(const char *text, size_t size, int edition)
{
    struct buffer out = {0};
    struct lexer lexer;
    lexer_begin(&lexer, text, size, edition);
    for (;;) {
        struct token token = lexer_next(&lexer);
        if (token.kind == TOKEN_END)
            break;
        if (token.kind == TOKEN_ERROR) {
            buffer_format(&out, "error %u:%u", token.line, token.column);
            break;
        }
        buffer_format(&out, "%s%s%.*s ", kinds[token.kind],
                      token.kind == TOKEN_PUNCTUATION ? "" : ":", (int)token.length, token.text);
    }
    return buffer_take(&out);
}

static void expect(int edition, const char *text, const char *tokens)
{
    char *found = lex(text, strlen(text), edition);
    if (strcmp(found, tokens) != 0)
        fail_msg("%s\n  gives %s\n  not   %s", text, found, tokens);
    free(found);
}

static void test_words(void **state)
{
    (void)state;
    expect(2024, "fn r#unsafe() {}", "name:fn raw:unsafe ( ) { } ");
    expect(2024, "größe _ _x r#_x", "name:größe name:_ name:_x raw:_x ");
    expect(2024, "brr rb cr c b r", "name:brr name:rb name:cr name:c name:b name:r ");
    expect(2024,
           "a\xe2\x80\x8e"
           "b\xc2\x85"
           "c\xe2\x80\xa8"
           "d",
           "name:a name:b name:c name:d ");
}

static void test_strings(void **state)
{
    (void)state;
    expect(2024, "\"a\\\"b\" x", "string:\"a\\\"b\" name:x ");
    expect(2024, "\"\\\\\" x", "string:\"\\\\\" name:x ");
    expect(2024, "r\"\\\" x", "string:r\"\\\" name:x ");
    expect(2024, "r##\"a\"#b\"## x", "string:r##\"a\"#b\"## name:x ");
    expect(2024, "b\"a\" br#\"\"\"# c\"a\" cr\"\\\" x",
           "string:b\"a\" string:br#\"\"\"# string:c\"a\" string:cr\"\\\" name:x ");
    expect(2024, "\"a\"suffix x", "string:\"a\"suffix name:x ");
    expect(2018, "c\"a\" x", "name:c string:\"a\" name:x ");
    expect(2018, "cr\"\\\" x\" y", "name:cr string:\"\\\" x\" name:y ");
    expect(2024, "\"a\nb\" x\n'", "string:\"a\nb\" name:x error 3:1");
}

static void test_characters_and_lifetimes(void **state)
{
    (void)state;
    expect(2024, "'a' 'a 'static '\\'' '\"' '''",
           "char:'a' life:a life:static char:'\\'' char:'\"' char:''' ");
    expect(2024, "b'\\'' b'\"' x", "char:b'\\'' char:b'\"' name:x ");
    expect(2024, "'é' 'é '😀' '\\u{1F600}'", "char:'é' life:é char:'😀' char:'\\u{1F600}' ");
    expect(2024, "'r#fn x", "life:fn name:x ");
    expect(2018, "'r#fn x", "life:r # name:fn name:x ");
    expect(2024, "<'a,'b>", "< life:a , life:b > ");
    expect(2024, "'1'", "char:'1' ");
}

static void test_numbers(void **state)
{
    (void)state;
    expect(2024, "0 1u8 0xf32 0b1_0 0o7 1_000",
           "integer:0 integer:1u8 integer:0xf32 integer:0b1_0 integer:0o7 integer:1_000 ");
    expect(2024, "1.0 1. 1e3 1E-3 1f32 2.5f64 1_f32",
           "float:1.0 float:1. float:1e3 float:1E-3 float:1f32 float:2.5f64 float:1_f32 ");
    expect(2024, "0..1 1..=2 1.max(2) 1.e2",
           "integer:0 . . integer:1 integer:1 . . = integer:2 integer:1 . name:max ( integer:2 ) "
           "integer:1 . name:e2 ");
    expect(2024, "x.0.1", "name:x . float:0.1 ");
    expect(2024, "0x1e5 0xe+1", "integer:0x1e5 integer:0xe + integer:1 ");
    expect(2024, "0b 0x_ 1__", "integer:0b integer:0x_ integer:1__ ");
}

static void test_comments(void **state)
{
    (void)state;
    expect(2024, "a /* /* */ unsafe */ b // unsafe\nc", "name:a name:b name:c ");
    expect(2024, "/**/ a /***/ b /*/ */ c", "name:a name:b name:c ");
    expect(2024, "/// doc\n//! doc\n/** doc */ /*! doc */ x", "name:x ");
    expect(2024, "a / b", "name:a / name:b ");
    expect(2024, "x /* /* */", "name:x error 1:11");
}

static void test_first_line(void **state)
{
    (void)state;
    expect(2024, "#!/bin/sh unsafe\nx", "name:x ");
    expect(2024, "#![no_std]", "# ! [ name:no_std ] ");
    expect(2024, "#! /* a\n */ [no_std]", "# ! [ name:no_std ] ");
    expect(2024, "#! // a\n[no_std]", "# ! [ name:no_std ] ");
    expect(2024, "#! /// a\n[no_std]", "[ name:no_std ] ");
    expect(2024, "#! /** a */ [no_std]", "");
    expect(2024, "\xef\xbb\xbf#!x\ny", "name:y ");
    expect(2024, "\xef\xbb\xbfx", "name:x ");
    expect(2024, "---\nx\n---", "error 1:1");
    expect(2024, " \n--- x", "error 2:1");
    expect(2024, "x ---", "name:x - - - ");
}

static void test_errors(void **state)
{
    (void)state;
    expect(2024, "x \"open", "name:x error 1:3");
    expect(2024, "x r#\"open\"", "name:x error 1:3");
    expect(2024, "x r#1", "name:x error 1:3");
    expect(2024, "x 'a b'\n", "name:x life:a error 1:6");
    expect(2024, "x '", "name:x error 1:3");
    expect(2024, "x '\\", "name:x error 1:3");
    expect(2024, "a\nb \xff", "error 2:3");
    expect(2024, "\xc0\x80", "error 1:1");
    expect(2024, "\xed\xa0\x80", "error 1:1");
    expect(2024, "\xf4\x90\x80\x80", "error 1:1");
    expect(2024, "\xe2\x80", "error 1:1");
}

static void test_too_many_hashes(void **state)
{
    (void)state;
    char text[600];
    for (int hashes = 255; hashes <= 256; hashes++) {
        memset(text, '#', sizeof(text));
        text[0] = 'r';
        text[1 + hashes] = text[2 + hashes] = '"';
        int length = 3 + 2 * hashes;
        char *found = lex(text, (size_t)length, 2024);
        assert_int_equal(strncmp(found, hashes == 255 ? "string:" : "error", 5) == 0, 1);
        free(found);
    }
}

static void test_names(void **state)
{
    (void)state;
    struct lexer lexer;
    const char *text = "unsafe r#unsafe \xe2\x84\xaa Kb asm r#asm";
    lexer_begin(&lexer, text, strlen(text), 2024);
    struct token token = lexer_next(&lexer);
    assert_true(token_is_keyword(&token, "unsafe") && token_is_name(&token, "unsafe"));
    token = lexer_next(&lexer);
    assert_true(!token_is_keyword(&token, "unsafe") && token_is_name(&token, "unsafe"));
    token = lexer_next(&lexer); /* rustc normalises the Kelvin sign to K */
    assert_true(token_is_name(&token, "K"));
    token = lexer_next(&lexer);
    assert_true(token_is_name(&token, "Kb") && !token_is_name(&token, "K") &&
                !token_is_name(&token, "Kbc"));
    token = lexer_next(&lexer);
    assert_true(token_is_name(&token, "asm"));
    token = lexer_next(&lexer);
    assert_true(token_is_name(&token, "asm") && token.length == 3);
}

static void test_positions(void **state)
{
    (void)state;
    struct lexer lexer;
    const char *text = "a\r\n  'bc\n/*\n*/ \"\n\" d:: e: :f";
    lexer_begin(&lexer, text, strlen(text), 2024);
    static const unsigned places[][3] = {{1, 1, 0}, {2, 3, 0}, {4, 4, 0}, {5, 3, 0},  {5, 4, 1},
                                         {5, 5, 1}, {5, 7, 0}, {5, 8, 1}, {5, 10, 0}, {5, 11, 1}};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct token token = lexer_next(&lexer);
        assert_int_equal(token.line, places[i][0]);
        assert_int_equal(token.column, places[i][1]);
        assert_int_equal(token.joined, places[i][2]);
    }
    assert_int_equal(lexer_next(&lexer).kind, TOKEN_END);
    assert_int_equal(lexer_next(&lexer).kind, TOKEN_END);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_characters_and_lifetimes),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_comments),
        cmocka_unit_test(test_first_line),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_too_many_hashes),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_positions),
    };
    return cmocka_run_group_tests_name("lexer", tests, NULL, NULL);
}
