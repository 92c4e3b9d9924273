// Figures of a measure, held against the tables before and after as they were written down. What the
// ledgers noted while a commit took effect is one account of it; this is the other one, made from
// nothing but two texts.
//
// A line of a table reads: TITLE KEY WHO FLAGS in SET use SET out SET, where the title is one of
//	FAMILY loc INSTANCE		FAMILY peer NUMBER received		FAMILY peer NUMBER advertised
#include "game.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "figures.h"

enum view { VIEW_LOC, VIEW_RECEIVED, VIEW_ADVERTISED };

struct line {
	const struct af *af;
	enum view view;
	unsigned number; // of the instance or the peer
	char *key, *who, *use, *out;
	bool best;
};

struct lines {
	struct line *list;
	unsigned count, cap;
	char *text; // what they point into
};

// --- reading ------------------------------------------------------------------------------------------
static const struct af *take_family(char **at)
{
	for (unsigned i = 0; i < af_count; i++) {
		size_t n = strlen(af_list[i]->name);
		if (!strncmp(*at, af_list[i]->name, n) && (*at)[n] == ' ') {
			*at += n + 1;
			return af_list[i];
		}
	}
	return NULL;
}

static bool take_word(char **at, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*at, word, n))
		return false;
	*at += n;
	return true;
}

// false: of no table.
static bool take_title(char **at, struct line *l)
{
	l->af = take_family(at);
	if (!l->af)
		return false;
	bool loc = take_word(at, "loc ");
	if (!loc && !take_word(at, "peer "))
		return false;
	l->number = (unsigned)strtoul(*at, at, 10);
	++*at;
	l->view = loc ? VIEW_LOC : take_word(at, "received ") ? VIEW_RECEIVED : VIEW_ADVERTISED;
	return l->view != VIEW_ADVERTISED || take_word(at, "advertised ");
}

// Ends the text in front of the word and returns what is behind.
static char *cut(char *at, const char *word)
{
	char *p = strstr(at, word);

	if (!p)
		return NULL;
	*p = 0;
	return p + strlen(word);
}

static bool cut_last(char *text, const char *word)
{
	size_t n = strlen(text), k = strlen(word);

	if (n < k || strcmp(text + n - k, word))
		return false;
	text[n - k] = 0;
	return true;
}

static bool read_line(char *at, struct line *l)
{
	*l = (struct line){0};
	if (!take_title(&at, l))
		return false;
	l->key = at;
	at = cut(at, " in ");
	l->use = at ? cut(at, " use ") : NULL;
	l->out = l->use ? cut(l->use, " out ") : NULL;
	if (!l->out)
		return false;
	cut_last(l->key, " loop");
	cut_last(l->key, " suppressed");
	cut_last(l->key, " stale");
	l->best = cut_last(l->key, " best");
	l->who = strrchr(l->key, ' ');
	if (l->who)
		*l->who++ = 0;
	return l->who && (l->best || l->view != VIEW_LOC);
}

static int compare(const void *x, const void *y)
{
	const struct line *a = x, *b = y;

	if (a->view != b->view)
		return a->view < b->view ? -1 : 1;
	if (a->af != b->af)
		return af_index(a->af) < af_index(b->af) ? -1 : 1;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return strcmp(a->key, b->key);
}

static void read_lines(const char *text, struct lines *ret)
{
	char *save, *line;

	*ret = (struct lines){.text = mem_text(text)};
	for (line = strtok_r(ret->text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (ret->count == ret->cap) {
			ret->cap = ret->cap ? 2 * ret->cap : 256;
			ret->list = mem_resize(ret->list, ret->cap * sizeof(*ret->list));
		}
		ret->count += read_line(line, &ret->list[ret->count]);
	}
	if (ret->count)
		qsort(ret->list, ret->count, sizeof(*ret->list), compare);
}

static void lines_free(struct lines *l)
{
	mem_free(l->list);
	mem_free(l->text);
}

// --- counting -----------------------------------------------------------------------------------------
static void count_loc(struct figures *f, const struct line *a, const struct line *b)
{
	const struct line *any = a ? a : b;
	uint64_t *n = f->table[any->number][af_index(any->af)];

	if (!a || !b)
		n[a ? LEDGER_BEST_GONE : LEDGER_BEST_NEW]++;
	else if (strcmp(a->who, b->who))
		n[LEDGER_BEST_MOVED]++;
	else if (strcmp(a->use, b->use))
		n[LEDGER_BEST_CHANGED]++;
}

static void count_received(struct figures *f, const struct line *a, const struct line *b)
{
	const struct line *any = a ? a : b;
	uint64_t *n = f->peer[any->number][af_index(any->af)];
	bool before = a && strcmp(a->use, "-"), after = b && strcmp(b->use, "-");

	if (before != after)
		n[before ? LEDGER_REJECTED : LEDGER_ACCEPTED]++;
	else if (before && strcmp(a->use, b->use))
		n[LEDGER_CHANGED]++;
}

static void count_advertised(struct figures *f, const struct line *a, const struct line *b)
{
	const struct line *any = a ? a : b;
	uint64_t *n = f->peer[any->number][af_index(any->af)];

	if (!a || !b)
		n[a ? LEDGER_WITHDRAWN : LEDGER_ANNOUNCED]++;
	else if (strcmp(a->out, b->out))
		n[LEDGER_REANNOUNCED]++;
}

static void count(struct figures *f, const struct line *a, const struct line *b)
{
	switch ((a ? a : b)->view) {
	case VIEW_LOC:
		count_loc(f, a, b);
		break;
	case VIEW_RECEIVED:
		count_received(f, a, b);
		break;
	default:
		count_advertised(f, a, b);
		break;
	}
}

void figures_between(const char *before, const char *after, struct figures *ret)
{
	struct lines a, b;
	unsigned i = 0, k = 0;

	memset(ret, 0, sizeof(*ret));
	read_lines(before, &a);
	read_lines(after, &b);
	while (i < a.count || k < b.count) {
		int order = i == a.count ? 1 : k == b.count ? -1 : compare(&a.list[i], &b.list[k]);
		count(ret, order <= 0 ? &a.list[i] : NULL, order >= 0 ? &b.list[k] : NULL);
		i += order <= 0;
		k += order >= 0;
	}
	lines_free(&a);
	lines_free(&b);
}
