// Shards in threads of their own: the same messages as inline, over real channels. Three shards take
// a table in batches, tell what they were asked, walk, and end without losing anything.
#include "speaker/shard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "policy/source.h"

#define SHARDS 3
#define ROUTES 3000

struct rig {
	struct loop *loop;
	struct shard *shard[SHARDS];
	unsigned taken, delivered, announced, marks, answers, swept, rows, last_rows;
	uint64_t seen;
	struct rib_counts counts;
};

static void received(void *arg, struct shard *s, struct shard_message *m)
{
	struct rig *g = arg;

	switch (m->kind) {
	case SHARD_TAKEN:
		g->taken++;
		s->in_flight -= m->bytes_count;
		break;
	case SHARD_DELIVERY:
		g->delivered++;
		g->announced += m->delivery.announced;
		break;
	case SHARD_MARK:
		g->marks++;
		break;
	case SHARD_ANSWER:
		g->answers += m->answer.done;
		if (m->answer.done)
			g->seen += m->answer.total.seen;
		break;
	case SHARD_SWEPT:
		g->swept += (unsigned)m->bytes_count;
		break;
	case SHARD_ROWS:
		g->rows += m->rows->count;
		g->last_rows += m->rows->last;
		if (!m->rows->last) {
			struct shard_message *more = shard_message_new(SHARD_READ_MORE);

			more->number = m->number;
			shard_send(s, more);
		}
		break;
	case SHARD_COUNTS:
		shard_take_counts(s, m->counts);
		break;
	default:
		break;
	}
}

static struct shard_message *message(enum shard_kind kind, uint16_t peer, uint32_t number)
{
	struct shard_message *m = shard_message_new(kind);

	m->peer = peer;
	m->af = af_classic();
	m->number = number;
	return m;
}

static void wait_for(struct rig *g, const unsigned *what, unsigned value)
{
	while (*what < value)
		loop_run_once(g->loop);
	assert_int_equal(*what, value);
}

static void configure(struct rig *g, struct policy_program *in, struct policy_program *out)
{
	for (unsigned i = 0; i < SHARDS * 2; i++) {
		uint16_t peer = (uint16_t)(i & 1);
		struct shard_message *m = message(SHARD_IMPORT, peer, 1);

		m->import.program = policy_program_ref(in);
		m->import.source = SOURCE_EBGP;
		m->import.keep_all = true;
		shard_send(g->shard[i / 2], m);
		m = message(SHARD_EXPORT, peer, 1);
		m->export.program = policy_program_ref(out);
		m->export.kind = SOURCE_EBGP;
		m->export.local_as = 100;
		shard_send(g->shard[i / 2], m);
		m = message(SHARD_UP, peer, 7);
		m->session = (struct rib_session){
			.families = af_bit(af_classic()),
			.as4 = true,
			.refresh = true,
			.enhanced_refresh = true,
			.max_message = 4096,
			.router_id = 1u + peer,
			.local = ip_from_u32(1),
			.remote = ip_from_u32(2u + peer),
		};
		shard_send(g->shard[i / 2], m);
		m = message(SHARD_CREDIT, peer, 7);
		m->bytes_count = 1 << 20;
		shard_send(g->shard[i / 2], m);
	}
}

static void feed(struct rig *g, unsigned from)
{
	const uint8_t attributes[] = {0x40, 1, 1,   0,    0x40, 2, 6,   2, 1, 0,
				      0,    0, 200, 0x40, 3,    4, 192, 0, 2, 1};
	struct span as = {attributes, sizeof(attributes)};

	for (unsigned i = from; i < ROUTES; i++) {
		const uint8_t nlri[] = {24, 10, (uint8_t)(i >> 8), (uint8_t)i};
		struct span s = {nlri, sizeof(nlri)};
		struct batch_record head = {.attributes = sizeof(attributes), .nlri = sizeof(nlri)};

		shard_routes(g->shard[i % SHARDS], &head, &as, &s);
	}
}

static void send_all(struct rig *g, enum shard_kind kind)
{
	for (unsigned i = 0; i < SHARDS; i++)
		shard_send(g->shard[i], message(kind, 0, 7));
}

static void read_all(struct rig *g)
{
	for (unsigned i = 0; i < SHARDS; i++) {
		struct shard_message *m = message(SHARD_READ, 0, 0);

		m->read = MEM_NEW(struct shard_read);
		m->read->id = 5;
		m->read->query = (struct rib_query){.af = af_classic(), .view = RIB_VIEW_LOC};
		shard_send(g->shard[i], m);
	}
}

static void order_all(struct rig *g)
{
	for (unsigned i = 0; i < SHARDS; i++) {
		struct shard_message *m = message(SHARD_ORDER, 0, 0);

		m->order = MEM_NEW(struct soft_order);
		*m->order =
			(struct soft_order){.number = 1, .kind = SWEEP_IMPORT, .af = af_classic()};
		peer_bit_set(m->order->peers, 0);
		shard_send(g->shard[i], m);
	}
}

static void threads(void **state)
{
	struct rig g = {.loop = loop_new()};
	struct policy_store *store = policy_store_new();
	struct policy_source *src = policy_source_new();
	struct policy_snapshot *snapshot = policy_compile(store, src, NULL, NULL);
	struct policy_binding b = {.af = af_classic()};
	struct policy_program *out = policy_program(store, snapshot, &b);
	b.import = true;
	struct policy_program *in = policy_program(store, snapshot, &b);

	for (unsigned i = 0; i < SHARDS; i++)
		g.shard[i] = shard_new(g.loop, i, SHARDS, true, received, &g);
	configure(&g, in, out);
	wait_for(&g, &g.marks, 2 * SHARDS); // End-of-RIB
	feed(&g, 0);
	send_all(&g, SHARD_REFRESH_BEGIN);
	wait_for(&g, &g.taken, SHARDS);
	wait_for(&g, &g.announced, ROUTES);
	read_all(&g);
	wait_for(&g, &g.last_rows, SHARDS);
	assert_int_equal(g.rows, ROUTES);
	order_all(&g);
	wait_for(&g, &g.answers, SHARDS);
	assert_int_equal(g.seen, ROUTES);
	feed(&g, ROUTES / 2);
	send_all(&g, SHARD_REFRESH_END);
	wait_for(&g, &g.swept, ROUTES / 2);
	feed(&g, 0); // left behind
	for (unsigned i = 0; i < SHARDS; i++) {
		assert_non_null(g.shard[i]->rows[0]);
		assert_non_null(g.shard[i]->totals[INSTANCE_PUBLIC]);
		shard_free(g.shard[i]);
	}
	policy_program_unref(in);
	policy_program_unref(out);
	policy_snapshot_unref(snapshot);
	policy_source_free(src);
	policy_store_free(store);
	loop_free(g.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(threads)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
