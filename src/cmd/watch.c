// commit trial ... guard: the limits go on holding while the trial waits. Once a second it is counted
// what the tables hold (routes accepted, best paths, announcements told to neighbours, sessions) and
// compared with what they held before the commit. Counted are numbers: routes that went while others
// came make up for each other here, and nobody asks for the protected prefixes again.
#include "cmd/guard.h"

#include <string.h>

#include "base/mem.h"
#include "cmd/trial.h"

#define LOOK_EVERY UINT64_C(1000000) // microseconds

struct watched_session {
	uint16_t instance;
	struct ip address;
	uint32_t number; // of its Established period
};
struct held {
	uint64_t accepted, best, advertised;
};
struct watch {
	struct app *app;
	struct timer *timer;
	struct guard_limits_pair limits; // no list
	struct held before;
	struct watched_session *sessions; // that were Established; owned
	unsigned session_count;
};

static void hold_peer(struct app *a, const struct speaker_peer *p, struct held *ret)
{
	struct rib_counts counts;

	for (unsigned i = 0; i < af_count; i++) {
		speaker_peer_counts(a->speaker, speaker_peer_number(p), af_list[i], &counts);
		ret->accepted += counts.accepted;
		ret->advertised += counts.advertised;
	}
}

static void hold(struct app *a, struct held *ret)
{
	const struct speaker_config *running = speaker_running(a->speaker);
	struct rib_totals totals;

	*ret = (struct held){0};
	for (unsigned k = 0; k < speaker_peer_count(a->speaker); k++)
		hold_peer(a, speaker_peer_at(a->speaker, k), ret);
	for (unsigned k = 0; running && k < running->instance_count; k++)
		for (unsigned i = 0; i < af_count; i++) {
			speaker_totals(a->speaker, running->instances[k].number, af_list[i],
				       &totals);
			ret->best += totals.best;
		}
}

static void note_sessions(struct watch *w)
{
	unsigned n = speaker_peer_count(w->app->speaker);

	w->sessions = mem_zero((n + 1) * sizeof *w->sessions);
	for (unsigned k = 0; k < n; k++) {
		struct speaker_peer *p = speaker_peer_at(w->app->speaker, k);
		struct sess *s = speaker_peer_session(p);

		if (sess_get_state(s) == SESS_ESTABLISHED)
			w->sessions[w->session_count++] = (struct watched_session){
				.instance = speaker_peer_config(p)->instance,
				.address = speaker_peer_config(p)->address,
				.number = sess_number(s)};
	}
}

static unsigned sessions_lost(const struct watch *w)
{
	unsigned lost = 0;

	for (unsigned k = 0; k < w->session_count; k++) {
		const struct watched_session *x = &w->sessions[k];
		struct speaker_peer *p =
			speaker_peer_find(w->app->speaker, x->instance, &x->address);
		struct sess *s = p ? speaker_peer_session(p) : NULL;

		lost += !s || sess_get_state(s) != SESS_ESTABLISHED || sess_number(s) != x->number;
	}
	return lost;
}

static uint64_t less(uint64_t before, uint64_t now)
{
	return before > now ? before - now : 0;
}

// What has gone since, in the figures that an impact has.
static bool is_passed(const struct watch *w, struct buf *why)
{
	struct impact i = {
		.accepted = w->before.accepted,
		.best = w->before.best,
		.advertised = w->before.advertised,
	};
	struct buf within = {0};
	struct held now;
	unsigned lost = sessions_lost(w);

	hold(w->app, &now);
	i.total[LEDGER_REJECTED] = less(w->before.accepted, now.accepted);
	i.total[LEDGER_BEST_GONE] = less(w->before.best, now.best);
	i.total[LEDGER_WITHDRAWN] = less(w->before.advertised, now.advertised);
	guard_judge(&i, &w->limits, why, &within);
	if (lost && (w->limits.line.no_session_reset || w->limits.standing.no_session_reset))
		buf_format(why, "  sessions lost: %u, allowed 0\n", lost);
	buf_free(&within);
	return why->len;
}

// Indented lines, as one.
static void join(const char *lines, struct buf *out)
{
	for (const char *join = ": "; *lines; join = ", ") {
		lines += strspn(lines, " ");
		size_t size = strcspn(lines, "\n");

		buf_text(out, join);
		buf_put(out, lines, size);
		lines += size + (lines[size] == '\n');
	}
}

static void on_time(void *arg)
{
	struct watch *w = arg;
	struct app *a = w->app;
	struct buf why = {0}, words = {0};

	if (is_passed(w, &why)) {
		buf_text(&words, "a limit of the guard was passed");
		join(buf_cstr(&why), &words);
		trial_end(a, buf_cstr(&words)); // w is gone, unless the disk refuses
	} else {
		timer_start(w->timer, LOOK_EVERY);
	}
	buf_free(&why);
	buf_free(&words);
}

struct watch *watch_new(struct app *a, const struct guard_limits_pair *limits)
{
	struct watch *w = MEM_NEW(struct watch);

	w->app = a;
	w->limits = *limits;
	w->limits.line.protect = w->limits.standing.protect = NULL;
	w->timer = timer_new(a->loop, on_time, w);
	hold(a, &w->before);
	note_sessions(w);
	return w;
}

void watch_start(struct watch *w)
{
	timer_start(w->timer, LOOK_EVERY);
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	timer_free(w->timer);
	mem_free(w->sessions);
	mem_free(w);
}
