// Golden vectors: messages in hex with the verdict that they must meet, in files that read like a
// table of the rules. Each case becomes a test of its own.
//
//     # comment to the end of the line
//     let NAME TOKENS             a piece for later, used as $NAME
//     case NAME                   named after the rule: H4_mp_reach_twice
//     set WORDS                   about the session: as4 internal confed enhanced extended-message
//                                 families LIST..., extended-next-hop LIST..., next cases: defaults
//     KIND TOKENS                 raw (with header), or body of: open update notification refresh
//     expect                      and then the lines of dump.c, to the next empty line
//
// Tokens: octets in hex, $NAME, "text", [1 ... ] and [2 ... ] for contents behind their length in one
// or two octets, and *N TOKEN to have the next token N times. Lines that begin with a blank go on
// with the message. `vectors FILE... --write FOLDER` writes the messages as fuzz seeds instead.
#include "dump.h"
#include "options.h"

#include "base/mem.h"
#include "base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct piece {
	const char *name, *tokens;
};

struct vector {
	const char *name, *kind;
	struct wire_options options;
	struct buf message;
	struct buf expected;
};

struct book {
	const char *file;
	unsigned line;
	struct arena arena;
	struct vec pieces;  // struct piece
	struct vec vectors; // struct vector
	struct vector *now;
	bool expecting;
};

static _Noreturn void bad(const struct book *k, const char *what, const char *where)
{
	fprintf(stderr, "%s:%u: %s: %s\n", k->file, k->line, what, where);
	exit(2);
}

// --- tokens ---------------------------------------------------------------------------------------

static const char *piece(const struct book *k, const char *name)
{
	for (size_t i = k->pieces.count; i > 0; i--) {
		const struct piece *p = k->pieces.item[i - 1];

		if (!strcmp(p->name, name))
			return p->tokens;
	}
	bad(k, "unknown piece", name);
}

static void put_hex(const struct book *k, struct buf *b, const char *word)
{
	for (size_t i = 0; word[i]; i += 2) {
		char digits[3] = {word[i], word[i + 1], 0}, *end;

		buf_u8(b, (uint8_t)strtoul(digits, &end, 16));
		if (end != digits + 2)
			bad(k, "not hex", word);
	}
}

static void put_tokens(const struct book *k, struct buf *b, const char *tokens);

static void put_token(const struct book *k, struct buf *b, const char *word)
{
	if (word[0] == '$')
		put_tokens(k, b, piece(k, word + 1));
	else if (word[0] == '"')
		buf_put(b, word + 1, strlen(word) - 2);
	else
		put_hex(k, b, word);
}

static void put_tokens(const struct book *k, struct buf *b, const char *tokens)
{
	struct {
		size_t at;
		unsigned width;
	} open[16];
	unsigned depth = 0, times = 1;
	char *copy = arena_text((struct arena *)&k->arena, tokens), *rest = copy, *word;

	while ((word = strtok_r(NULL, " \t\n", &rest))) {
		if (word[0] == '[') {
			open[depth].width = word[1] == '2' ? 2 : 1;
			open[depth++].at = b->len;
			buf_put(b, "\0", open[depth - 1].width);
		} else if (word[0] == ']' && !depth) {
			bad(k, "brackets", tokens);
		} else if (word[0] == ']') {
			size_t width = open[--depth].width, at = open[depth].at;

			if (width == 2)
				buf_set_u16(b, at, (uint16_t)(b->len - at - 2));
			else
				buf_set_u8(b, at, (uint8_t)(b->len - at - 1));
		} else if (word[0] == '*') {
			times = (unsigned)atoi(word + 1);
		} else {
			for (; times; times--)
				put_token(k, b, word);
			times = 1;
		}
		if (depth >= 16)
			bad(k, "brackets", tokens);
	}
	if (depth)
		bad(k, "brackets", tokens);
}

// --- lines ----------------------------------------------------------------------------------------

static void set_options(const struct book *k, const char *text, struct wire_options *o)
{
	char *copy = arena_text((struct arena *)&k->arena, text), *rest = copy, *word;
	uint16_t *families = NULL;

	while ((word = strtok_r(NULL, " \t", &rest))) {
		const struct af *af = af_by_name(word);

		if (af && families)
			*families |= af_bit(af);
		else if (!strcmp(word, "families"))
			*(families = &o->families) = 0;
		else if (!strcmp(word, "extended-next-hop"))
			*(families = &o->extended_next_hop) = 0;
		else if (!wire_options_set(o, word))
			bad(k, "unknown word", word);
	}
}

static void put_message(struct book *k, const char *kind, const char *tokens)
{
	static const struct {
		const char *word;
		enum bgp_type type;
	} kinds[] = {{"open", BGP_OPEN},
		     {"update", BGP_UPDATE},
		     {"notification", BGP_NOTIFICATION},
		     {"refresh", BGP_ROUTE_REFRESH},
		     {"keepalive", BGP_KEEPALIVE}};
	struct buf *b = &k->now->message;

	k->now->kind = arena_text(&k->arena, kind);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kind, kinds[i].word))
			message_begin(b, kinds[i].type);
	if (!b->len && strcmp(kind, "raw"))
		bad(k, "unknown kind", kind);
	put_tokens(k, b, tokens);
	if (strcmp(kind, "raw"))
		message_end(b, 0);
}

static void read_line(struct book *k, char *line)
{
	char *rest = line, *word = strtok_r(NULL, " ", &rest);

	if (!strcmp(word, "let")) {
		struct piece *p = arena_alloc(&k->arena, sizeof(*p));
		*p = (struct piece){.name = arena_text(&k->arena, strtok_r(NULL, " ", &rest)),
				    .tokens = arena_text(&k->arena, rest)};
		vec_add(&k->pieces, p);
	} else if (!strcmp(word, "case")) {
		k->now = MEM_NEW(struct vector);
		k->now->name = arena_format(&k->arena, "test_%s", rest);
		k->now->options = wire_options_default();
		vec_add(&k->vectors, k->now);
	} else if (!strcmp(word, "expect")) {
		k->expecting = true;
	} else if (!k->now) {
		bad(k, "no case", word);
	} else if (!strcmp(word, "set")) {
		set_options(k, rest, &k->now->options);
	} else {
		put_message(k, word, rest);
	}
}

// A line as the file has it; those that begin with a blank are part of the one before.
static void take_line(struct book *k, struct buf *whole, const char *line)
{
	if (k->expecting && line[0]) {
		buf_format(&k->now->expected, "%s\n", line);
		return;
	}
	k->expecting = false;
	const char *comment = strchr(line, '#');
	size_t n = comment ? (size_t)(comment - line) : strlen(line);
	if (line[0] == ' ' || line[0] == '\t') {
		buf_u8(whole, ' ');
		buf_put(whole, line, n);
		return;
	}
	if (whole->len)
		read_line(k, (char *)whole->data);
	buf_clear(whole);
	while (n && line[n - 1] == ' ')
		n--;
	buf_put(whole, line, n);
	if (!strncmp(line, "expect", 6)) {
		read_line(k, (char *)whole->data);
		buf_clear(whole);
	}
}

static void read_file(struct book *k, const char *file)
{
	FILE *f = fopen(file, "r");
	struct buf whole = {0};
	char line[8192];

	k->file = file;
	k->line = 0;
	k->now = NULL;
	if (!f)
		bad(k, "cannot be opened", file);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		k->line++;
		take_line(k, &whole, line);
	}
	take_line(k, &whole, "");
	buf_free(&whole);
	fclose(f);
}

// --- running ----------------------------------------------------------------------------------------

static void run_update(struct buf *b, struct arena *a, const struct vector *v)
{
	struct update_context x = wire_options_context(&v->options);
	struct update u;

	update_decode(v->message.data, v->message.len, &x, a, &u);
	dump_update(b, &u);
	if (u.verdict != UPDATE_OK)
		return;
	const char *problem = update_round_trip(&u, &x, v->options.max, a);
	if (problem)
		buf_format(b, "round trip: %s\n", problem);
}

static void run_message(struct buf *b, struct arena *a, const struct vector *v)
{
	const uint8_t *p = v->message.data;
	size_t n = v->message.len;
	struct fault fault = {0};
	int length = frame_length(p, n, v->options.max, &fault);

	if (length < 0) {
		dump_fault(b, &fault);
	} else if (!strcmp(v->kind, "raw") || (size_t)length != n) {
		buf_format(b, "length %d\n", length);
	} else if (p[BGP_HEADER - 1] == BGP_UPDATE) {
		run_update(b, a, v);
	} else if (p[BGP_HEADER - 1] == BGP_OPEN) {
		struct open o;

		if (open_decode(p, n, a, &o, &fault))
			dump_open(b, &o);
		else
			dump_fault(b, &fault);
	} else if (p[BGP_HEADER - 1] == BGP_NOTIFICATION) {
		struct notification m;

		if (notification_decode(p, n, &m))
			dump_notification(b, &m);
	} else if (p[BGP_HEADER - 1] == BGP_ROUTE_REFRESH) {
		struct refresh r;

		if (refresh_decode(p, n, v->options.enhanced, &r, &fault))
			dump_refresh(b, &r);
		else
			dump_fault(b, &fault);
	} else {
		buf_text(b, "keepalive\n");
	}
}

static void test_vector(void **state)
{
	const struct vector *v = *state;
	struct arena a;
	struct buf b = {0};

	arena_init(&a, 4096);
	run_message(&b, &a, v);
	assert_string_equal(buf_cstr(&b), buf_cstr(&v->expected));
	buf_free(&b);
	arena_free(&a);
}

// A seed is the octet of options and the message (see test/fuzz).
static void write_seeds(const struct book *k, const char *folder)
{
	for (size_t i = 0; i < k->vectors.count; i++) {
		const struct vector *v = k->vectors.item[i];
		char *path = mem_format("%s/%s/%s", folder, v->kind, v->name + strlen("test_"));
		FILE *f = strcmp(v->kind, "raw") ? fopen(path, "wb") : NULL;

		if (f) {
			fputc(wire_options_pack(&v->options), f);
			fwrite(v->message.data, 1, v->message.len, f);
			fclose(f);
		}
		mem_free(path);
	}
}

static int run_all(const struct book *k)
{
	struct CMUnitTest *tests = mem_zero((k->vectors.count + 1) * sizeof(*tests));

	for (size_t i = 0; i < k->vectors.count; i++) {
		struct vector *v = k->vectors.item[i];

		tests[i] = (struct CMUnitTest){
			.name = v->name, .test_func = test_vector, .initial_state = v};
	}
	int failed = _cmocka_run_group_tests("wire vectors", tests, k->vectors.count, NULL, NULL);
	mem_free(tests);
	return failed;
}

int main(int argc, char **argv)
{
	struct book k = {0};
	int failed = 0;

	arena_init(&k.arena, 65536);
	for (int i = 1; i < argc && strcmp(argv[i], "--write"); i++)
		read_file(&k, argv[i]);
	if (argc > 2 && !strcmp(argv[argc - 2], "--write"))
		write_seeds(&k, argv[argc - 1]);
	else
		failed = run_all(&k);
	for (size_t i = 0; i < k.vectors.count; i++) {
		struct vector *v = k.vectors.item[i];

		buf_free(&v->message);
		buf_free(&v->expected);
		mem_free(v);
	}
	vec_free(&k.vectors);
	vec_free(&k.pieces);
	arena_free(&k.arena);
	return failed;
}
