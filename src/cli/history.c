// The last lines of a session, oldest first; a line that repeats the one before is kept once.
#include <string.h>

#include "base/mem.h"
#include "cli/session.h"

static void history_drop(struct history *h, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		mem_free(h->line[i]);
	h->count -= n;
	memmove(h->line, h->line + n, h->count * sizeof(h->line[0]));
}

void history_limit(struct history *h, unsigned max)
{
	h->max = max > HISTORY_MAX ? HISTORY_MAX : max;
	if (h->count > h->max)
		history_drop(h, h->count - h->max);
}

void history_add(struct history *h, const char *line)
{
	if (!h->max || (h->count && strcmp(h->line[h->count - 1], line) == 0))
		return;
	if (h->count == h->max)
		history_drop(h, 1);
	h->line[h->count++] = mem_text(line);
}
