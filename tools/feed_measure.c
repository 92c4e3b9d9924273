// Measurements: an action starts the clock, a goal stops it. See feed_control.h.
//
// The goal is a conjunction of equations over counters that receive_*() keeps up to date, so asking
// whether it holds costs nothing. The time that counts is when the goal became true for the last
// time: a listener that reaches it and relapses has not reached it. A measurement ends when the goal
// holds and the listener has heard nothing of the table for a while. Listeners whose names begin
// alike ("client*") are measured as one: counters are sums over them.
// A probe is one prefix, announced anew every few milliseconds with a sequence number: the longest
// time from sending to arrival is the stall that a bystander sees while the speaker works.
#include "feed_control.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/mem.h"

extern char **environ;

enum { TERMS_MAX = 12, ACTIONS_MAX = 16 };
enum term_kind { TERM_PRESENT, TERM_SEEN, TERM_MARK };
enum verify { VERIFY_NONE, VERIFY_BLOCK, VERIFY_TAGGED, VERIFY_MISSING_BLOCK };

struct term {
	enum term_kind kind;
	unsigned mark;
	uint64_t value;
};

struct action {
	enum { DO_FEED, DO_REFRESH, DO_UP, DO_EXEC } kind;
	char peer[sizeof((struct peer_options *)0)->name];
	int family;
	const char *command;
};

struct measure {
	struct peer **sinks; // owned
	unsigned sink_count;
	struct peer *from; // the clock starts when it is established
	struct term term[TERMS_MAX];
	unsigned terms;
	struct action action[ACTIONS_MAX];
	unsigned actions;
	char *command; // owned copy for DO_EXEC
	enum verify verify;
	unsigned verify_mark;
	uint64_t quiet, timeout; // microseconds
	uint64_t started, done, first, exec_done, ended;
	uint64_t established_before, drops_before, refreshes_before, min_present;
	struct counters before;
	uint64_t trace_before;
	pid_t child;
	int exec_status;
	bool holds, good;
};

// --- probes -------------------------------------------------------------------------------------

void probe_arrived(struct feed *f, uint32_t sequence)
{
	uint64_t now = feed_clock();
	uint32_t news = (sequence - f->probe_last) & 0xffff;
	if (!news || news > 32768)
		return;
	// Those that were overtaken by it have waited until now as well.
	for (uint32_t s = f->probe_last + 1;; s++) {
		uint64_t took = now - f->probe_sent[s & 0xffff];
		if (f->probe_time_count == f->probe_time_cap) {
			f->probe_time_cap = f->probe_time_cap ? f->probe_time_cap * 2 : 1024;
			f->probe_times =
				mem_resize(f->probe_times, f->probe_time_cap * sizeof(uint32_t));
		}
		f->probe_times[f->probe_time_count++] =
			took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;
		if (took > f->probe_longest)
			f->probe_longest = took;
		if ((s & 0xffff) == sequence)
			break;
	}
	f->probe_last = sequence;
	f->probe_count++;
}

static int u32_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static void probe_json(struct feed *f, struct buf *b)
{
	uint32_t n = f->probe_time_count;
	uint64_t longest = f->probe_longest, open = 0;
	if (((f->probe_next - 1 - f->probe_last) & 0xffff) && f->probe_interval)
		open = feed_clock() - f->probe_sent[(f->probe_last + 1) & 0xffff];
	if (open > longest)
		longest = open;
	if (n)
		qsort(f->probe_times, n, sizeof(uint32_t), u32_compare);
	buf_format(b, "{\"count\":%u,\"max_ms\":%.3f,\"median_ms\":%.3f,\"p99_ms\":%.3f}", n,
		   (double)longest / 1e3, n ? f->probe_times[n / 2] / 1e3 : 0.0,
		   n ? f->probe_times[n - 1 - n / 100] / 1e3 : 0.0);
}

// --- reading the command ------------------------------------------------------------------------

static const char *goal_parse(struct measure *m, char *text)
{
	for (char *save, *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		struct term *t = &m->term[m->terms];
		unsigned long long v;
		if (m->terms == TERMS_MAX)
			return "too many terms";
		if (sscanf(w, "present=%llu", &v) == 1)
			t->kind = TERM_PRESENT;
		else if (sscanf(w, "seen=%llu", &v) == 1)
			t->kind = TERM_SEEN;
		else if (sscanf(w, "mark%u=%llu", &t->mark, &v) == 2 && t->mark < FEED_MARKS)
			t->kind = TERM_MARK;
		else
			return "bad goal";
		t->value = v;
		m->terms++;
	}
	return NULL;
}

static const char *verify_parse(struct measure *m, const char *w)
{
	if (sscanf(w, "block=%u", &m->verify_mark) == 1)
		m->verify = VERIFY_BLOCK;
	else if (sscanf(w, "tagged=%u", &m->verify_mark) == 1)
		m->verify = VERIFY_TAGGED;
	else if (strcmp(w, "missing-block") == 0)
		m->verify = VERIFY_MISSING_BLOCK;
	else
		return "bad verify";
	return m->verify_mark < FEED_MARKS ? NULL : "bad verify";
}

static bool peer_any(const struct feed *f, const char *name)
{
	for (unsigned i = 0; i < f->peer_count; i++)
		if (peer_named(f->peers[i], name))
			return true;
	return false;
}

static bool sinks_find(struct feed *f, struct measure *m, const char *name)
{
	m->sinks = mem_zero((f->peer_count + 1) * sizeof(*m->sinks));
	for (unsigned i = 0; i < f->peer_count; i++)
		if (peer_named(f->peers[i], name))
			m->sinks[m->sink_count++] = f->peers[i];
	return m->sink_count;
}

static const char *action_parse(struct feed *f, struct measure *m, char **word, unsigned count,
				unsigned *at)
{
	static const char *const names[] = {"feed", "refresh", "up", "exec"};
	struct action *a = &m->action[m->actions];
	unsigned kind = 0;
	if (*at + 2 >= count || m->actions == ACTIONS_MAX)
		return "action incomplete";
	while (kind < 4 && strcmp(word[*at + 1], names[kind]) != 0)
		kind++;
	if (kind == 4)
		return "unknown action";
	a->kind = kind;
	const char *value = word[*at + 2];
	*at += 2;
	if (kind == DO_EXEC) {
		mem_free(m->command);
		a->command = m->command = mem_text(value);
	} else if (!peer_any(f, value)) {
		return "no such peer";
	} else {
		snprintf(a->peer, sizeof(a->peer), "%s", value);
	}
	if (kind == DO_REFRESH) {
		if (++*at >= count || (a->family = family_by_name(word[*at])) < 0)
			return "no such family";
	}
	m->actions++;
	return NULL;
}

static const char *measure_parse(struct feed *f, struct measure *m, char **word, unsigned count)
{
	const char *error = NULL;
	if (!count || !sinks_find(f, m, word[0]))
		return "no such peer";
	for (unsigned i = 1; i < count && !error; i++) {
		const char *value = i + 1 < count ? word[i + 1] : NULL;
		if (strcmp(word[i], "do") == 0) {
			error = action_parse(f, m, word, count, &i);
		} else if (!value) {
			error = "value missing";
		} else if (strcmp(word[i], "goal") == 0) {
			error = goal_parse(m, word[++i]);
		} else if (strcmp(word[i], "quiet") == 0) {
			m->quiet = (uint64_t)(atof(word[++i]) * 1e6);
		} else if (strcmp(word[i], "timeout") == 0) {
			m->timeout = (uint64_t)(atof(word[++i]) * 1e6);
		} else if (strcmp(word[i], "verify") == 0) {
			error = verify_parse(m, word[++i]);
		} else if (strcmp(word[i], "from") == 0) {
			m->from = feed_peer(f, word[++i]);
			error = m->from ? NULL : "no such peer";
		} else {
			error = "unknown word";
		}
	}
	return error ? error : m->terms ? NULL : "no goal";
}

// --- running ------------------------------------------------------------------------------------

static void totals(struct feed *f, uint64_t *ret_drops, uint64_t *ret_refreshes)
{
	*ret_drops = *ret_refreshes = 0;
	for (unsigned i = 0; i < f->peer_count; i++) {
		*ret_drops += f->peers[i]->drop_count;
		*ret_refreshes += f->peers[i]->received.refreshes;
	}
}

static uint64_t present(const struct measure *m)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < m->sink_count; i++)
		for (int f = 0; f < FEED_FAMILIES; f++)
			n += m->sinks[i]->holding[f].count;
	return n;
}

static uint64_t term_value(const struct term *t, const struct peer *p)
{
	uint64_t v = 0;
	for (int f = 0; f < FEED_FAMILIES; f++) {
		const struct holding *h = &p->holding[f];
		v += t->kind == TERM_PRESENT ? h->count
		     : t->kind == TERM_SEEN  ? h->seen_count
					     : h->with_mark[t->mark];
	}
	return v;
}

static bool goal_holds(const struct measure *m)
{
	for (unsigned i = 0; i < m->terms; i++) {
		uint64_t v = 0;
		for (unsigned k = 0; k < m->sink_count; k++)
			v += term_value(&m->term[i], m->sinks[k]);
		if (v != m->term[i].value)
			return false;
	}
	return true;
}

static void action_peer(struct peer *p, const struct action *a)
{
	switch (a->kind) {
	case DO_FEED:
		for (int family = 0; family < FEED_FAMILIES; family++)
			if (p->families & 1u << family)
				sender_pass(p, family, false);
		peer_send(p);
		break;
	case DO_REFRESH:
		wire_refresh(&p->out, a->family, REFRESH_PLAIN);
		p->sent.refreshes++;
		peer_send(p);
		break;
	case DO_UP:
		peer_up(p);
		break;
	case DO_EXEC: // of nobody in particular
		break;
	}
}

static void action_run(struct feed *f, struct measure *m, const struct action *a)
{
	char *argv[] = {"sh", "-c", m->command, NULL};
	if (a->kind == DO_EXEC) {
		m->exec_done = 0;
		if (posix_spawn(&m->child, "/bin/sh", NULL, NULL, argv, environ) != 0)
			m->child = 0;
		return;
	}
	for (unsigned i = 0; i < f->peer_count; i++)
		if (peer_named(f->peers[i], a->peer))
			action_peer(f->peers[i], a);
}

static void counters_add(struct counters *to, const struct counters *c)
{
	to->announced += c->announced;
	to->withdrawn += c->withdrawn;
	to->bytes += c->bytes;
}

// What the sinks have heard so far, all together; returns the UPDATEs of the table among it.
static uint64_t heard(const struct measure *m, struct counters *ret)
{
	uint64_t trace = 0;
	*ret = (struct counters){0};
	for (unsigned i = 0; i < m->sink_count; i++) {
		counters_add(ret, &m->sinks[i]->received);
		trace += m->sinks[i]->update_trace;
	}
	return trace;
}

static uint64_t last_heard(const struct measure *m)
{
	uint64_t last = 0;
	for (unsigned i = 0; i < m->sink_count; i++)
		if (m->sinks[i]->last_update > last)
			last = m->sinks[i]->last_update;
	return last;
}

static void measure_free(struct feed *f)
{
	if (!f->measure)
		return;
	mem_free(f->measure->command);
	mem_free(f->measure->sinks);
	mem_free(f->measure);
	f->measure = NULL;
}

const char *measure_start(struct feed *f, char **word, unsigned count)
{
	struct measure *m;
	if (f->measure)
		return "one is under way";
	f->measure = m = MEM_NEW(struct measure);
	m->quiet = 1000000;
	m->timeout = 120000000;
	const char *error = measure_parse(f, m, word, count);
	if (error) {
		measure_free(f);
		return error;
	}
	for (unsigned i = 0; i < m->sink_count; i++)
		for (int family = 0; family < FEED_FAMILIES; family++)
			holding_mark(&m->sinks[i]->holding[family], f);
	for (unsigned i = 0; i < f->peer_count; i++) {
		f->peers[i]->keepalive_gap.longest = 0;
		f->peers[i]->keepalive_gap.last = feed_clock();
	}
	f->probe_longest = f->probe_count = f->probe_time_count = 0;
	m->trace_before = heard(m, &m->before);
	m->min_present = present(m);
	m->established_before = m->from ? m->from->established_count : 0;
	totals(f, &m->drops_before, &m->refreshes_before);
	m->started = feed_clock();
	for (unsigned i = 0; i < m->actions; i++)
		action_run(f, m, &m->action[i]);
	return NULL;
}

static void child_check(struct measure *m)
{
	int status;
	if (m->child && waitpid(m->child, &status, WNOHANG) == m->child) {
		m->child = 0;
		m->exec_status = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
		m->exec_done = feed_clock();
	}
}

void measure_turn(struct feed *f)
{
	struct measure *m = f->measure;
	if (!m || m->ended)
		return;
	struct counters so_far;
	uint64_t now = feed_clock(), n = present(m), last = last_heard(m);
	child_check(m);
	if (m->from && m->from->established_count != m->established_before) {
		m->started = m->from->established_at;
		m->from = NULL;
	}
	if (n < m->min_present)
		m->min_present = n;
	if (!m->first && heard(m, &so_far) != m->trace_before)
		m->first = now;
	bool holds = goal_holds(m) && !m->from;
	if (holds != m->holds)
		m->done = holds ? now : 0;
	m->holds = holds;
	if (last < m->started)
		last = m->started;
	if ((holds && now - last >= m->quiet && !m->child) || now - m->started > m->timeout) {
		m->good = holds;
		m->ended = now;
	}
}

// Prefixes of the sink that are not as the wanted policy makes them.
static uint64_t verify_wrong(const struct feed *f, const struct measure *m)
{
	const struct table *t = &f->tables[0];
	const struct holding *h = &m->sinks[0]->holding[0];
	uint64_t wrong = 0;
	for (uint32_t id = 0; m->verify != VERIFY_NONE && id < t->routes; id++) {
		const struct held *e = id < h->size ? &h->item[id] : NULL;
		bool there = e && e->attr, marked = there && e->marks >> m->verify_mark & 1;
		bool block = t->flags[id] & ROUTE_BLOCK, tagged = t->flags[id] & ROUTE_TAGGED;
		if (m->verify == VERIFY_MISSING_BLOCK)
			wrong += there == block;
		else
			wrong += !there || marked != (m->verify == VERIFY_BLOCK ? block : tagged);
	}
	return wrong;
}

bool measure_done(struct feed *f, struct buf *b)
{
	struct measure *m = f->measure;
	uint64_t drops, refreshes;
	if (!m || !m->ended)
		return false;
	struct counters now;
	const struct counters *old = &m->before;
	uint64_t trace = heard(m, &now);
	totals(f, &drops, &refreshes);
	buf_format(b, "{\"ok\":%s,\"seconds\":%.6f", m->good ? "true" : "false",
		   m->done ? (double)(m->done - m->started) / 1e6 : -1.0);
	buf_format(b, ",\"first\":%.6f", m->first ? (double)(m->first - m->started) / 1e6 : -1.0);
	buf_format(b, ",\"updates\":%llu,\"announced\":%llu,\"withdrawn\":%llu,\"bytes\":%llu",
		   (unsigned long long)(trace - m->trace_before),
		   (unsigned long long)(now.announced - old->announced),
		   (unsigned long long)(now.withdrawn - old->withdrawn),
		   (unsigned long long)(now.bytes - old->bytes));
	buf_format(b, ",\"min_present\":%llu,\"present\":%llu,\"drops\":%llu,\"refreshes\":%llu",
		   (unsigned long long)m->min_present, (unsigned long long)present(m),
		   (unsigned long long)(drops - m->drops_before),
		   (unsigned long long)(refreshes - m->refreshes_before));
	if (m->command)
		buf_format(b, ",\"exec_seconds\":%.6f,\"exec_status\":%d",
			   (double)(m->exec_done - m->started) / 1e6, m->exec_status);
	if (m->verify != VERIFY_NONE)
		buf_format(b, ",\"wrong\":%llu", (unsigned long long)verify_wrong(f, m));
	for (unsigned i = 0; i < f->peer_count; i++) {
		struct peer *p = f->peers[i];
		if (!p->o.probe)
			continue;
		uint64_t open = m->ended - p->keepalive_gap.last;
		buf_format(b, ",\"keepalive_gap\":%.3f",
			   (double)(open > p->keepalive_gap.longest ? open
								    : p->keepalive_gap.longest) /
				   1e6);
	}
	if (f->probe_interval) {
		buf_text(b, ",\"probe\":");
		probe_json(f, b);
	}
	buf_text(b, "}");
	measure_free(f);
	return true;
}
