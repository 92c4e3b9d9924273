// Matching. All forms of a view that can still be meant are followed at once. A form is at any
// moment a word that can come next (reach) and a chain of frames that say what comes after it: how
// far the sequences around it have come, which words of an any-order group were used, how often
// a repetition ran. Frames and hits are never changed, so the forms share them; all of it
// lives in an arena that is emptied for the next line.
//
// Which words fit: a keyword typed in full beats everything; abbreviations must mean one keyword
// only ("Ambiguous" otherwise), but parameters that accept the word stay in the race with them.
// If several forms accept the whole line, the one with the most keywords wins, then the view's own,
// then the first row.
//
// The stored line has its words in the order of the row: each word carries the path of its
// positions in the groups around it, and the words are sorted by that.
#include "cli/match.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/param.h"

struct frame {
	const struct frame *up;
	const struct gnode *node;
	uint64_t used; // G_ANY: bits of the words used
	uint16_t at;   // position of what was entered: child, or turn of a repetition
};
struct hit { // a word that was matched
	const struct hit *before;
	const struct gnode *atom;
	const struct frame *then;
	const char *text; // stored form
	bool quoted;
};
struct accept {
	const struct gentry *entry;
	const struct hit *last;
};
struct matcher {
	struct arena memory;
	struct reach_set sets[2];
	struct accept *accepts;
	unsigned accept_count, accept_cap;
	struct buf stored; // scratch
	bool keyword_seen; // in the last step: candidates included keywords, parameters
	bool param_seen;
	unsigned text_column; // where the parameter that took the rest of the line began
};

struct matcher *matcher_new(void)
{
	struct matcher *m = MEM_NEW(struct matcher);

	arena_init(&m->memory, 1 << 16);
	return m;
}

void matcher_free(struct matcher *m)
{
	if (!m)
		return;
	arena_free(&m->memory);
	mem_free(m->sets[0].items);
	mem_free(m->sets[1].items);
	mem_free(m->accepts);
	buf_free(&m->stored);
	mem_free(m);
}

const char *match_error(enum match_status status)
{
	switch (status) {
	case MATCH_DONE:
		break;
	case MATCH_UNRECOGNIZED:
		return "Error: Unrecognized command found at '^' position.";
	case MATCH_INCOMPLETE:
		return "Error: Incomplete command found at '^' position.";
	case MATCH_AMBIGUOUS:
		return "Error: Ambiguous command found at '^' position.";
	case MATCH_WRONG:
		return "Error: Wrong parameter found at '^' position.";
	case MATCH_TOO_MANY:
		return "Error:Too many parameters found at '^' position.";
	case MATCH_UNREADABLE:
		return "Error: The line is too long, lacks a closing quotation mark, or contains "
		       "control characters.";
	}
	return "";
}

// --- walking a form ------------------------------------------------------------------------------
struct walk {
	struct matcher *m;
	struct reach_set *to;
	const struct gentry *entry;
	const struct hit *before;
};

static void walk_enter(struct walk *w, const struct gnode *n, const struct frame *then);

static const struct frame *frame_new(struct walk *w, const struct gnode *n, const struct frame *up,
				     unsigned at, uint64_t used)
{
	struct frame *f = arena_alloc(&w->m->memory, sizeof(*f));

	*f = (struct frame){.up = up, .node = n, .used = used, .at = (uint16_t)at};
	return f;
}

static void walk_accept(struct walk *w)
{
	struct matcher *m = w->m;

	w->to->complete = true;
	if (m->accept_count == m->accept_cap) {
		m->accept_cap = m->accept_cap ? 2 * m->accept_cap : 16;
		m->accepts = mem_resize(m->accepts, m->accept_cap * sizeof(*m->accepts));
	}
	m->accepts[m->accept_count++] = (struct accept){w->entry, w->before};
}

static void walk_reach(struct walk *w, const struct gnode *atom, const struct frame *then)
{
	struct reach_set *s = w->to;

	if (s->count == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 64;
		s->items = mem_resize(s->items, s->cap * sizeof(*s->items));
	}
	s->items[s->count++] = (struct reach){w->entry, atom, then, w->before};
}

// Enters every word of an any-order group that is not used yet.
static void walk_any(struct walk *w, const struct gnode *n, uint64_t used, const struct frame *up)
{
	for (unsigned i = 0; i < n->children; i++) {
		uint64_t bit = UINT64_C(1) << i;
		if (!(used & bit))
			walk_enter(w, n->child[i], frame_new(w, n, up, i, used | bit));
	}
}

// What comes after what the frame stands for.
static void walk_resume(struct walk *w, const struct frame *f)
{
	if (!f) {
		walk_accept(w);
		return;
	}
	const struct gnode *n = f->node;
	unsigned next = f->at + 1U;
	if (n->kind == G_SEQUENCE && next < n->children) {
		walk_enter(w, n->child[next], frame_new(w, n, f->up, next, 0));
		return;
	}
	if (n->kind == G_ANY)
		walk_any(w, n, f->used, f->up);
	else if (n->kind == G_REPEAT && next < n->max)
		walk_enter(w, n->child[0], frame_new(w, n, f->up, next, 0));
	walk_resume(w, f->up);
}

static void walk_enter(struct walk *w, const struct gnode *n, const struct frame *then)
{
	switch (n->kind) {
	case G_KEYWORD:
	case G_PARAM:
		walk_reach(w, n, then);
		return;
	case G_SEQUENCE:
	case G_REPEAT:
		walk_enter(w, n->child[0], frame_new(w, n, then, 0, 0));
		return;
	case G_ONE:
	case G_MAYBE:
		for (unsigned i = 0; i < n->children; i++)
			walk_enter(w, n->child[i], then);
		break;
	case G_ANY:
		walk_any(w, n, 0, then);
		break;
	}
	if (n->kind == G_MAYBE || (n->kind == G_ANY && !n->min))
		walk_resume(w, then);
}

// --- one word ----------------------------------------------------------------------------------------
struct input {
	struct text_word *words;
	unsigned count;
	const char *line;  // whole; a PARAM_TEXT takes it from the word's column on
	unsigned end;      // columns, without blanks at the end
	const char *quote; // the line has an odd one, allowed in text only: its first; NULL
};

enum fit { FIT_NONE, FIT_PARAM, FIT_ABBREVIATION, FIT_KEYWORD };

static enum fit keyword_fit(const char *keyword, const struct text_word *word)
{
	if (word->quoted || !text_is_prefix_nocase(word->text, keyword))
		return FIT_NONE;
	return strlen(word->text) == strlen(keyword) ? FIT_KEYWORD : FIT_ABBREVIATION;
}

// The best that keywords can do with the word, and the keyword. Two different
// abbreviated ones: *ret_ambiguous.
static enum fit best_keyword(const struct reach_set *s, const struct text_word *word,
			     const char **ret_keyword, bool *ret_ambiguous)
{
	enum fit best = FIT_NONE;

	*ret_ambiguous = false;
	*ret_keyword = NULL;
	for (unsigned i = 0; i < s->count; i++) {
		const struct gnode *atom = s->items[i].atom;
		if (atom->param || *ret_keyword == atom->word)
			continue;
		enum fit fit = keyword_fit(atom->word, word);
		if (fit < best || fit == FIT_NONE)
			continue;
		if (fit == FIT_ABBREVIATION && best == fit && strcmp(atom->word, *ret_keyword) != 0)
			*ret_ambiguous = true;
		if (fit == FIT_KEYWORD)
			*ret_ambiguous = false;
		best = fit;
		*ret_keyword = atom->word;
	}
	return best;
}

// Parameters are tried once per word, however many forms wait for them.
struct tried {
	const struct param *param;
	const char *stored; // NULL: not accepted
};
#define TRIED_MAX 32
struct tries {
	struct tried item[TRIED_MAX];
	unsigned count;
};

static const char *param_try(struct matcher *m, struct tries *t, const struct param *p,
			     const char *text)
{
	for (unsigned i = 0; i < t->count; i++)
		if (t->item[i].param == p)
			return t->item[i].stored;
	buf_clear(&m->stored);
	const char *stored = NULL;
	if (param_accept(p, text, &m->stored))
		stored = arena_text(&m->memory, buf_cstr(&m->stored));
	if (t->count < TRIED_MAX)
		t->item[t->count++] = (struct tried){p, stored};
	return stored;
}

static const char *rest_of_line(struct matcher *m, const struct input *in, unsigned column)
{
	char *text = arena_text(&m->memory, in->line + column);

	text[in->end - column] = '\0';
	return text;
}

// A quoted word is printed in quotes again where it needs them: it has blanks, or without them
// a keyword could be meant.
static bool keeps_quotes(const struct reach_set *s, const struct text_word *word)
{
	if (!word->quoted)
		return false;
	if (strpbrk(word->text, " \t") || !*word->text)
		return true;
	for (unsigned i = 0; i < s->count; i++)
		if (!s->items[i].atom->param &&
		    text_is_prefix_nocase(word->text, s->items[i].atom->word))
			return true;
	return strchr("#!", word->text[0]) != NULL;
}

struct step {
	const struct input *in;
	const struct text_word *word;
	const char *keyword; // that the word means; NULL: none
	bool exact, quotes;
	struct tries tries;
	bool took_text; // a parameter took the rest of the line
};

// Text runs to the end of the line and needs no quotes, except that scripts part commands at `;`.
static bool needs_quotes(const struct step *s, const struct param *p, const char *stored)
{
	if (p && p->kind == PARAM_TEXT)
		return strchr(stored, ';') && !strchr(stored, '"');
	return p && s->quotes;
}

static void step_take(struct matcher *m, const struct step *s, const struct reach *r,
		      const char *stored, struct reach_set *to)
{
	struct hit *h = arena_alloc(&m->memory, sizeof(*h));

	*h = (struct hit){.before = r->before,
			  .atom = r->atom,
			  .then = r->then,
			  .text = stored,
			  .quoted = needs_quotes(s, r->atom->param, stored)};
	struct walk w = {.m = m, .to = to, .entry = r->entry, .before = h};
	walk_resume(&w, r->then);
}

static void step_try(struct matcher *m, struct step *s, const struct reach *r, struct reach_set *to)
{
	const struct param *p = r->atom->param;
	const char *stored;

	if (!p) {
		m->keyword_seen = true;
		if (s->keyword && strcmp(r->atom->word, s->keyword) == 0)
			step_take(m, s, r, r->atom->word, to);
		return;
	}
	m->param_seen = true;
	if (s->exact)
		return;
	const char *text = s->word->text;
	if (p->kind == PARAM_TEXT)
		text = rest_of_line(m, s->in, s->word->column);
	stored = param_try(m, &s->tries, p, text);
	if (stored) {
		if (p->kind == PARAM_TEXT) {
			s->took_text = true;
			m->text_column = s->word->column;
		}
		step_take(m, s, r, stored, to);
	}
}

// All that can follow after this word. MATCH_DONE, or why nothing can.
static enum match_status step_word(struct matcher *m, const struct input *in, unsigned at,
				   const struct reach_set *from, struct reach_set *to,
				   bool *ret_took_text)
{
	struct step s = {.in = in, .word = &in->words[at]};
	bool ambiguous;

	m->keyword_seen = m->param_seen = false;
	m->accept_count = 0;
	to->count = 0;
	to->complete = false;
	s.exact = best_keyword(from, s.word, &s.keyword, &ambiguous) == FIT_KEYWORD;
	s.quotes = keeps_quotes(from, s.word);
	if (ambiguous)
		s.keyword = NULL;
	for (unsigned i = 0; i < from->count; i++)
		step_try(m, &s, &from->items[i], to);
	*ret_took_text = s.took_text;
	if (to->count || to->complete)
		return MATCH_DONE;
	if (ambiguous)
		return MATCH_AMBIGUOUS;
	if (!from->count)
		return MATCH_TOO_MANY;
	return m->param_seen ? MATCH_WRONG : MATCH_UNRECOGNIZED;
}

// --- a line -------------------------------------------------------------------------------------------
static bool input_read(struct matcher *m, const char *line, struct input *ret)
{
	size_t n = strlen(line);

	if (n > LINE_MAX_SIZE)
		return false;
	while (n && strchr(" \t\r\n", line[n - 1]))
		n--;
	*ret = (struct input){.line = line, .end = (unsigned)n};
	for (size_t i = 0; i < n; i++)
		if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f)
			return false;
	int count = text_split(&m->memory, line, &ret->words);
	ret->count = count < 0 ? 0 : (unsigned)count;
	return count >= 0;
}

// A line whose last parameter is text may hold single quotes: it is read again without them.
static bool input_read_text(struct matcher *m, const char *line, struct input *ret)
{
	char *bare = arena_text(&m->memory, line);

	for (char *p = bare; *p; p++)
		if (*p == '"')
			*p = '\'';
	bool read = input_read(m, bare, ret);
	ret->line = line;
	ret->quote = strchr(line, '"');
	return read && ret->quote;
}

static void start_set(struct matcher *m, const struct gview *v, const struct text_word *word,
		      enum match_scope scope, struct reach_set *to)
{
	bool exact = false;

	to->count = 0;
	to->complete = false;
	m->accept_count = 0;
	for (size_t i = 0; i < v->buckets.count && word; i++)
		exact |= keyword_fit(((struct gbucket *)v->buckets.item[i])->keyword, word) ==
			 FIT_KEYWORD;
	for (size_t i = 0; i < v->buckets.count; i++) {
		const struct gbucket *b = v->buckets.item[i];
		enum fit fit = word ? keyword_fit(b->keyword, word) : FIT_KEYWORD;
		if (fit == FIT_NONE || (exact && fit != FIT_KEYWORD))
			continue;
		for (size_t k = 0; k < b->entries.count; k++) {
			const struct gentry *e = b->entries.item[k];
			struct walk w = {.m = m, .to = to, .entry = e};
			if (e->outer && scope == MATCH_OWN)
				continue;
			if (e->undo)
				walk_reach(&w, &gnode_undo, NULL);
			else
				walk_enter(&w, e->root, NULL);
		}
	}
}

// After the word `undo`: the undo forms themselves.
static void enter_undo(struct matcher *m, struct reach_set *s)
{
	unsigned accepts = m->accept_count, kept = 0;

	for (unsigned i = 0; i < accepts; i++) {
		struct accept a = m->accepts[i];
		if (a.last && a.last->atom == &gnode_undo) {
			struct walk w = {.m = m, .to = s, .entry = a.entry};
			walk_enter(&w, a.entry->root, NULL);
		} else {
			m->accepts[kept++] = a;
		}
	}
	m->accept_count = kept;
	s->complete = kept != 0;
}

// Follows the words; *ret_set is what can come after the last.
static enum match_status follow(struct matcher *m, const struct input *in,
				struct reach_set **ret_set, unsigned *ret_column)
{
	struct reach_set *from = &m->sets[0], *to = &m->sets[1];
	bool took_text = false;

	for (unsigned i = 0; i < in->count && !took_text; i++) {
		enum match_status status = step_word(m, in, i, from, to, &took_text);
		if (status != MATCH_DONE) {
			*ret_column = in->words[i].column;
			return i || status != MATCH_TOO_MANY ? status : MATCH_UNRECOGNIZED;
		}
		if (i == 0)
			enter_undo(m, to);
		struct reach_set *swap = from;
		from = to;
		to = swap;
	}
	*ret_set = from;
	if (in->quote && !(took_text && in->line + m->text_column <= in->quote))
		return MATCH_UNREADABLE;
	return MATCH_DONE;
}

static unsigned keywords_of(const struct accept *a)
{
	unsigned n = 0;

	for (const struct hit *h = a->last; h; h = h->before)
		n += !h->atom->param;
	return n;
}

static const struct accept *best_accept(const struct matcher *m)
{
	const struct accept *best = NULL;

	for (unsigned i = 0; i < m->accept_count; i++) {
		const struct accept *a = &m->accepts[i];
		if (!best || keywords_of(a) > keywords_of(best) ||
		    (keywords_of(a) == keywords_of(best) &&
		     (a->entry->outer < best->entry->outer ||
		      (a->entry->outer == best->entry->outer &&
		       a->entry->number < best->entry->number))))
			best = a;
	}
	return best;
}

#define PATH_MAX_DEPTH (GRAMMAR_NEST_MAX + 1)
struct placed {
	const struct hit *hit;
	uint16_t path[PATH_MAX_DEPTH];
	unsigned depth;
};

static void place(struct placed *p, const struct hit *h)
{
	p->hit = h;
	p->depth = 0;
	for (const struct frame *f = h->then; f; f = f->up)
		p->depth++;
	if (p->depth > PATH_MAX_DEPTH)
		die("grammar: words nested %u deep", p->depth);
	unsigned i = p->depth;
	for (const struct frame *f = h->then; f; f = f->up)
		p->path[--i] = f->at;
}

static bool placed_after(const struct placed *a, const struct placed *b)
{
	for (unsigned i = 0; i < a->depth && i < b->depth; i++)
		if (a->path[i] != b->path[i])
			return a->path[i] > b->path[i];
	return false;
}

static struct conf_line *build_line(struct matcher *m, const struct accept *a)
{
	unsigned n = 0;

	for (const struct hit *h = a->last; h; h = h->before)
		n++;
	struct placed *placed = arena_alloc(&m->memory, n * sizeof(*placed));
	struct conf_word *words = arena_alloc(&m->memory, n * sizeof(*words));
	unsigned at = n;
	for (const struct hit *h = a->last; h; h = h->before)
		place(&placed[--at], h);
	// Nearly sorted, nearly always: insertion.
	for (unsigned i = 1; i < n; i++) {
		struct placed p = placed[i];
		unsigned k = i;
		for (; k && placed_after(&placed[k - 1], &p); k--)
			placed[k] = placed[k - 1];
		placed[k] = p;
	}
	for (unsigned i = 0; i < n; i++) {
		const struct hit *h = placed[i].hit;
		words[i] = (struct conf_word){.text = h->text,
					      .param = h->atom->param ? h->atom->word : NULL,
					      .quoted = h->quoted,
					      .value = h->atom->value};
	}
	return conf_line_new(a->entry->row, false, words, n);
}

static enum match_status run(struct grammar *g, const struct gview *v, const char *line,
			     enum match_scope scope, struct match *ret)
{
	struct matcher *m = g->matcher;
	struct reach_set *set;
	struct input in;

	arena_reset(&m->memory);
	if (!input_read(m, line, &in) && !input_read_text(m, line, &in))
		return MATCH_UNREADABLE;
	ret->column = in.end;
	start_set(m, v, in.count ? &in.words[0] : NULL, scope, &m->sets[0]);
	enum match_status status = follow(m, &in, &set, &ret->column);
	if (status != MATCH_DONE)
		return status;
	if (!set->complete || !m->accept_count)
		return MATCH_INCOMPLETE;
	const struct accept *a = best_accept(m);
	ret->entry = a->entry;
	ret->line = build_line(m, a);
	return MATCH_DONE;
}

bool match_line(struct grammar *g, const struct gview *v, const char *line, enum match_scope scope,
		struct match *ret)
{
	*ret = (struct match){0};
	ret->status = run(g, v, line, scope, ret);
	if (ret->status == MATCH_UNREADABLE)
		ret->column = 0;
	return ret->status == MATCH_DONE;
}

struct conf_line *match_stored(struct match *m)
{
	struct conf_line *line = m->line;

	m->line = NULL;
	if (!m->entry->undo)
		return line;
	struct conf_line *undone = conf_line_undone(line);
	conf_line_unref(line);
	return undone;
}

bool match_reach(struct grammar *g, const struct gview *v, const char *line,
		 const struct reach_set **ret, struct match *ret_error)
{
	struct matcher *m = g->matcher;
	struct reach_set *set;
	struct input in;

	*ret_error = (struct match){.status = MATCH_UNREADABLE};
	arena_reset(&m->memory);
	if (!input_read(m, line, &in))
		return false;
	start_set(m, v, in.count ? &in.words[0] : NULL, MATCH_ALL, &m->sets[0]);
	ret_error->status = follow(m, &in, &set, &ret_error->column);
	*ret = set;
	return ret_error->status == MATCH_DONE;
}
