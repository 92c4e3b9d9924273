// Update groups: who shares one, how it comes and goes.
//
// A new group is filled in slices from the Loc-RIB; its members' first dump follows behind. When
// the export of members changes, they take what they have been told along: if all members of a
// group change to the same export the group itself changes its program; otherwise those who go
// get a copy of the group. Either way entries stay what the peers believe, the sweep that follows
// compares each with its new outcome, and equal outcomes cost nothing (DESIGN: a group whose
// program changes re-evaluates once). When two groups of the same key have become equal, their
// members are brought together.
#include "rib/group.h"

#include "base/hash.h"
#include "base/mem.h"
#include "rib/ledger_note.h"

// --- identity -------------------------------------------------------------------------------------
// Fields that have no effect are zero, so that they part nobody.
struct group_key group_key_of(const struct member *m)
{
	const struct rib_session *s = &m->peer->session;
	struct group_key k = {.export = m->out,
			      .local = m->out.local.bits ? m->out.local : s->local,
			      .max_message = s->max_message ? s->max_message : 4096,
			      .as4 = s->as4,
			      .extended_next_hop = s->extended_next_hop & af_bit(m->family->af),
			      .only = m->out.independent ? m->peer->number : RIB_NO_PEER};
	struct rib_export *e = &k.export;

	e->local = (struct ip){0};
	if (!e->program || !policy_program_uses_peer(e->program)) {
		e->peer = (struct ip){0};
		if (!e->substitute_as && !e->public_as_only)
			e->peer_as = 0;
	}
	if (!e->default_route)
		e->default_route_program = NULL;
	return k;
}

bool group_key_equal(const struct group_key *a, const struct group_key *b)
{
	return rib_export_equal(&a->export, &b->export) && ip_equal(&a->local, &b->local) &&
	       a->max_message == b->max_message && a->as4 == b->as4 &&
	       a->extended_next_hop == b->extended_next_hop && a->only == b->only;
}

static void set_key(struct update_group *g, const struct group_key *k)
{
	struct rib_export e = g->key.export;

	rib_export_copy(&e, &k->export);
	g->key = *k;
	g->key.export = e;
}

// --- programs -------------------------------------------------------------------------------------
static void drop_memo(struct update_group *g)
{
	struct memo *m = g->memo;

	g->memo = NULL; // sets that go now need not be told to it
	if (m)
		memo_free(m);
}

// Entries are what they were; from now on outcomes follow the new program. older: a memo that is
// taken over, or NULL.
static void new_program(struct update_group *g, struct memo *older)
{
	drop_memo(g);
	if (g->key.export.program)
		g->memo = export_memo(g);
	if (older)
		memo_inherit(g->memo, older);
	g->serial++;
	export_default(g);
	family_release(g->family);
}

// Entries for these routes are in doubt from now on.
static void outdate(struct update_group *g, const struct difference *doubt)
{
	if (!g->dirty)
		g->doubt = (struct difference){0};
	difference_add(&g->doubt, doubt);
	g->dirty = true;
}

void group_outdate(struct family *f)
{
	struct difference everywhere;

	difference_everywhere(&everywhere);
	for (size_t i = 0; i < f->groups.count; i++) {
		struct update_group *g = f->groups.item[i];
		new_program(g, NULL);
		outdate(g, &everywhere);
	}
}

// --- members --------------------------------------------------------------------------------------
static uint64_t address_hash(const struct member *m)
{
	const struct ip *a = &m->peer->session.remote;

	return hash_bytes(a->b, a->bits / 8);
}

static void admit(struct update_group *g, struct member *m)
{
	uint16_t peer = m->peer->number;

	vec_add(&g->members, m);
	g->is_member[peer / 64] |= UINT64_C(1) << peer % 64;
	map_put_number(&g->addresses, address_hash(m), m);
	g->near_attr = 0;
	group_cache_clear(g); // messages made before do not leave out what is from or through it
	m->group = g;
	m->moving = false;
	g->busy = true;
}

static void dismiss(struct update_group *g, struct member *m)
{
	uint16_t peer = m->peer->number;

	vec_drop(&g->members, m);
	g->is_member[peer / 64] &= ~(UINT64_C(1) << peer % 64);
	if (map_get_number(&g->addresses, address_hash(m)) == m)
		map_remove_number(&g->addresses, address_hash(m));
	g->near_attr = 0;
	m->group = NULL;
}

static struct update_group *group_new(struct family *f, const struct group_key *k)
{
	struct update_group *g = MEM_NEW(struct update_group);

	g->family = f;
	g->number = ++f->group_numbers;
	g->item_bytes = 32 * 16;
	adj_out_init(&g->out);
	map_init_number(&g->addresses);
	set_key(g, k);
	vec_add(&f->groups, g);
	return g;
}

// Nobody is left: out of the way of changes, to be taken apart in slices.
static void abandon(struct update_group *g)
{
	struct family *f = g->family;

	vec_drop(&f->groups, g);
	vec_add(&f->dying, g);
	group_cache_clear(g);
	drop_memo(g);
	rib_wake(f->rib);
}

static struct update_group *find_group(const struct family *f, const struct group_key *k)
{
	struct update_group *found = NULL;

	for (size_t i = 0; i < f->groups.count; i++) {
		struct update_group *g = f->groups.item[i];
		if (group_key_equal(&g->key, k) && (!found || found->dirty))
			found = g;
	}
	return found;
}

void group_join(struct member *m)
{
	struct family *f = m->family;
	struct group_key k = group_key_of(m);
	struct update_group *g = find_group(f, &k);

	if (!g) {
		g = group_new(f, &k);
		g->fill_next = 1;
		g->fill_end = f->table.destinations.end;
		g->filling = true;
		new_program(g, NULL);
	}
	m->cursor = g->out.end;
	admit(g, m);
	dump_start(m, true);
	rib_wake(f->rib);
}

void group_leave(struct member *m)
{
	struct update_group *g = m->group;

	if (!g)
		return;
	ledger_hurry(m->family);
	m->measured = false;
	if (m->moving)
		m->family->moving--;
	m->moving = false;
	owed_clear(m);
	dump_clear(m);
	dismiss(g, m);
	if (!g->members.count)
		abandon(g);
	else
		group_cut(g);
	family_release(m->family);
}

// --- the export of members changes ----------------------------------------------------------------
static bool frames_equal(const struct group_key *a, const struct group_key *b)
{
	struct group_key x = *a;

	x.export.program = b->export.program;
	return a->export.program && b->export.program && group_key_equal(&x, b);
}

// Which routes may have another outcome by the one key than by the other.
static struct difference key_difference(const struct group_key *from, const struct group_key *to)
{
	struct difference d;

	if (frames_equal(from, to))
		difference_of(from->export.program, to->export.program, &d);
	else
		difference_everywhere(&d);
	return d;
}

// When nothing but the program changes, what the old memo knows goes along: most sets mean the same
// under both.
static void rekey(struct update_group *g, const struct group_key *k)
{
	struct difference doubt = key_difference(&g->key, k);
	struct memo *older = NULL;

	if (frames_equal(&g->key, k)) {
		older = g->memo;
		g->memo = NULL;
	}
	set_key(g, k);
	new_program(g, older);
	outdate(g, &doubt);
}

// The copy believes what its members believe: entries, their order, and holds for tombstones. What
// is in doubt about these entries is so about the copy's, and what the new key makes of them.
static struct update_group *clone(struct update_group *g, const struct group_key *k)
{
	struct family *f = g->family;
	struct difference doubt = key_difference(&g->key, k);
	struct update_group *copy = group_new(f, k);

	adj_out_free(&copy->out);
	adj_out_copy(&copy->out, &g->out);
	copy->filling = g->filling;
	copy->fill_next = g->fill_next;
	copy->fill_end = g->fill_end;
	copy->read_to = g->read_to;
	copy->item_bytes = g->item_bytes;
	for (uint32_t n = 1; n < f->table.destinations.end; n++) {
		const struct adj_out_entry *e = adj_out_find(&copy->out, n);
		if (!e) {
			n |= ADJ_OUT_CHUNK - 1;
			continue;
		}
		attr_ref(&f->attrs, e->attr);
		if (!e->attr && e->position)
			destination_hold(f, n);
	}
	// what the old group made up for its members is the copy's too, until the sweep
	copy->default_destination = g->default_destination;
	copy->default_attr = attr_ref(&f->attrs, g->default_attr);
	if (copy->default_destination)
		destination_hold(f, copy->default_destination);
	copy->notes = notes_copy(f, g->notes);
	copy->dirty = g->dirty;
	copy->doubt = g->doubt;
	outdate(copy, &doubt);
	return copy;
}

static void move(struct member *m, struct update_group *to)
{
	struct update_group *from = m->group;

	dismiss(from, m);
	admit(to, m);
}

// All members of g that are to have the key: they take the group along or a copy of it.
static void move_party(struct update_group *g, const struct group_key *k)
{
	struct family *f = g->family;
	struct vec party = {0};

	ledger_hurry(f);
	for (size_t i = 0; i < g->members.count; i++) {
		struct member *m = g->members.item[i];
		struct group_key other = group_key_of(m);
		if (m->moving && group_key_equal(k, &other))
			vec_add(&party, m);
	}
	struct update_group *to = g;
	if (party.count < g->members.count)
		to = clone(g, k);
	for (size_t i = 0; i < party.count; i++) {
		struct member *m = party.item[i];
		m->moving = false;
		f->moving--;
		if (to != g)
			move(m, to);
	}
	vec_free(&party);
	if (to == g)
		rekey(g, k);
	else
		new_program(to, NULL);
	f->twins = true;
}

static struct member *first_moving(const struct update_group *g)
{
	for (size_t i = 0; i < g->members.count; i++) {
		struct member *m = g->members.item[i];
		if (m->moving)
			return m;
	}
	return NULL;
}

void group_settle(struct family *f)
{
	for (size_t i = 0; i < f->groups.count && f->moving; i++) {
		struct update_group *g = f->groups.item[i];
		struct member *m;
		while ((m = first_moving(g))) {
			struct group_key k = group_key_of(m);
			if (group_key_equal(&k, &g->key)) {
				m->moving = false;
				f->moving--;
				continue;
			}
			move_party(g, &k);
		}
		if (g->members.count)
			group_cut(g);
	}
	family_release(f);
	rib_wake(f->rib);
}

// --- twins ----------------------------------------------------------------------------------------
static bool caught_up(const struct member *m)
{
	return m->cursor == m->group->out.end && !m->dump.active && !m->owed.count;
}

// Both have been swept, so their entries are equal, and a member that has been told all of the
// one owes nothing of the other.
static void unite(struct update_group *from, struct update_group *to)
{
	for (size_t i = from->members.count; i-- > 0;) {
		struct member *m = from->members.item[i];
		if (!caught_up(m))
			continue;
		dump_clear(m);
		move(m, to);
		m->cursor = to->read_to = to->out.end; // it has heard of all that is there
	}
	if (!from->members.count)
		abandon(from);
	else
		group_cut(from);
}

void group_unite(struct family *f)
{
	bool more = false;

	for (size_t i = 0; f->twins && i < f->groups.count; i++) {
		struct update_group *g = f->groups.item[i];
		for (size_t j = f->groups.count - 1; j > i; j--) {
			struct update_group *twin = f->groups.item[j];
			if (!group_key_equal(&g->key, &twin->key))
				continue;
			if (!g->dirty && !g->filling && !twin->dirty && !twin->filling)
				unite(twin, g);
			more = more || (j < f->groups.count && f->groups.item[j] == twin);
		}
	}
	f->twins = more;
}

// --- slices ---------------------------------------------------------------------------------------
bool group_fill(struct update_group *g, rib_deadline *over, void *arg)
{
	struct family *f = g->family;

	while (g->filling && !over(arg)) {
		for (unsigned i = 0; i < SLICE && g->fill_next < g->fill_end; i++, g->fill_next++)
			if (table_at(&f->table, g->fill_next)->info & DESTINATION_LIVE)
				group_fill_entry(g, g->fill_next);
		g->filling = g->fill_next < g->fill_end;
	}
	g->busy = true;
	return g->filling;
}

static void dismantle_entry(struct update_group *g, uint32_t n)
{
	struct adj_out_entry *e = adj_out_find(&g->out, n);

	if (!e)
		return;
	attr_unref(&g->family->attrs, e->attr);
	if (!e->attr && e->position)
		destination_release(g->family, n);
	*e = (struct adj_out_entry){0};
}

bool group_dismantle(struct update_group *g, rib_deadline *over, void *arg)
{
	uint32_t end = g->out.chunk_count << ADJ_OUT_CHUNK_BITS;

	while (notes_shed(g->family, &g->notes))
		if (over(arg))
			return true;
	while (g->dismantle_next < end) {
		if (over(arg))
			return true;
		if (!adj_out_chunk(&g->out, g->dismantle_next >> ADJ_OUT_CHUNK_BITS)) {
			g->dismantle_next += ADJ_OUT_CHUNK;
			continue;
		}
		for (unsigned i = 0; i < SLICE; i++)
			dismantle_entry(g, g->dismantle_next++);
	}
	if (g->default_destination)
		destination_release(g->family, g->default_destination);
	attr_unref(&g->family->attrs, g->default_attr);
	vec_drop(&g->family->dying, g);
	group_free(g);
	return false;
}

void group_free(struct update_group *g)
{
	group_cache_clear(g);
	drop_memo(g);
	notes_free(g->notes);
	adj_out_free(&g->out);
	rib_export_clear(&g->key.export);
	vec_free(&g->members);
	map_free(&g->addresses);
	mem_free(g);
}
