// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names as Rust's compiler mangles them ("v0", RFC 2603), made readable: paths, impls, generic arguments
 * and the types among them. What is not understood is left as it is in the file, which only looks worse.
 * The names are an object's own bytes, so depth and length are bounded.
 */
#include <linux/ctype.h>
#include <linux/string.h>

#include "runtime/kernel/ksym.h"

#define DEPTH_MAX 24
#define STEPS_MAX 2000

struct demangler {
	const char *start; /* behind "_R": what back references count from */
	const char *at;
	char *out;
	size_t room; /* characters that still fit, without the NUL */
	u32 depth;
	u32 steps;
	bool failed;
};

static void parse_path(struct demangler *d);
static void parse_type(struct demangler *d);

static void put(struct demangler *d, const char *text, size_t length)
{
	length = min(length, d->room);
	memcpy(d->out, text, length);
	d->out += length;
	d->room -= length;
}

static void put_text(struct demangler *d, const char *text)
{
	put(d, text, strlen(text));
}

static bool take(struct demangler *d, char wanted)
{
	if (d->failed || *d->at != wanted)
		return false;
	d->at++;
	return true;
}

static char next(struct demangler *d)
{
	if (d->failed || *d->at == '\0' || ++d->steps > STEPS_MAX) {
		d->failed = true;
		return '\0';
	}
	return *d->at++;
}

static u64 parse_decimal(struct demangler *d)
{
	u64 value = 0;

	if (!isdigit(*d->at))
		d->failed = true;
	if (take(d, '0'))
		return 0;
	while (!d->failed && isdigit(*d->at)) {
		value = value * 10 + (*d->at++ - '0');
		if (value > 10000)
			d->failed = true;
	}
	return value;
}

/* "_" is 0; otherwise one more than the digits before the "_". */
static u64 parse_base62(struct demangler *d)
{
	u64 value = 0;

	if (take(d, '_'))
		return 0;
	while (!d->failed) {
		const char c = next(d);

		if (c == '_')
			return value + 1;
		if (isdigit(c))
			value = value * 62 + (c - '0');
		else if (islower(c))
			value = value * 62 + (c - 'a') + 10;
		else if (isupper(c))
			value = value * 62 + (c - 'A') + 36;
		else
			d->failed = true;
	}
	return 0;
}

/* [s BASE62] [u] LENGTH [_] BYTES. Punycode is shown as it is. */
static void parse_identifier(struct demangler *d, bool show)
{
	u64 length;

	if (take(d, 's'))
		parse_base62(d);
	take(d, 'u');
	length = parse_decimal(d);
	take(d, '_');
	if (d->failed || strnlen(d->at, length) < length) {
		d->failed = true;
		return;
	}
	if (show)
		put(d, d->at, length);
	d->at += length;
}

/*
 * Reads something again, or for the first time, at an earlier place. References may lead to references, so they
 * count as depth.
 */
static void follow_reference(struct demangler *d, void (*parse)(struct demangler *))
{
	const char *reference = d->at - 1; /* the 'B' */
	const u64 offset = parse_base62(d);
	const char *back = d->at;

	if (d->failed || offset >= reference - d->start || d->depth >= DEPTH_MAX) {
		d->failed = true;
		return;
	}
	d->at = d->start + offset;
	d->depth++;
	parse(d);
	d->depth--;
	d->at = back;
}

/* An impl's own path says where it stands, which its type says better. */
static void skip_impl_path(struct demangler *d)
{
	char *out = d->out;
	const size_t room = d->room;

	if (take(d, 's'))
		parse_base62(d);
	parse_path(d);
	d->out = out;
	d->room = room;
}

static void parse_const(struct demangler *d)
{
	if (take(d, 'B')) {
		follow_reference(d, parse_const);
		return;
	}
	if (take(d, 'p')) {
		put_text(d, "_");
		return;
	}
	next(d); /* its type */
	if (take(d, 'n'))
		put_text(d, "-");
	put_text(d, "0x");
	while (!d->failed && *d->at != '_') {
		put(d, d->at, 1);
		next(d);
	}
	take(d, '_');
}

static void parse_arguments(struct demangler *d, const char *separator, void (*parse)(struct demangler *))
{
	bool first = true;

	while (!d->failed && !take(d, 'E')) {
		if (!first)
			put_text(d, separator);
		first = false;
		parse(d);
	}
}

static void parse_generic_argument(struct demangler *d)
{
	if (take(d, 'L')) {
		parse_base62(d);
		put_text(d, "'_");
	} else if (take(d, 'K')) {
		parse_const(d);
	} else {
		parse_type(d);
	}
}

static void parse_path_tag(struct demangler *d, char tag)
{
	char namespace;

	switch (tag) {
	case 'C':
		parse_identifier(d, true);
		break;
	case 'M':
		skip_impl_path(d);
		put_text(d, "<");
		parse_type(d);
		put_text(d, ">");
		break;
	case 'X':
		skip_impl_path(d);
		fallthrough;
	case 'Y':
		put_text(d, "<");
		parse_type(d);
		put_text(d, " as ");
		parse_path(d);
		put_text(d, ">");
		break;
	case 'N':
		namespace = next(d);
		parse_path(d);
		put_text(d, "::");
		if (namespace == 'C')
			put_text(d, "{closure}");
		else if (namespace == 'S')
			put_text(d, "{shim}");
		parse_identifier(d, true);
		break;
	case 'I':
		parse_path(d);
		put_text(d, "<");
		parse_arguments(d, ", ", parse_generic_argument);
		put_text(d, ">");
		break;
	case 'B':
		follow_reference(d, parse_path);
		break;
	default:
		d->failed = true;
	}
}

static void parse_path(struct demangler *d)
{
	if (++d->depth > DEPTH_MAX)
		d->failed = true;
	if (!d->failed)
		parse_path_tag(d, next(d));
	d->depth--;
}

static const char *basic_type(char tag)
{
	static const char *const names['z' - 'a' + 1] = {
		['a' - 'a'] = "i8", ['b' - 'a'] = "bool", ['c' - 'a'] = "char", ['d' - 'a'] = "f64",
		['e' - 'a'] = "str", ['f' - 'a'] = "f32", ['h' - 'a'] = "u8", ['i' - 'a'] = "isize",
		['j' - 'a'] = "usize", ['l' - 'a'] = "i32", ['m' - 'a'] = "u32", ['n' - 'a'] = "i128",
		['o' - 'a'] = "u128", ['p' - 'a'] = "_", ['s' - 'a'] = "i16", ['t' - 'a'] = "u16",
		['u' - 'a'] = "()", ['v' - 'a'] = "...", ['x' - 'a'] = "i64", ['y' - 'a'] = "u64",
		['z' - 'a'] = "!",
	};

	/* islower() takes the letters of Latin-1, too. */
	return tag >= 'a' && tag <= 'z' ? names[tag - 'a'] : NULL;
}

static void parse_dyn_trait(struct demangler *d)
{
	parse_path(d);
	while (take(d, 'p')) {
		put_text(d, "<");
		parse_identifier(d, true);
		put_text(d, " = ");
		parse_type(d);
		put_text(d, ">");
	}
}

static void parse_function_type(struct demangler *d)
{
	if (take(d, 'G'))
		parse_base62(d);
	if (take(d, 'U'))
		put_text(d, "unsafe ");
	if (take(d, 'K') && !take(d, 'C'))
		parse_identifier(d, false);
	put_text(d, "fn(");
	parse_arguments(d, ", ", parse_type);
	put_text(d, ") -> ");
	parse_type(d);
}

static void parse_type_tag(struct demangler *d, char tag)
{
	const char *basic = basic_type(tag);

	if (basic) {
		put_text(d, basic);
		return;
	}
	switch (tag) {
	case 'R':
	case 'Q':
		if (take(d, 'L'))
			parse_base62(d);
		put_text(d, tag == 'R' ? "&" : "&mut ");
		parse_type(d);
		break;
	case 'P':
	case 'O':
		put_text(d, tag == 'P' ? "*const " : "*mut ");
		parse_type(d);
		break;
	case 'A':
	case 'S':
		put_text(d, "[");
		parse_type(d);
		if (tag == 'A') {
			put_text(d, "; ");
			parse_const(d);
		}
		put_text(d, "]");
		break;
	case 'T':
		put_text(d, "(");
		parse_arguments(d, ", ", parse_type);
		put_text(d, ")");
		break;
	case 'F':
		parse_function_type(d);
		break;
	case 'D':
		if (take(d, 'G'))
			parse_base62(d);
		put_text(d, "dyn ");
		parse_arguments(d, " + ", parse_dyn_trait);
		if (take(d, 'L'))
			parse_base62(d);
		break;
	case 'B':
		follow_reference(d, parse_type);
		break;
	default:
		parse_path_tag(d, tag);
	}
}

static void parse_type(struct demangler *d)
{
	if (++d->depth > DEPTH_MAX)
		d->failed = true;
	if (!d->failed)
		parse_type_tag(d, next(d));
	d->depth--;
}

void rex_demangle(const char *symbol, char *name, size_t size)
{
	struct demangler d = {.start = symbol + 2, .at = symbol + 2, .out = name, .room = size - 1};

	if (strncmp(symbol, "_R", 2) == 0) {
		parse_path(&d);
		*d.out = '\0';
		/* Behind the path there may be the crate that instantiated it, which says nothing new. */
		if (!d.failed && d.out > name)
			return;
	}
	strscpy(name, symbol, size);
}
