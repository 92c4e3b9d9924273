// Sweeps (rib/sweep.h). Import and decision walk the destinations by number. What comes meanwhile
// needs no attention: a path that a peer sends carries the newest generation already, and a number
// that is given out anew belongs to paths that came by then. Export walks the groups one after
// another; a group that got another program after its walk began is walked again.
//
// A change of a program puts some prefixes in doubt, or what carries some route targets, or all
// (policy/difference.h). Destinations that are not in doubt are passed by, unread but for the
// numbers of their sets. When the walk has come to its end it raises
// the generation that each peer vouches for: all of its verdicts, whatever they carry, are at least
// as good as of that one. What is in doubt adds up over changes, and is cleared only by a walk that
// began after the last of them.
//
// A destination is changed once, however many of its paths changed, and an outcome that is equal
// changes nothing: no message comes of it.
#include "rib/sweep.h"

#include <string.h>

#include "base/mem.h"
#include "rib/group.h"

// A peer's part in a walk of import.
struct part {
	struct sweep_counts counts;
	uint32_t generation; // what the walk makes of all its verdicts, at least; 0: no claim
	uint32_t serial;     // of what is in doubt about them, when the walk began
};

struct group_walk {
	uint32_t number, serial, next;
	bool done, partial; // partial: only destinations in doubt are looked at
	struct sweep_counts counts;
};

struct sweep {
	struct rib *rib;
	struct family *family;
	enum sweep_kind kind;
	uint32_t generation;
	uint64_t peers[RIB_PEERS_MAX / 64];
	uint32_t next;
	struct sweep_counts counts;
	struct part *parts;      // [RIB_PEERS_MAX], made for import
	struct difference doubt; // import: what may have to change
	struct difference_scan scan;
	bool partial, over; // it is not everything; the walk has come to its end
	uint16_t *touched;  // peers whose paths of the destination at hand have changed
	unsigned touched_count, touched_cap;
	// Within a step: the last peer, its last set, and the verdict if it is the same for every
	// prefix. Neighbouring routes have much in common.
	uint16_t near_peer;               // RIB_NO_PEER: none
	struct member *near_member;       // NULL: its routes are left alone
	uint32_t near_attr, near_verdict; // near_attr 0: none
	bool near_final;
	struct group_walk *walks;
	unsigned walk_count, walk_cap;
};

static bool has_peer(const struct sweep *s, uint16_t peer)
{
	return peer < RIB_PEERS_MAX && s->peers[peer / 64] >> peer % 64 & 1;
}

// Peers whose programs have changed since a generation that is no newer than the wanted one need
// look at the routes in doubt only. Asked for a newer one than a peer has, or for none, the
// walk looks at everything.
static void begin_import(struct sweep *s)
{
	s->parts = mem_zero(RIB_PEERS_MAX * sizeof(*s->parts));
	for (unsigned i = 0; i < RIB_PEERS_MAX; i++) {
		const struct member *m = rib_member(s->rib, (uint16_t)i, s->family->af);
		struct part *p = &s->parts[i];
		if (!m || !m->import || !has_peer(s, (uint16_t)i))
			continue;
		p->serial = m->doubt_serial;
		p->generation = m->generation;
		if (!s->generation || s->generation > m->generation) {
			difference_everywhere(&s->doubt);
			continue;
		}
		p->generation = s->generation;
		difference_add(&s->doubt, &m->doubt);
	}
	s->partial = !difference_is_everywhere(&s->doubt);
	if (difference_is_nowhere(&s->doubt))
		s->next = s->family->table.destinations.end;
}

// Stored routes of the peer that the walk passed by are accounted for like those it judged; those
// that were judged on their arrival meanwhile are counted there.
static void count_passed(struct sweep *s, struct part *p, const struct member *m)
{
	uint64_t judged = p->counts.seen, held = m->received - m->dead;

	if (!m->in.keep_all)
		judged -= p->counts.newly_rejected; // not held any more
	if (m->generation == p->generation)
		judged += m->fresh.seen;
	if (held <= judged)
		return;
	p->counts.seen += held - judged;
	p->counts.passed += held - judged;
	s->counts.seen += held - judged;
	s->counts.passed += held - judged;
}

// All has been visited that could change: what was passed by is as good as what was judged. Of a
// later change of the import nothing is claimed.
static void end_import(struct sweep *s)
{
	for (unsigned i = 0; i < RIB_PEERS_MAX; i++) {
		struct member *m = rib_member(s->rib, (uint16_t)i, s->family->af);
		struct part *p = &s->parts[i];
		if (!p->generation || !m || !m->import)
			continue;
		if (s->partial)
			count_passed(s, p, m);
		if (m->vouched < p->generation)
			m->vouched = p->generation;
		if (m->doubt_serial == p->serial && p->generation == m->generation)
			m->doubt = (struct difference){0};
	}
}

struct sweep *sweep_new(struct rib *r, enum sweep_kind kind, const struct af *af,
			const uint64_t *peers, uint32_t generation)
{
	struct sweep *s = MEM_NEW(struct sweep);

	s->rib = r;
	s->family = rib_family(r, af);
	s->kind = kind;
	s->generation = generation;
	s->next = 1;
	if (peers)
		memcpy(s->peers, peers, sizeof(s->peers));
	if (kind == SWEEP_IMPORT)
		begin_import(s);
	return s;
}

void sweep_free(struct sweep *s)
{
	if (!s)
		return;
	mem_free(s->parts);
	mem_free(s->touched);
	mem_free(s->walks);
	mem_free(s);
}

// --- import ---------------------------------------------------------------------------------------
static bool is_due(const struct sweep *s, const struct path *p, const struct member *m)
{
	return m && p->epoch >= m->purge_before &&
	       (!s->generation || member_generation(m, p) < s->generation);
}

static void count_path(struct sweep *s, uint16_t peer, uint32_t old, uint32_t verdict)
{
	struct sweep_counts *both[] = {&s->counts, &s->parts[peer].counts};

	for (unsigned i = 0; i < 2; i++) {
		both[i]->seen++;
		if (old == verdict)
			continue;
		both[i]->changed += old != verdict;
		both[i]->newly_accepted += !old && verdict;
		both[i]->newly_rejected += old && !verdict;
	}
}

static struct member *member_of(struct sweep *s, uint16_t peer)
{
	if (peer != s->near_peer) {
		struct member *m =
			has_peer(s, peer) ? rib_member(s->rib, peer, s->family->af) : NULL;
		s->near_peer = peer;
		s->near_member = m && m->import ? m : NULL;
		s->near_attr = 0;
	}
	return s->near_member;
}

// Sets as received are kept alive by their paths, so that a number remembered here cannot have
// become another set's.
static uint32_t verdict_of(struct sweep *s, struct member *m, const struct path *p,
			   const struct destination *d)
{
	if (p->attr_in != s->near_attr) {
		s->near_final = import_final(m, p->attr_in, &s->near_verdict);
		s->near_attr = p->attr_in;
	}
	if (s->near_final)
		return s->near_verdict;
	return memo_verdict(m->import->memo, p->attr_in, s->family->af, destination_key(d));
}

// Returns whether the destination has to be decided again.
static bool judge_path(struct change *c, struct path *p, struct member *m, uint32_t verdict)
{
	if (!verdict && !m->in.keep_all)
		return path_turn_away(c, p->peer);
	return path_judge(c, p, verdict, m->generation);
}

static void touch(struct sweep *s, uint16_t peer)
{
	if (s->touched_count == s->touched_cap) {
		s->touched_cap = s->touched_cap ? s->touched_cap * 2 : 16;
		s->touched = mem_resize(s->touched, s->touched_cap * sizeof(*s->touched));
	}
	s->touched[s->touched_count++] = peer;
}

// A best path that moved is put down to every peer whose paths of the destination changed.
static void count_moved(struct sweep *s)
{
	s->counts.best_moved++;
	for (unsigned i = 0; i < s->touched_count; i++)
		s->parts[s->touched[i]].counts.best_moved++;
}

// Most paths keep their verdict and are only stamped; a change begins with the first that does not.
static void sweep_destination(struct sweep *s, uint32_t n)
{
	struct family *f = s->family;
	const struct destination *d = table_at(&f->table, n);
	struct change c = {0};
	bool changed = false;

	s->touched_count = 0;
	for (uint32_t p = d->first, next; p; p = next) {
		struct path *path = table_path(&f->table, p);
		struct member *m = member_of(s, path->peer);
		next = path->next;
		if (!is_due(s, path, m))
			continue;
		uint32_t verdict = verdict_of(s, m, path, d);
		if (f->limit && verdict && !path->attr && !limit_admits(f, n, 0))
			verdict = MEMO_REJECT;
		count_path(s, path->peer, path->attr, verdict);
		if (verdict == path->attr && (verdict || m->in.keep_all)) {
			path->generation = m->generation;
			continue;
		}
		if (!c.family)
			c = destination_begin(f, n);
		touch(s, path->peer);
		changed |= judge_path(&c, path, m, verdict);
	}
	if (changed && destination_end(&c))
		count_moved(s);
}

// What the destination's paths stand with: as received, or in the Loc-RIB.
static bool carries_doubt(struct sweep *s, const struct destination *d, bool received)
{
	for (uint32_t p = d->first; p;) {
		const struct path *path = table_path(&s->family->table, p);
		if (difference_scan_has_set(&s->scan, received ? path->attr_in : path->attr))
			return true;
		p = path->next;
	}
	return false;
}

// Of a live destination.
static bool in_doubt(struct sweep *s, const struct destination *d, bool received)
{
	return difference_scan_has(&s->scan, destination_key(d)) ||
	       (s->scan.marks && carries_doubt(s, d, received));
}

#define AHEAD 32 // destinations

// A set's own memory is the one thing that a walk does not come to in order.
static void look_ahead(const struct sweep *s, uint32_t n)
{
	const struct table *t = &s->family->table;

	if (n >= t->destinations.end)
		return;
	const struct destination *d = table_at(t, n);
	if (!(d->info & DESTINATION_LIVE) || !d->first)
		return;
	const struct path *p = table_path(t, d->first);
	const struct attr_set *set = attr_at(&s->family->attrs, p->attr_in);
	__builtin_prefetch(set);
	__builtin_prefetch((const uint8_t *)set + 64);
}

static void decide_destination(struct sweep *s, uint32_t n)
{
	struct change c = destination_begin(s->family, n);
	bool moved = destination_end(&c);

	s->counts.seen++;
	s->counts.best_moved += moved;
	s->counts.changed += moved;
}

// The first number from n on, below `end`, whose prefix is in doubt: most of a walk is this, in the
// order of memory.
static uint32_t pass_by(struct sweep *s, uint32_t n, uint32_t end)
{
	const struct pool *pool = &s->family->table.destinations;

	while (n < end) {
		uint32_t chunk = (n | (POOL_CHUNK - 1)) + 1, stop = chunk < end ? chunk : end;
		const uint8_t *key = table_at(&s->family->table, n)->key;
		for (; n < stop; n++, key += pool->size)
			if (difference_scan_has(&s->scan, (const struct af_key *)key))
				return n;
	}
	return n;
}

static void walk_destination(struct sweep *s, uint32_t n)
{
	const struct destination *d = table_at(&s->family->table, n);
	bool live = d->info & DESTINATION_LIVE && d->first;

	if (s->partial && !(live && in_doubt(s, d, true)))
		return;
	if (s->kind == SWEEP_IMPORT)
		look_ahead(s, n + AHEAD);
	if (!live)
		return;
	if (s->kind == SWEEP_IMPORT)
		sweep_destination(s, n);
	else
		decide_destination(s, n);
}

static bool walk_destinations(struct sweep *s, rib_deadline *over, void *arg)
{
	const struct table *t = &s->family->table;
	bool by_prefix = s->partial && !s->scan.marks;

	while (s->next < t->destinations.end) {
		uint32_t left = t->destinations.end - s->next;
		uint32_t stop = s->next + (left < SLICE ? left : SLICE);
		while (s->next < stop) {
			if (by_prefix)
				s->next = pass_by(s, s->next, stop);
			if (s->next < stop)
				walk_destination(s, s->next++);
		}
		if (over(arg))
			return s->next < t->destinations.end;
	}
	return false;
}

// --- export ---------------------------------------------------------------------------------------
static struct group_walk *walk_of(struct sweep *s, const struct update_group *g)
{
	for (unsigned i = 0; i < s->walk_count; i++)
		if (s->walks[i].number == g->number)
			return &s->walks[i];
	if (s->walk_count == s->walk_cap) {
		s->walk_cap = s->walk_cap ? s->walk_cap * 2 : 4;
		s->walks = mem_resize(s->walks, s->walk_cap * sizeof(*s->walks));
	}
	s->walks[s->walk_count] =
		(struct group_walk){.number = g->number, .serial = g->serial, .next = 1};
	return &s->walks[s->walk_count++];
}

// A group with entries of an older program is walked whoever its members are: those for whom the
// sweep was begun may have left it to others.
static bool concerns(const struct sweep *s, const struct update_group *g)
{
	if (g->dirty)
		return true;
	for (unsigned i = 0; i < RIB_PEERS_MAX / 64; i++)
		if (s->peers[i] & g->is_member[i])
			return true;
	return false;
}

// The next group that has something to be walked; its walk begins anew when its program is another.
static struct update_group *next_group(struct sweep *s, struct group_walk **ret_walk)
{
	for (size_t i = 0; i < s->family->groups.count; i++) {
		struct update_group *g = s->family->groups.item[i];
		if (!concerns(s, g))
			continue;
		struct group_walk *w = walk_of(s, g);
		if (w->serial != g->serial)
			*w = (struct group_walk){
				.number = g->number, .serial = g->serial, .next = 1};
		*ret_walk = w;
		if (!w->done)
			return g;
	}
	return NULL;
}

// Destinations that are not in doubt are accounted for; their entries stand.
static void route_again(struct sweep *s, struct update_group *g, struct group_walk *w)
{
	const struct table *t = &s->family->table;
	const struct destination *d = table_at(t, w->next);

	if (!(d->info & DESTINATION_LIVE))
		return;
	w->counts.seen++;
	if (w->partial && !in_doubt(s, d, false)) {
		w->counts.passed++;
		return;
	}
	const struct adj_out_entry *e = adj_out_find(&g->out, w->next);
	bool told = e && e->attr;
	if (!group_route(g, w->next))
		return;
	e = adj_out_find(&g->out, w->next);
	bool tells = e && e->attr;
	w->counts.changed++;
	w->counts.newly_accepted += tells && !told;
	w->counts.newly_rejected += told && !tells;
}

static void add_counts(struct sweep_counts *to, const struct sweep_counts *c)
{
	to->seen += c->seen;
	to->changed += c->changed;
	to->newly_accepted += c->newly_accepted;
	to->newly_rejected += c->newly_rejected;
	to->best_moved += c->best_moved;
	to->passed += c->passed;
}

static bool walk_groups(struct sweep *s, rib_deadline *over, void *arg)
{
	const struct table *t = &s->family->table;
	struct update_group *g;
	struct group_walk *w;

	while ((g = next_group(s, &w))) {
		w->partial = s->generation && g->dirty && !difference_is_everywhere(&g->doubt);
		s->scan = difference_scan(&g->doubt, t->af, &s->family->attrs);
		while (w->next < t->destinations.end) {
			for (unsigned i = 0; i < SLICE && w->next < t->destinations.end;
			     i++, w->next++)
				route_again(s, g, w);
			family_release(s->family);
			if (over(arg))
				return true;
		}
		while (g->memo && memo_shed(g->memo)) // what it took over is of no more use
			if (over(arg))
				return true;
		w->done = true;
		g->dirty = false;
	}
	return false;
}

bool sweep_step(struct sweep *s, rib_deadline *over, void *arg)
{
	family_settle(s->family);
	if (s->kind == SWEEP_EXPORT)
		return walk_groups(s, over, arg);
	s->near_peer = RIB_NO_PEER;
	s->near_member = NULL;
	s->scan = difference_scan(&s->doubt, s->family->af, &s->family->attrs);
	if (!s->over) {
		s->over = !walk_destinations(s, over, arg);
		if (s->over && s->kind == SWEEP_IMPORT)
			end_import(s);
		return true; // what moved goes out before anything is tidied up
	}
	while (import_shed(s->family)) // of no use once all has been judged
		if (over(arg))
			return true;
	return false;
}

// --- what it found --------------------------------------------------------------------------------
void sweep_counts(const struct sweep *s, struct sweep_counts *ret)
{
	*ret = s->counts;
	for (unsigned i = 0; i < s->walk_count; i++)
		add_counts(ret, &s->walks[i].counts);
}

void sweep_peer_counts(const struct sweep *s, uint16_t peer, struct sweep_counts *ret)
{
	struct member *m = rib_member(s->rib, peer, s->family->af);

	*ret = (struct sweep_counts){0};
	if (s->parts && has_peer(s, peer))
		*ret = s->parts[peer].counts;
	for (unsigned i = 0; m && m->group && i < s->walk_count; i++)
		if (s->walks[i].number == m->group->number)
			*ret = s->walks[i].counts;
}

unsigned sweep_percent(const struct sweep *s)
{
	uint64_t end = s->family->table.destinations.end, done = 0, all = 0;

	if (s->kind != SWEEP_EXPORT)
		return end ? (unsigned)((s->next < end ? s->next : end) * 100 / end) : 100;
	for (size_t i = 0; i < s->family->groups.count; i++) {
		const struct update_group *g = s->family->groups.item[i];
		if (!concerns(s, g))
			continue;
		all += end;
		for (unsigned n = 0; n < s->walk_count; n++)
			if (s->walks[n].number == g->number)
				done += s->walks[n].next < end ? s->walks[n].next : end;
	}
	return all ? (unsigned)(done * 100 / all) : 100;
}
