// The decision process (RFC 4271 9.1.2.2) in VRP's order. A route's fate is a function of its
// attribute set and of the peer's address alone, and no step looks at the order of arrival
// (RFC 5004 is not followed: what a soft reset makes of the routes must equal what new sessions
// would make of them).
//
// The steps stand in a table, each comparing two candidates; what is worse than the best in a step
// is out. MULTI_EXIT_DISC is comparable only between routes of one neighbouring AS, so that step
// removes who has a better one of its own AS beside it: the outcome is that of choosing within
// each AS first (deterministic MED), whatever the order.
#include "rib/decide.h"

#include <stdlib.h>
#include <string.h>

#include "af/rd.h"
#include "base/mem.h"

static int more_wins(uint64_t a, uint64_t b)
{
	return a > b ? -1 : a < b;
}

static int less_wins(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_preferred_value(const struct family *f, const struct decide_candidate *a,
			      const struct decide_candidate *b)
{
	return more_wins(a->set->local.preferred_value, b->set->local.preferred_value);
}

static uint32_t local_pref(const struct family *f, const struct attr_set *s)
{
	if (s->has & ATTR_HAS_LOCAL_PREF || !f->options->default_local_pref)
		return s->local_pref;
	return f->options->default_local_pref;
}

static int by_local_pref(const struct family *f, const struct decide_candidate *a,
			 const struct decide_candidate *b)
{
	return more_wins(local_pref(f, a->set), local_pref(f, b->set));
}

// In a VPN instance what is lent is another instance's, or another speaker's. (In the VPN tables it
// is ours: otherwise two speakers with one distinguisher would each step back for the other.)
static bool is_foreign(const struct family *f, const struct decide_candidate *c)
{
	return c->peer == RIB_LENT && f->rib->of_instance;
}

// Ours before others', aggregates before networks.
static int by_local_origin(const struct family *f, const struct decide_candidate *a,
			   const struct decide_candidate *b)
{
	bool ours = a->set->local.source == SOURCE_LOCAL && !is_foreign(f, a),
	     theirs = b->set->local.source == SOURCE_LOCAL && !is_foreign(f, b);

	if (ours != theirs)
		return ours ? -1 : 1;
	return more_wins(ours && a->set->local.aggregated, theirs && b->set->local.aggregated);
}

static int by_path_length(const struct family *f, const struct decide_candidate *a,
			  const struct decide_candidate *b)
{
	if (f->options->as_path_ignore)
		return 0;
	return less_wins(a->set->path_length, b->set->path_length);
}

static int by_origin(const struct family *f, const struct decide_candidate *a,
		     const struct decide_candidate *b)
{
	return less_wins(a->set->origin, b->set->origin);
}

static uint32_t med(const struct family *f, const struct attr_set *s)
{
	if (!(s->has & ATTR_HAS_MED) && f->options->med_none_as_maximum)
		return UINT32_MAX;
	return s->med;
}

// Routes that began within our AS or confederation have no neighbouring AS: the former compare
// among themselves, the latter only when asked to (bestroute med-confederation).
static bool med_comparable(const struct family *f, const struct attr_set *a,
			   const struct attr_set *b)
{
	if (f->options->compare_different_as_med)
		return true;
	if (a->neighbor_as != b->neighbor_as)
		return false;
	if (a->neighbor_as || f->options->med_confederation)
		return true;
	return !((a->has | b->has) & ATTR_HAS_CONFED_PATH);
}

static int by_med(const struct family *f, const struct decide_candidate *a,
		  const struct decide_candidate *b)
{
	if (!med_comparable(f, a->set, b->set) || is_foreign(f, a) != is_foreign(f, b))
		return 0;
	return less_wins(med(f, a->set), med(f, b->set));
}

// A peer of the same confederation counts as internal (RFC 5065 5.3). In a VPN instance what is lent
// stands behind what was learned here; routes of other instances before those of other speakers.
static int nearness(const struct family *f, const struct decide_candidate *c)
{
	uint8_t source = c->set->local.source;

	if (is_foreign(f, c))
		return source == SOURCE_LOCAL;
	return source == SOURCE_EBGP || source == SOURCE_LOCAL ? 3 : 2;
}

static int by_external(const struct family *f, const struct decide_candidate *a,
		       const struct decide_candidate *b)
{
	return more_wins((uint64_t)nearness(f, a), (uint64_t)nearness(f, b));
}

// All next hops are as near as each other until something tells their distance.
static int by_igp_metric(const struct family *f, const struct decide_candidate *a,
			 const struct decide_candidate *b)
{
	return 0;
}

static int by_cluster_list(const struct family *f, const struct decide_candidate *a,
			   const struct decide_candidate *b)
{
	return less_wins(a->set->cluster_length, b->set->cluster_length);
}

static int by_router_id(const struct family *f, const struct decide_candidate *a,
			const struct decide_candidate *b)
{
	if (f->options->router_id_ignore)
		return 0;
	return less_wins(a->set->originator, b->set->originator);
}

static int by_peer_address(const struct family *f, const struct decide_candidate *a,
			   const struct decide_candidate *b)
{
	const struct rib_peer *x = rib_peer(f->rib, a->peer), *y = rib_peer(f->rib, b->peer);
	int order = x && y ? ip_compare(&x->session.remote, &y->session.remote) : 0;

	return order ? order : less_wins(a->peer, b->peer); // two sessions to one address
}

// Routes that are lent differ in where they come from.
static int by_distinguisher(const struct family *f, const struct decide_candidate *a,
			    const struct decide_candidate *b)
{
	return memcmp(a->set->local.rd, b->set->local.rd, sizeof(a->set->local.rd));
}

// --- what the steps look at, in words ---------------------------------------------------------------
static void put_preferred_value(const struct family *f, const struct decide_candidate *c,
				struct buf *b)
{
	buf_format(b, "PrefVal %u", c->set->local.preferred_value);
}

static void put_local_pref(const struct family *f, const struct decide_candidate *c, struct buf *b)
{
	buf_format(b, "LOCAL_PREF %u", local_pref(f, c->set));
}

static void put_local_origin(const struct family *f, const struct decide_candidate *c,
			     struct buf *b)
{
	bool ours = c->set->local.source == SOURCE_LOCAL && !is_foreign(f, c);

	buf_text(b, !ours ? "not ours" : c->set->local.aggregated ? "our aggregate" : "ours");
}

static void put_path_length(const struct family *f, const struct decide_candidate *c, struct buf *b)
{
	buf_format(b, "length %u", c->set->path_length);
}

static void put_origin(const struct family *f, const struct decide_candidate *c, struct buf *b)
{
	static const char *const words[] = {"IGP", "EGP", "incomplete"};

	buf_text(b, words[c->set->origin > 2 ? 2 : c->set->origin]);
}

static void put_med(const struct family *f, const struct decide_candidate *c, struct buf *b)
{
	if (is_foreign(f, c))
		buf_text(b, "of another table");
	else
		buf_format(b, "MED %u", med(f, c->set));
}

static void put_external(const struct family *f, const struct decide_candidate *c, struct buf *b)
{
	static const char *const words[] = {"of another speaker", "of another instance", "internal",
					    "external"};

	buf_text(b, words[nearness(f, c)]);
}

static void put_igp_metric(const struct family *f, const struct decide_candidate *c, struct buf *b)
{
	buf_text(b, "metric 0");
}

static void put_cluster_list(const struct family *f, const struct decide_candidate *c,
			     struct buf *b)
{
	buf_format(b, "%u clusters", c->set->cluster_length);
}

static void put_router_id(const struct family *f, const struct decide_candidate *c, struct buf *b)
{
	struct ip id = ip_from_u32(c->set->originator);

	ip_put(b, &id);
}

static void put_peer_address(const struct family *f, const struct decide_candidate *c,
			     struct buf *b)
{
	const struct rib_peer *p = rib_peer(f->rib, c->peer);

	if (p)
		ip_put(b, &p->session.remote);
	else
		buf_text(b, "no peer");
}

static void put_distinguisher(const struct family *f, const struct decide_candidate *c,
			      struct buf *b)
{
	rd_put(b, c->set->local.rd);
}

struct step {
	struct decide_step text;
	int (*compare)(const struct family *f, const struct decide_candidate *a,
		       const struct decide_candidate *b);
	void (*put)(const struct family *f, const struct decide_candidate *c, struct buf *b);
};

#define STEP_MED        5 // place in the table: the one step that does not order its candidates
#define STEP_LAST_EQUAL 8 // paths equal so far may share the load

static const struct step steps[] = {
	{{"preferred-value", "higher PrefVal"}, by_preferred_value, put_preferred_value},
	{{"local-preference", "higher LOCAL_PREF"}, by_local_pref, put_local_pref},
	{{"locally-originated", "aggregate, then network, then learned"},
	 by_local_origin,
	 put_local_origin},
	{{"as-path-length", "shorter AS_PATH"}, by_path_length, put_path_length},
	{{"origin", "IGP before EGP before incomplete"}, by_origin, put_origin},
	{{"med", "lower MED within one neighbouring AS"}, by_med, put_med},
	{{"external", "EBGP before IBGP and confederation, these before other instances"},
	 by_external,
	 put_external},
	{{"igp-metric", "nearer next hop"}, by_igp_metric, put_igp_metric},
	{{"cluster-list", "shorter CLUSTER_LIST"}, by_cluster_list, put_cluster_list},
	{{"router-id", "lower ORIGINATOR_ID or router identifier"}, by_router_id, put_router_id},
	{{"peer-address", "lower address of the peer"}, by_peer_address, put_peer_address},
	{{"distinguisher", "lower distinguisher of a route of another table"},
	 by_distinguisher,
	 put_distinguisher},
};
#define STEPS (sizeof(steps) / sizeof(steps[0]))

const struct decide_step *decide_step(unsigned i)
{
	return i < STEPS ? &steps[i].text : NULL;
}

// --- choosing -------------------------------------------------------------------------------------
static struct decide_candidate candidate_of(const struct family *f, uint32_t path)
{
	const struct path *p = table_path(&f->table, path);

	return (struct decide_candidate){
		.set = attr_at(&f->attrs, p->attr), .path = path, .peer = p->peer};
}

// Keeps those that no other beats. For a step that orders, one pass with the best so far.
static unsigned keep_best(const struct family *f, const struct step *s, struct decide_candidate *c,
			  unsigned n)
{
	unsigned kept = 1;

	for (unsigned i = 1; i < n; i++) {
		int order = s->compare(f, &c[0], &c[i]);
		if (order > 0) {
			c[0] = c[i];
			kept = 1;
		} else if (!order) {
			c[kept++] = c[i];
		}
	}
	return kept;
}

static int compare_neighbors(const void *a, const void *b)
{
	const struct decide_candidate *x = a, *y = b;
	int order = less_wins(x->set->neighbor_as, y->set->neighbor_as);

	return order ? order : less_wins(x->path, y->path);
}

// What an instance learned itself is not removed by what was lent to it: the best of the former has
// to be the same whether there are any of the latter. They lose in the next step anyhow.
static unsigned keep_own(const struct family *f, struct decide_candidate *c, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++)
		if (!is_foreign(f, &c[i]))
			c[kept++] = c[i];
	return kept ? kept : n;
}

// Those of one neighbouring AS stand together after sorting; within such a run whoever has a
// better one beside it goes. Confederation paths, which stand in the run of our own, may be
// comparable with none at all.
static unsigned keep_best_med(const struct family *f, struct decide_candidate *c, unsigned n)
{
	unsigned kept = 0;

	if (f->rib->of_instance)
		n = keep_own(f, c, n);
	if (f->options->compare_different_as_med)
		return keep_best(f, &steps[STEP_MED], c, n);
	qsort(c, n, sizeof(*c), compare_neighbors);
	for (unsigned from = 0, to; from < n; from = to) {
		const struct attr_set *best = NULL;
		for (to = from; to < n && c[to].set->neighbor_as == c[from].set->neighbor_as; to++)
			if (med_comparable(f, c[to].set, c[to].set) &&
			    (!best || med(f, c[to].set) < med(f, best)))
				best = c[to].set;
		for (unsigned i = from; i < to; i++)
			if (!med_comparable(f, c[i].set, c[i].set) ||
			    med(f, c[i].set) <= med(f, best))
				c[kept++] = c[i];
	}
	return kept;
}

static unsigned take_step(const struct family *f, unsigned i, struct decide_candidate *c,
			  unsigned n)
{
	return i == STEP_MED ? keep_best_med(f, c, n) : keep_best(f, &steps[i], c, n);
}

static uint32_t choose(const struct family *f, struct decide_candidate *c, unsigned n)
{
	for (unsigned i = 0; i < STEPS && n > 1; i++)
		n = take_step(f, i, c, n);
	return c[0].path;
}

static void to_front(struct family *f, struct destination *d, uint32_t path)
{
	uint32_t n = d->first;

	if (n == path)
		return;
	while (table_path(&f->table, n)->next != path)
		n = table_path(&f->table, n)->next;
	table_path(&f->table, n)->next = table_path(&f->table, path)->next;
	table_path(&f->table, path)->next = d->first;
	d->first = path;
}

#define FEW 16

void decide(struct family *f, struct destination *d)
{
	struct decide_candidate few[FEW], *c = few;
	unsigned n = 0, all = 0;

	if (!d->first || !table_path(&f->table, d->first)->next)
		return;
	for (uint32_t p = d->first; p; p = table_path(&f->table, p)->next)
		all++;
	if (all > FEW)
		c = mem_alloc(all * sizeof(*c));
	for (uint32_t p = d->first; p; p = table_path(&f->table, p)->next)
		if (table_path(&f->table, p)->attr)
			c[n++] = candidate_of(f, p);
	if (n)
		to_front(f, d, n == 1 ? c[0].path : choose(f, c, n));
	if (c != few)
		mem_free(c);
}

uint32_t decide_among(const struct family *f, const struct destination *d,
		      bool (*is_one)(const struct family *f, const struct path *p))
{
	struct decide_candidate few[FEW], *c = few;
	const struct path *path;
	unsigned n = 0, all = 0;

	for (uint32_t p = d->first; p; p = path->next, all++)
		path = table_path(&f->table, p);
	if (all > FEW)
		c = mem_alloc(all * sizeof(*c));
	for (uint32_t p = d->first; p; p = path->next) {
		path = table_path(&f->table, p);
		if (path->attr && is_one(f, path))
			c[n++] = candidate_of(f, p);
	}
	uint32_t best = n ? choose(f, c, n) : 0;
	if (c != few)
		mem_free(c);
	return best;
}

static bool is_own(const struct family *f, const struct path *p)
{
	return p->peer != RIB_LENT;
}

uint32_t decide_own(const struct family *f, const struct destination *d)
{
	if (d->first && table_path(&f->table, d->first)->peer != RIB_LENT)
		return table_path(&f->table, d->first)->attr ? d->first : 0;
	return decide_among(f, d, is_own);
}

// Order of two before MED comes in: whoever is ahead of the best there is the best, and whoever is
// behind it there cannot change the outcome.
static int compare_before_med(const struct family *f, const struct decide_candidate *a,
			      const struct decide_candidate *b)
{
	int order = 0;

	for (unsigned i = 0; i < STEP_MED && !order; i++)
		order = steps[i].compare(f, a, b);
	return order;
}

void decide_added(struct family *f, struct destination *d, uint32_t path)
{
	if (!table_path(&f->table, path)->attr)
		return;
	if (!table_best(&f->table, d)) {
		to_front(f, d, path);
		return;
	}
	struct decide_candidate a = candidate_of(f, d->first), b = candidate_of(f, path);
	int order = compare_before_med(f, &a, &b);
	if (order > 0)
		to_front(f, d, path);
	else if (!order)
		decide(f, d);
}

// --- for explanations -------------------------------------------------------------------------------
static bool is_among(const struct decide_candidate *c, unsigned n, uint32_t path)
{
	while (n--)
		if (c[n].path == path)
			return true;
	return false;
}

// Who of those that stay beats it there; of MED that is one of its own AS.
static uint32_t beaten_by(const struct family *f, unsigned step, const struct decide_candidate *c,
			  unsigned n, const struct decide_candidate *loser)
{
	for (unsigned i = 0; i < n; i++)
		if (steps[step].compare(f, &c[i], loser) < 0)
			return c[i].path;
	return c[0].path;
}

uint32_t decide_best(const struct family *f, struct decide_candidate *c, unsigned n,
		     struct decide_loss *losses)
{
	struct decide_candidate *was = mem_alloc(n * sizeof(*was));
	unsigned told = 0;

	for (unsigned i = 0; i < STEPS && n > 1; i++) {
		memcpy(was, c, n * sizeof(*was));
		unsigned kept = take_step(f, i, c, n);
		for (unsigned k = 0; k < n; k++)
			if (!is_among(c, kept, was[k].path))
				losses[told++] = (struct decide_loss){
					.path = was[k].path,
					.to = beaten_by(f, i, c, kept, &was[k]),
					.step = i};
		n = kept;
	}
	for (unsigned k = 1; k < n; k++) // equal in all: as choose has it
		losses[told++] = (struct decide_loss){c[k].path, c[0].path, STEPS};
	mem_free(was);
	return c[0].path;
}

void decide_value(const struct family *f, unsigned step, const struct decide_candidate *c,
		  struct buf *ret)
{
	if (step < STEPS)
		steps[step].put(f, c, ret);
}

// --- for displays ---------------------------------------------------------------------------------
bool decide_equal(struct family *f, const struct path *a, const struct path *b)
{
	struct decide_candidate x = {.set = attr_at(&f->attrs, a->attr), .peer = a->peer};
	struct decide_candidate y = {.set = attr_at(&f->attrs, b->attr), .peer = b->peer};

	for (unsigned i = 0; i < STEP_LAST_EQUAL; i++)
		if (steps[i].compare(f, &x, &y))
			return false;
	return true;
}

unsigned decide_why(struct family *f, const struct path *better, const struct path *worse)
{
	struct decide_candidate x = {.set = attr_at(&f->attrs, better->attr), .peer = better->peer};
	struct decide_candidate y = {.set = attr_at(&f->attrs, worse->attr), .peer = worse->peer};
	unsigned i = 0;

	while (i < STEPS && steps[i].compare(f, &x, &y) >= 0)
		i++;
	return i;
}

// Keeps paths[at + 1 ... count - 1] in order of peers while another comes to them.
static void insert_rejected(struct family *f, uint32_t *paths, unsigned count, unsigned at,
			    uint32_t path)
{
	uint16_t peer = table_path(&f->table, path)->peer;

	for (; at + 1 < count && table_path(&f->table, paths[at + 1])->peer < peer; at++)
		paths[at] = paths[at + 1];
	paths[at] = path;
}

// Best first, the best of the others next and so on, rejected ones last by peer.
void decide_order(struct family *f, const struct destination *d, uint32_t *paths, unsigned count)
{
	struct decide_candidate *c = mem_alloc((count + 1) * sizeof(*c) * 2), *rest = c + count + 1;
	unsigned left = 0, done = 0, rejected = count;

	for (uint32_t p = d->first; p; p = table_path(&f->table, p)->next) {
		if (table_path(&f->table, p)->attr)
			rest[left++] = candidate_of(f, p);
		else
			insert_rejected(f, paths, count, --rejected, p);
	}
	while (left) {
		for (unsigned i = 0; i < left; i++)
			c[i] = rest[i];
		uint32_t best = choose(f, c, left);
		paths[done++] = best;
		for (unsigned i = 0, kept = 0; i < left; i++)
			if (rest[i].path != best)
				rest[kept++] = rest[i];
		left--;
	}
	mem_free(c);
}
