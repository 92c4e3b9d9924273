// The notation of the manuals, read into trees:
//
//   grammar  = sequence { ";" sequence }
//   sequence = { item }
//   item     = ( word | "{" choice "}" [ "*" ] | "[" choice "]" [ "*" ] ) [ "&<1-" number ">" ]
//   choice   = sequence { "|" sequence }
//   word     = name | "*" name "*" | "**" name "**" | name "<" number "-" number ">"
//
// All memory comes from the grammar's arena. Mistakes end the program: rows are part of it.
#include "cli/grammar.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

const struct gnode gnode_undo = {.kind = G_KEYWORD, .word = "undo"};

struct reader {
	struct grammar *g;
	const struct row *row;
	const char *p;
};

static struct gnode *read_choice(struct reader *r, enum gkind kind, char end);

static void reader_die(const struct reader *r, const char *what)
{
	die("row \"%s\": %s at \"%s\"", r->row->grammar, what, r->p);
}

static void skip_blanks(struct reader *r)
{
	while (*r->p == ' ')
		r->p++;
}

static struct gnode *node_new(struct grammar *g, enum gkind kind)
{
	struct gnode *n = arena_zero(&g->memory, sizeof(*n));

	n->kind = kind;
	n->min = n->max = 1;
	return n;
}

// Takes the pointers in v as children and computes what follows from them.
static void node_finish(struct grammar *g, struct gnode *n, struct vec *v)
{
	n->children = (unsigned)v->count;
	n->child = v->count ? arena_copy(&g->memory, v->item, v->count * sizeof(void *)) : NULL;
	n->empty = n->kind == G_MAYBE || n->kind == G_SEQUENCE || (n->kind == G_ANY && !n->min);
	for (unsigned i = 0; i < n->children; i++) {
		const struct gnode *child = n->child[i];
		if (child->nest + 1 > n->nest)
			n->nest = child->nest + 1;
		if (n->kind == G_SEQUENCE)
			n->empty = n->empty && child->empty;
		else if (n->kind == G_ONE)
			n->empty = n->empty || child->empty;
	}
	vec_free(v);
}

bool words_contain(const char *list, const char *word)
{
	size_t n = strlen(word);

	while (list && *list) {
		list += strspn(list, " ");
		size_t size = strcspn(list, " ");
		if (size == n && memcmp(list, word, n) == 0)
			return true;
		list += size;
	}
	return false;
}

// Does the row list this word as value? Plain names mean what they mean in the grammar.
static bool is_value(const struct reader *r, const struct gnode *n)
{
	char marked[300];
	bool keyword = n->kind == G_KEYWORD;

	snprintf(marked, sizeof(marked), keyword ? "**%s**" : "*%s*", n->word);
	if (words_contain(r->row->value, marked))
		return true;
	return words_contain(r->row->value, n->word) && !(keyword && grammar_param(r->g, n->word));
}

static unsigned read_number(struct reader *r, uint64_t *ret)
{
	int used = 0;

	if (sscanf(r->p, "%" SCNu64 "%n", ret, &used) != 1)
		reader_die(r, "number expected");
	r->p += used;
	return (unsigned)used;
}

static void expect(struct reader *r, char c)
{
	if (*r->p != c)
		reader_die(r, "something else expected");
	r->p++;
}

static void read_range(struct reader *r, uint64_t *ret_min, uint64_t *ret_max)
{
	expect(r, '<');
	read_number(r, ret_min);
	expect(r, '-');
	read_number(r, ret_max);
	expect(r, '>');
	if (*ret_min > *ret_max)
		reader_die(r, "empty range");
}

static const struct param *param_on_the_spot(struct reader *r, const char *name)
{
	struct param *p = arena_zero(&r->g->memory, sizeof(*p));

	p->name = name;
	p->kind = PARAM_INTEGER;
	read_range(r, &p->min, &p->max);
	vec_add(&r->g->params, p);
	return p;
}

static struct gnode *read_word(struct reader *r)
{
	size_t stars = strspn(r->p, "*");
	struct gnode *n = node_new(r->g, G_KEYWORD);

	r->p += stars;
	size_t size = strcspn(r->p, " {}[]|;&<>*");
	if (!size || stars > 2)
		reader_die(r, "word expected");
	char *word = arena_zero(&r->g->memory, size + 1);
	memcpy(word, r->p, size);
	n->word = word;
	r->p += size;
	for (size_t i = 0; i < stars; i++)
		expect(r, '*');
	if (*r->p == '<')
		n->param = param_on_the_spot(r, n->word);
	else if (stars < 2)
		n->param = grammar_param(r->g, n->word);
	if (stars == 1 && !n->param)
		reader_die(r, "unknown parameter before this");
	if (n->param)
		n->kind = G_PARAM;
	n->value = is_value(r, n);
	return n;
}

static struct gnode *read_group(struct reader *r)
{
	char open = *r->p++;
	struct gnode *n = read_choice(r, open == '{' ? G_ONE : G_MAYBE, open == '{' ? '}' : ']');

	if (*r->p != '*')
		return n;
	r->p++;
	n->kind = G_ANY;
	n->min = open == '{';
	n->empty = !n->min;
	if (n->children > 64)
		reader_die(r, "too many words in any order before this");
	for (unsigned i = 0; i < n->children; i++)
		if (n->child[i]->empty)
			reader_die(r, "an empty choice before this");
	return n;
}

static struct gnode *read_item(struct reader *r)
{
	struct gnode *n = *r->p == '{' || *r->p == '[' ? read_group(r) : read_word(r);
	uint64_t min, max;

	if (*r->p != '&')
		return n;
	r->p++;
	read_range(r, &min, &max);
	if (n->empty || min != 1 || max > UINT16_MAX)
		reader_die(r, "this cannot be repeated");
	struct gnode *repeat = node_new(r->g, G_REPEAT);
	struct vec child = {0};
	repeat->max = (unsigned)max;
	vec_add(&child, n);
	node_finish(r->g, repeat, &child);
	return repeat;
}

static struct gnode *read_sequence(struct reader *r)
{
	struct gnode *n = node_new(r->g, G_SEQUENCE);
	struct vec items = {0};

	for (skip_blanks(r); *r->p && !strchr("|}];", *r->p); skip_blanks(r))
		vec_add(&items, read_item(r));
	if (!items.count)
		reader_die(r, "nothing here");
	node_finish(r->g, n, &items);
	return n;
}

static struct gnode *read_choice(struct reader *r, enum gkind kind, char end)
{
	struct gnode *n = node_new(r->g, kind);
	struct vec choices = {0};

	vec_add(&choices, read_sequence(r));
	while (*r->p == '|') {
		r->p++;
		vec_add(&choices, read_sequence(r));
	}
	expect(r, end);
	node_finish(r->g, n, &choices);
	return n;
}

struct gnode *notation_parse(struct grammar *g, const struct row *row, const char *text)
{
	struct reader r = {.g = g, .row = row, .p = text};
	struct gnode *n = read_sequence(&r);

	if (*r.p)
		reader_die(&r, "end expected");
	if (n->nest > GRAMMAR_NEST_MAX)
		reader_die(&r, "nested too deeply");
	return n;
}

static bool all_value(const struct gnode *n)
{
	if (n->kind == G_KEYWORD || n->kind == G_PARAM)
		return n->value;
	for (unsigned i = 0; i < n->children; i++)
		if (!all_value(n->child[i]))
			return false;
	return true;
}

// The value words in v, optional together.
static void add_optional(struct grammar *g, struct vec *to, struct vec *v)
{
	if (!v->count)
		return;
	if (v->count == 1 && ((struct gnode *)v->item[0])->empty) {
		vec_add(to, v->item[0]);
		vec_free(v);
		return;
	}
	struct gnode *sequence = node_new(g, G_SEQUENCE), *maybe = node_new(g, G_MAYBE);
	struct vec one = {0};
	node_finish(g, sequence, v);
	vec_add(&one, sequence);
	node_finish(g, maybe, &one);
	vec_add(to, maybe);
}

struct gnode *notation_undo(struct grammar *g, const struct gnode *of)
{
	struct gnode *n = node_new(g, of->kind);
	struct vec children = {0}, values = {0};

	*n = *of;
	if (of->kind == G_KEYWORD || of->kind == G_PARAM)
		return n;
	for (unsigned i = 0; i < of->children; i++) {
		struct gnode *child = of->child[i];
		if (of->kind == G_SEQUENCE && all_value(child)) {
			vec_add(&values, child);
			continue;
		}
		add_optional(g, &children, &values);
		vec_add(&children, all_value(child) ? child : notation_undo(g, child));
	}
	add_optional(g, &children, &values);
	node_finish(g, n, &children);
	return n;
}

const char *notation_next(const char *text, char separator, char **ret_part)
{
	text += strspn(text, " ");
	if (!*text)
		return NULL;
	const char *end = strchr(text, separator);
	size_t size = end ? (size_t)(end - text) : strlen(text);
	*ret_part = mem_text_n(text, size);
	return text + size + (end != NULL);
}
