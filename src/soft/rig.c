// See rig.h.
#include "soft/rig.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "policy/source.h"

// --- programs -------------------------------------------------------------------------------------
static void key_of(const struct rig *g, unsigned route, struct af_key *ret)
{
	struct ip ip = {
		.bits = 32,
		.b = {10, (uint8_t)(route % 2), (uint8_t)(route >> 9), (uint8_t)(route / 2)},
	};

	g->af->from_prefix(&ip, 32, ret);
}

static struct source_node *node(struct policy_source *src, const char *policy, unsigned number,
				bool permit)
{
	return policy_source_node(src, policy_source_policy(src, policy), number, permit);
}

static void match_even(struct policy_source *src, struct source_node *n)
{
	struct source_filter *f = policy_source_filter(src, FILTER_PREFIX, "even");
	struct source_rule *rule = policy_source_rule(src, f, 10, true);

	rule->address = (struct ip){.bits = 32, .b = {10}};
	rule->length = 16;
	rule->less_equal = 32;
	policy_source_word(src, &policy_source_match(src, n, MATCH_PREFIX)->names, "even");
}

static void prefer(struct policy_source *src, struct source_node *n)
{
	policy_source_apply(src, n, APPLY_LOCAL_PREF)->number = 200;
}

static void complain(void *arg, const char *object, const char *text)
{
	fail_msg("%s: %s", object, text);
}

static void compile(struct rig *g)
{
	static const char *const names[] = {NULL, "none", "half", "prefer", "same"};
	struct policy_source *src = policy_source_new();
	struct policy_binding b = {.af = g->af};

	node(src, "none", 10, false);
	match_even(src, node(src, "half", 10, false));
	node(src, "half", 20, true);
	prefer(src, node(src, "prefer", 10, true));
	struct source_node *first = node(src, "same", 10, true);
	match_even(src, first);
	prefer(src, first);
	prefer(src, node(src, "same", 20, true));
	g->snapshot = policy_compile(g->store, src, complain, NULL);
	policy_source_free(src);
	for (unsigned i = 0; i < PROGRAMS * 2; i++) {
		b.import = i & 1;
		b.route_policy = names[i / 2];
		g->program[i & 1][i / 2] = policy_program(g->store, g->snapshot, &b);
	}
}

// --- ports ----------------------------------------------------------------------------------------
static void deliver(void *arg, struct rib_delivery *d)
{
	struct rig *g = arg;

	g->wrong_session |= d->session != g->session[d->peer];
	g->updates[d->peer] += d->updates;
	g->announced[d->peer] += d->announced;
	g->withdrawn[d->peer] += d->withdrawn;
	soft_sent(g->soft, d->peer, d->updates);
	rib_chunk_unref(d->chunk);
	mem_free(d->parts);
}

static void marked(void *arg, uint16_t peer, uint32_t session, const struct af *af,
		   enum rib_mark mark)
{
	struct rig *g = arg;

	g->wrong_session |= session != g->session[peer];
	if (mark != RIB_MARK_REFRESH_END)
		return;
	g->marks[peer]++;
	soft_resent(g->soft, peer, af);
}

static void wake(void *arg)
{
}

static void answered(void *arg, struct soft_answer *a)
{
	struct rig *g = arg;

	soft_answered(g->soft, a);
	mem_free(a->peers);
}

static void port_order(void *arg, const struct soft_order *o)
{
	struct rig *g = arg;

	g->orders++;
	drive_start(g->drive, o);
}

static void port_ask(void *arg, uint16_t peer, const struct af *af)
{
	struct rig *g = arg;

	g->asks++;
	g->asked_peer = peer;
}

static void port_resend(void *arg, uint16_t peer, const struct af *af)
{
	struct rig *g = arg;

	g->resends++;
	rib_refresh_answer(g->rib, peer, af);
}

static void port_expire(void *arg, uint16_t peer, const struct af *af)
{
	struct rig *g = arg;

	g->expired++;
	soft_swept(g->soft, peer, af, rib_refresh_end(g->rib, peer, af));
}

static void port_counts(void *arg, uint16_t peer, const struct af *af, struct rib_counts *ret)
{
	struct rig *g = arg;

	g->counts_calls++;
	rib_peer_counts(g->rib, peer, af, ret);
}

// --- the rig --------------------------------------------------------------------------------------
void rig_open(struct rig *g)
{
	struct rib_ops ops = {deliver, marked, wake, g};
	struct soft_ports ports = {port_order, port_ask, port_resend, port_expire, port_counts, g};
	struct rib_options o = {.local_as = 100, .router_id = 1, .default_local_pref = 100};

	*g = (struct rig){.af = af_classic(), .slice = 1};
	g->loop = loop_new();
	g->store = policy_store_new();
	compile(g);
	g->rib = rib_new(&ops);
	rib_set_options(g->rib, NULL, &o);
	g->drive = drive_new(g->rib, answered, g);
	g->soft = soft_new(g->loop, &ports, 1);
}

void rig_close(struct rig *g)
{
	soft_free(g->soft);
	drive_free(g->drive);
	rib_free(g->rib);
	for (unsigned i = 0; i < PROGRAMS * 2; i++)
		policy_program_unref(g->program[i & 1][i / 2]);
	policy_snapshot_unref(g->snapshot);
	policy_store_free(g->store);
	loop_free(g->loop);
}

void rig_forget(struct rig *g)
{
	memset(g->updates, 0, sizeof(g->updates));
	memset(g->announced, 0, sizeof(g->announced));
	memset(g->withdrawn, 0, sizeof(g->withdrawn));
	memset(g->marks, 0, sizeof(g->marks));
}

void rig_import(struct rig *g, uint16_t peer, enum rig_program p, bool keep_all,
		uint32_t generation)
{
	struct rib_import in = {
		.program = g->program[1][p],
		.source = SOURCE_EBGP,
		.keep_all = keep_all,
		.peer_as = 200u + peer,
	};

	rib_peer_import(g->rib, peer, g->af, &in, generation);
}

void rig_export(struct rig *g, uint16_t peer, enum rig_program p, uint32_t generation)
{
	struct rib_export out = {
		.program = g->program[0][p],
		.kind = SOURCE_IBGP_CLIENT,
		.local_as = 100,
		.peer_as = 100,
		.community = true,
	};

	rib_peer_export(g->rib, peer, g->af, &out, generation);
}

void rig_up(struct rig *g, uint16_t peer)
{
	struct rib_session s = {
		.families = af_bit(g->af),
		.as4 = true,
		.refresh = true,
		.enhanced_refresh = true,
		.max_message = 4096,
		.router_id = 10u + peer,
		.local = ip_from_u32(0x0a000001),
		.remote = ip_from_u32(0x0a000100u + peer),
	};

	g->session[peer] = 70u + peer;
	rib_peer_up(g->rib, peer, g->session[peer], &s);
	rib_credit(g->rib, peer, 1 << 20);
}

void rig_announce(struct rig *g, uint16_t peer, unsigned route, unsigned variant)
{
	struct buf attributes = {0}, nlri = {0};
	struct attrs as;
	struct af_key key = {0};
	uint8_t path[] = {AS_SEQUENCE, 1, 0, 0, 0, (uint8_t)(200 + peer)};
	uint8_t hop[] = {192, 0, 2, (uint8_t)(1 + variant)}, origin = 0;

	attrs_clear(&as);
	attrs_put(&as, ATTR_ORIGIN, ATTR_TRANSITIVE, &origin, 1);
	attrs_put(&as, ATTR_AS_PATH, ATTR_TRANSITIVE, path, sizeof(path));
	attrs_put(&as, ATTR_NEXT_HOP, ATTR_TRANSITIVE, hop, sizeof(hop));
	attrs_encode(&attributes, &as);
	key_of(g, route, &key);
	g->af->nlri_put(&nlri, &key);
	rib_update(g->rib, peer, g->af, &(struct span){attributes.data, attributes.len},
		   &(struct span){nlri.data, nlri.len});
	buf_free(&attributes);
	buf_free(&nlri);
}

static bool slice_over(void *arg)
{
	struct rig *g = arg;

	return !g->left || !--g->left;
}

static bool never_over(void *arg)
{
	return false;
}

bool rig_step(struct rig *g)
{
	bool busy, more;

	loop_run_once(g->loop);
	for (unsigned i = 0; i < RIG_PEERS; i++)
		rib_credit(g->rib, (uint16_t)i, 1 << 20);
	busy = rib_work(g->rib, never_over, NULL);
	g->left = g->slice;
	more = drive_step(g->drive, slice_over, g, loop_clock());
	drive_slice(g->drive, 7);
	busy |= rib_work(g->rib, never_over, NULL);
	drive_settle(g->drive, !busy, loop_clock());
	return busy || more || drive_busy(g->drive);
}

void rig_run(struct rig *g)
{
	for (unsigned i = 0, quiet = 0; i < 10000 && quiet < 3; i++)
		quiet = rig_step(g) ? 0 : quiet + 1;
}

struct soft_request rig_request(const struct rig *g, uint16_t peer, bool import,
				enum soft_means means, uint32_t generation)
{
	return (struct soft_request){
		.peer = peer,
		.address = ip_from_u32(0x0a000100u + peer),
		.af = g->af,
		.import = import,
		.means = means,
		.walk = true,
		.generation = generation,
		.origin = "test",
	};
}

const struct soft_job *rig_job(struct rig *g, unsigned i)
{
	const struct soft_job **jobs;
	unsigned n = soft_jobs(g->soft, &jobs);

	assert_true(i < n);
	return jobs[i];
}

static bool count_route(void *arg, const struct rib_route *route)
{
	struct rig_table *t = arg;

	t->received++;
	t->accepted += route->installed != NULL;
	if (route->generation < t->oldest)
		t->oldest = route->generation;
	if (route->generation < 8)
		t->of[route->generation]++;
	if (route->installed && route->installed->local_pref == 200)
		t->preferred++;
	return true;
}

struct rig_table rig_read(struct rig *g, uint16_t peer)
{
	struct rig_table t = {.oldest = UINT32_MAX};
	struct rib_query q = {.af = g->af, .view = RIB_VIEW_RECEIVED, .peer = peer};

	rib_read(g->rib, &q, count_route, &t);
	return t;
}
