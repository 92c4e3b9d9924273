// The audit (speaker/audit.h) as the law asks for it: at the end of a case, at rest and in place; and in a
// copy of the process, by dice behind any step, in the middle of walks, refreshes, sessions that come
// and go. It must find nothing.
#include "game.h"

#include <string.h>

#include "base/mem.h"
#include "sim/sim.h"
#include "speaker/audit.h"
#include "speaker/rehearsal.h"

#define TRIES 1000 // milliseconds of simulated time

enum { TOLD_COMPLAINT, TOLD_COUNT };

struct auditing {
	struct game *game;
	int done; // 1: good; -1: it died
};

static void put_side(struct buf *b, const char *word, const struct compare_side *s)
{
	buf_format(b, " %s ", word);
	if (s->set) {
		buf_hex(b, s->set->bytes, s->set->len);
		buf_format(b, "/%u.%u.%u.%u", s->set->local.source, s->set->local.preferred_value,
			   s->set->local.originator, s->set->local.label);
	} else {
		buf_text(b, s->yes ? "yes" : "-");
	}
}

static void found(void *arg, const struct audit_difference *d)
{
	struct game *g = arg;
	struct buf b = {0};

	buf_format(&b, "audit: %s of %s, instance %u", audit_kind_name(d->kind), d->af->name,
		   d->instance);
	if (d->route) {
		buf_text(&b, ", ");
		d->af->text_put(&b, d->route->key);
		buf_format(&b, " %u", d->route->peer);
		put_side(&b, "stands", &d->route->stands);
		put_side(&b, "ought", &d->route->ought);
	}
	complain(g, "%s", buf_cstr(&b));
	buf_free(&b);
}

void audit_tables(struct game *g)
{
	struct audit_options o = {.families = UINT16_MAX, .found = found, .arg = g};
	struct audit a;

	speaker_audit(g->speaker, &o, &a);
	for (unsigned i = 0; i < a.row_count; i++)
		g->out->audited += a.rows[i].counts.paths + a.rows[i].counts.announcements;
	audit_free(&a);
}

// --- in a copy ----------------------------------------------------------------------------------------
static void tell(void *arg, struct speaker *s, const struct measure *m)
{
	struct game *g = ((struct auditing *)arg)->game;

	buf_clear(&g->out->complaint);
	g->out->audited = 0;
	audit_tables(g);
	rehearsal_tell(TOLD_COMPLAINT, g->out->complaint.data, g->out->complaint.len);
	rehearsal_tell(TOLD_COUNT, &g->out->audited, sizeof(g->out->audited));
}

static void heard(void *arg, uint8_t kind, const uint8_t *p, size_t n)
{
	struct game *g = ((struct auditing *)arg)->game;
	uint64_t count;

	if (kind == TOLD_COMPLAINT && n)
		complain(g, "in a copy: %.*s", (int)n, (const char *)p);
	if (kind != TOLD_COUNT || n != sizeof(count))
		return;
	memcpy(&count, p, sizeof(count));
	g->out->audited += count;
}

static void ended(void *arg, bool good)
{
	((struct auditing *)arg)->done = good ? 1 : -1;
}

void audit_in_copy(struct game *g)
{
	struct auditing a = {.game = g};
	struct rehearsal_want w = {.tell = tell, .heard = heard, .done = ended, .arg = &a};
	int error = 0;

	g->out->rehearsals++;
	if (!rehearsal_start(g->speaker, &w, &error)) {
		complain(g, "no copy: %s", strerror(-error));
		return;
	}
	for (unsigned i = 0; i < TRIES && !a.done; i++)
		sim_run_for(SIM_MS);
	if (a.done != 1)
		complain(g, "the copy of an audit died");
}
