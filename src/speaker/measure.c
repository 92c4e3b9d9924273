// Measures: the ledgers of all shards, opened in one stretch of messages, closed in another, and
// added up here. Shards name peers by number; what stands in a measure names them by instance and
// address, since a copy of the process gives other numbers to new peers, and one that is removed and
// configured again has two. So a measure keeps, from its beginning, who has which number.
//
// One is open at a time. A measure that is ended waits for its shards' answers; another may begin
// meanwhile (each shard holds the second back until the first has told).
#include "speaker/measure.h"

#include "speaker/private.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct measuring {
	uint32_t number;
	unsigned samples; // of each class, peer and family
	bool closing;
	unsigned answers; // of shards
	struct measure *measure;
	void (*done)(void *arg, struct measure *m);
	void *arg;
};

// --- names ------------------------------------------------------------------------------------------
static void name_put(struct measure *m, const struct speaker_peer *p)
{
	if (p->number >= m->name_count) {
		unsigned count = p->number + 1u;

		m->names = mem_resize(m->names, count * sizeof(*m->names));
		memset(m->names + m->name_count, 0, (count - m->name_count) * sizeof(*m->names));
		m->name_count = count;
	}
	m->names[p->number] = (struct measure_name){p->instance, p->address};
}

const struct measure_name *measure_name(const struct measure *m, uint16_t peer)
{
	return peer < m->name_count && m->names[peer].address.bits ? &m->names[peer] : NULL;
}

static struct ip address_of(const struct measure *m, uint16_t peer)
{
	const struct measure_name *name = measure_name(m, peer);

	return name ? name->address : (struct ip){0};
}

// --- adding -----------------------------------------------------------------------------------------
static void rows_take(struct measure *m, uint16_t instance, const struct ledger_report *r)
{
	if (!r->row_count)
		return;
	m->rows = mem_resize(m->rows, (m->row_count + r->row_count) * sizeof(*m->rows));
	for (unsigned i = 0; i < r->row_count; i++) {
		struct measure_row *to = &m->rows[m->row_count++];

		*to = (struct measure_row){.instance = instance, .row = r->rows[i]};
		to->address = address_of(m, r->rows[i].peer);
	}
}

static void samples_take(struct measure *m, uint16_t instance, const struct ledger_report *r)
{
	m->samples =
		mem_resize(m->samples, (m->sample_count + r->sample_count) * sizeof(*m->samples));
	for (unsigned i = 0; i < r->sample_count; i++) {
		struct measure_sample *to = &m->samples[m->sample_count++];

		*to = (struct measure_sample){.instance = instance, .sample = r->samples[i]};
		to->address = address_of(m, r->samples[i].peer);
	}
}

// The report is the measure's, if it needs it.
static void report_take(struct measure *m, uint16_t instance, struct ledger_report *r)
{
	rows_take(m, instance, r);
	if (!r->sample_count) {
		ledger_report_free(r);
		return;
	}
	samples_take(m, instance, r);
	m->reports = mem_resize(m->reports, (m->report_count + 1) * sizeof(*m->reports));
	m->reports[m->report_count++] = r;
}

// --- order ------------------------------------------------------------------------------------------
static int order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

// The table before its peers.
static int place_order(uint16_t a_peer, const struct ip *a, uint16_t b_peer, const struct ip *b)
{
	if (a_peer == RIB_NO_PEER || b_peer == RIB_NO_PEER)
		return order(a_peer != RIB_NO_PEER, b_peer != RIB_NO_PEER);
	return ip_compare(a, b);
}

static int row_order(const void *x, const void *y)
{
	const struct measure_row *a = x, *b = y;

	if (a->instance != b->instance)
		return order(a->instance, b->instance);
	if (a->row.family != b->row.family)
		return order(a->row.family, b->row.family);
	return place_order(a->row.peer, &a->address, b->row.peer, &b->address);
}

static int part_order(const struct measure_sample *a, const struct measure_sample *b)
{
	unsigned x = af_index(a->sample.af), y = af_index(b->sample.af);
	int peers;

	if (a->instance != b->instance)
		return order(a->instance, b->instance);
	if (x != y)
		return order(x, y);
	peers = place_order(a->sample.peer, &a->address, b->sample.peer, &b->address);
	return peers ? peers : order(a->sample.class, b->sample.class);
}

static int sample_order(const void *x, const void *y)
{
	const struct measure_sample *a = x, *b = y;
	int parts = part_order(a, b);

	return parts ? parts : a->sample.af->compare(&a->sample.key, &b->sample.key);
}

static void row_add(struct ledger_row *to, const struct ledger_row *r)
{
	for (unsigned i = 0; i < LEDGER_CLASSES; i++)
		to->count[i] += r->count[i];
	for (unsigned i = 0; i < LEDGER_TRAITS; i++) {
		to->changed_by[i] += r->changed_by[i];
		to->reannounced_by[i] += r->reannounced_by[i];
	}
}

static void rows_finish(struct measure *m)
{
	unsigned kept = 0;

	if (m->row_count)
		qsort(m->rows, m->row_count, sizeof(*m->rows), row_order);
	for (unsigned i = 0; i < m->row_count; i++) {
		if (kept && !row_order(&m->rows[kept - 1], &m->rows[i]))
			row_add(&m->rows[kept - 1].row, &m->rows[i].row);
		else
			m->rows[kept++] = m->rows[i];
	}
	m->row_count = kept;
}

// Every shard has given as many as were asked for of all of them.
static void samples_finish(struct measure *m, unsigned most)
{
	unsigned kept = 0, same = 0;

	if (m->sample_count)
		qsort(m->samples, m->sample_count, sizeof(*m->samples), sample_order);
	for (unsigned i = 0; i < m->sample_count; i++) {
		same = kept && !part_order(&m->samples[kept - 1], &m->samples[i]) ? same + 1 : 0;
		if (same < most || m->samples[i].sample.watched)
			m->samples[kept++] = m->samples[i];
	}
	m->sample_count = kept;
}

// --- looking ----------------------------------------------------------------------------------------
void measure_free(struct measure *m)
{
	if (!m)
		return;
	for (unsigned i = 0; i < m->report_count; i++)
		ledger_report_free(m->reports[i]);
	mem_free(m->reports);
	mem_free(m->samples);
	mem_free(m->names);
	mem_free(m->rows);
	mem_free(m);
}

static bool figures_equal(const struct ledger_row *a, const struct ledger_row *b)
{
	return !memcmp(a->count, b->count, sizeof(a->count)) &&
	       !memcmp(a->changed_by, b->changed_by, sizeof(a->changed_by)) &&
	       !memcmp(a->reannounced_by, b->reannounced_by, sizeof(a->reannounced_by));
}

bool measure_equal(const struct measure *a, const struct measure *b)
{
	if (a->row_count != b->row_count)
		return false;
	for (unsigned i = 0; i < a->row_count; i++) {
		if (row_order(&a->rows[i], &b->rows[i]) ||
		    !figures_equal(&a->rows[i].row, &b->rows[i].row))
			return false;
	}
	return true;
}

void measure_total(const struct measure *m, uint64_t ret[LEDGER_CLASSES])
{
	memset(ret, 0, LEDGER_CLASSES * sizeof(*ret));
	for (unsigned i = 0; i < m->row_count; i++) {
		for (unsigned k = 0; k < LEDGER_CLASSES; k++)
			ret[k] += m->rows[i].row.count[k];
	}
}

// --- beginning and end ------------------------------------------------------------------------------
static struct measuring *measuring_open(const struct speaker *s)
{
	struct measuring *last = s->measures.count ? s->measures.item[s->measures.count - 1] : NULL;

	return last && !last->closing ? last : NULL;
}

static void measuring_free(struct measuring *x)
{
	measure_free(x->measure);
	mem_free(x);
}

void speaker_measure_begin(struct speaker *s, const struct ledger_options *o)
{
	struct measuring *x = measuring_open(s);

	if (x) {
		x->measure->overtaken = true;
		return;
	}
	x = MEM_NEW(struct measuring);
	x->number = ++s->last_measure;
	x->samples = o->samples;
	x->measure = MEM_NEW(struct measure);
	vec_add(&s->measures, x);
	for (size_t i = 0; i < s->peers.count; i++)
		name_put(x->measure, s->peers.item[i]);
	for (unsigned i = 0; i < s->shard_count; i++) {
		struct shard_message *m = shard_message_new(SHARD_LEDGER_OPEN);

		m->number = x->number;
		m->ledger = *o;
		shard_send(s->shards[i], m);
	}
}

void measure_meet(struct speaker *s, const struct speaker_peer *p)
{
	struct measuring *x = measuring_open(s);

	if (x)
		name_put(x->measure, p);
}

static void measuring_close(struct speaker *s, struct measuring *x)
{
	x->closing = true;
	for (unsigned i = 0; i < s->shard_count; i++) {
		struct shard_message *m = shard_message_new(SHARD_LEDGER_CLOSE);

		m->number = x->number;
		shard_send(s->shards[i], m);
	}
}

bool speaker_measure_end(struct speaker *s, void (*done)(void *arg, struct measure *m), void *arg)
{
	struct measuring *x = measuring_open(s);

	if (!x)
		return false;
	x->done = done;
	x->arg = arg;
	measuring_close(s, x);
	return true;
}

// Shards that still answer are not listened to.
void speaker_measure_cancel(struct speaker *s)
{
	struct measuring *x = measuring_open(s);

	if (x)
		measuring_close(s, x);
	measures_free(s);
}

void measures_free(struct speaker *s)
{
	while (s->measures.count)
		measuring_free(vec_pop(&s->measures));
	vec_free(&s->measures);
}

static void measuring_done(struct speaker *s, struct measuring *x)
{
	struct measure *m = x->measure;

	rows_finish(m);
	samples_finish(m, x->samples);
	x->measure = NULL;
	vec_drop(&s->measures, x);
	x->done(x->arg, m);
	measuring_free(x);
}

void measure_received(struct speaker *s, struct shard_message *m)
{
	struct measuring *x = NULL;

	for (size_t i = 0; i < s->measures.count && !x; i++) {
		x = s->measures.item[i];
		if (x->number != m->number || !x->closing)
			x = NULL;
	}
	if (!x)
		return; // cancelled; the reports go with the message
	for (unsigned i = 0; i < m->ledgers.count; i++) {
		struct shard_ledger *l = &m->ledgers.list[i];

		report_take(x->measure, l->instance, l->report);
		l->report = NULL;
	}
	x->measure->lost |= m->ledgers.lost;
	if (++x->answers == s->shard_count)
		measuring_done(s, x);
}
