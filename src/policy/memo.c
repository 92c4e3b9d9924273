// What a pipeline makes of each attribute set, remembered.
//
// One word for each number of the table, in chunks that come into being when first written:
//	0                     not known yet
//	ENTRY_VERDICT | id    final: MEMO_REJECT or a set
//	ENTRY_RECORD | place  depends on the prefix: a record
// A record holds the skeleton of the outline (shared by all sets of the same shape) and for each of
// its leaves the set that it yields, UNRESOLVED until a route comes to it. When the outline would
// be too large the record has no skeleton: the program then runs for each route, and the record
// remembers which sets came out, because somebody has to hold them.
//
// Memos form a row, newest first. One that `stands` upon the next has a program that differs from
// the next one's for the routes in `apart` only, and leaves all others to it: so the next one
// goes on growing. What comes behind is only looked into, and shed piece by piece. A row is at most
// three long: the memo, what it stands upon, and what was between the two before.
//
// References: one on every set that is yielded, unless it is the asked set itself, which could
// never go otherwise. Two sets that a program turns into each other hold each other until the memo
// goes; no sane policy does that.
#include "policy/memo.h"

#include <string.h>

#include "base/mem.h"
#include "policy/difference.h"
#include "policy/skeleton.h"

#define CHUNK_BITS    12
#define CHUNK         (1u << CHUNK_BITS)
#define ENTRY_VERDICT 0x40000000u
#define ENTRY_RECORD  0x80000000u
#define ENTRY_VALUE   0x3FFFFFFFu
#define UNRESOLVED    UINT32_MAX

struct record {
	const struct skeleton *skeleton; // NULL: run for each route
	uint32_t count, cap;             // without skeleton: sets that came out, sorted
	uint32_t *sets;                  // owned
	uint32_t leaves[];               // with skeleton: one for each slot
};

struct memo {
	struct attr_table *table;
	struct policy_program *program; // counted
	struct policy_context context;
	struct memo_ops ops;
	bool identity; // nothing is asked and nothing changed
	uint32_t **chunks;
	uint32_t chunk_count, chunks_used;
	struct record **records; // by place
	uint32_t record_count, record_cap;
	uint32_t *free_places, free_count, free_cap;
	size_t record_bytes;
	struct skeleton_table skeletons;
	// Where attributes do not matter for the shape of the outline, it is made once.
	bool constant_known;
	const struct skeleton *constant; // NULL: too large
	struct arena arena;              // emptied after each set
	struct memo *older;              // inherited; NULL: none
	uint32_t shed;                   // of a memo that is inherited: chunks that are gone
	bool stands;                     // older answers for all routes but those of `apart`
	struct difference apart;
};

struct memo *memo_new(struct attr_table *t, struct policy_program *program,
		      const struct policy_context *x, const struct memo_ops *ops)
{
	struct memo *m = MEM_NEW(struct memo);

	m->table = t;
	m->program = policy_program_ref(program);
	if (x)
		m->context = *x;
	if (ops)
		m->ops = *ops;
	m->identity = policy_program_is_open(program) && !m->ops.before && !m->ops.after;
	skeleton_table_init(&m->skeletons);
	arena_init(&m->arena, 16384);
	return m;
}

static void chunk_drop(struct memo *m, uint32_t i)
{
	for (uint32_t k = 0; m->chunks[i] && k < CHUNK; k++)
		if (m->chunks[i][k])
			memo_forget(m, i << CHUNK_BITS | k);
	mem_free(m->chunks[i]);
	m->chunks[i] = NULL;
}

void memo_free(struct memo *m)
{
	if (!m)
		return;
	memo_free(m->older);
	m->older = NULL;
	for (uint32_t i = 0; i < m->chunk_count; i++)
		chunk_drop(m, i);
	mem_free(m->chunks);
	mem_free(m->records);
	mem_free(m->free_places);
	skeleton_table_free(&m->skeletons);
	arena_free(&m->arena);
	policy_program_unref(m->program);
	mem_free(m);
}

static uint32_t *entry_at(const struct memo *m, uint32_t id) // NULL: nothing known near it
{
	uint32_t at = id >> CHUNK_BITS;

	return at < m->chunk_count && m->chunks[at] ? &m->chunks[at][id & (CHUNK - 1)] : NULL;
}

static void entry_set(struct memo *m, uint32_t id, uint32_t value)
{
	uint32_t at = id >> CHUNK_BITS;

	if (at >= m->chunk_count) {
		uint32_t count = at + 1 > 2 * m->chunk_count ? at + 1 : 2 * m->chunk_count;
		m->chunks = mem_resize(m->chunks, count * sizeof(*m->chunks));
		memset(m->chunks + m->chunk_count, 0,
		       (count - m->chunk_count) * sizeof(*m->chunks));
		m->chunk_count = count;
	}
	if (!m->chunks[at]) {
		m->chunks[at] = mem_zero(CHUNK * (sizeof(uint32_t) + sizeof(uint8_t)));
		m->chunks_used++;
	}
	m->chunks[at][id & (CHUNK - 1)] = value;
}

// Behind the words of a chunk, a byte for each: of a final verdict, the number of the skeleton that
// gave it; 0: none did (turned away before the program), or it is not known.
static uint8_t *shape_at(const struct memo *m, uint32_t id)
{
	return (uint8_t *)(m->chunks[id >> CHUNK_BITS] + CHUNK) + (id & (CHUNK - 1));
}

// --- records -----------------------------------------------------------------------------------
static size_t record_size(const struct record *r)
{
	return sizeof(*r) + (r->skeleton ? r->skeleton->slot_count : r->cap) * sizeof(uint32_t);
}

static uint32_t record_add(struct memo *m, const struct skeleton *s)
{
	unsigned slots = s ? s->slot_count : 0;
	struct record *r = mem_alloc(sizeof(*r) + slots * sizeof(uint32_t));
	uint32_t place;

	*r = (struct record){.skeleton = s};
	memset(r->leaves, 0xFF, slots * sizeof(uint32_t));
	if (m->free_count) {
		place = m->free_places[--m->free_count];
	} else {
		if (m->record_count == m->record_cap) {
			m->record_cap = m->record_cap ? 2 * m->record_cap : 64;
			m->records = mem_resize(m->records, m->record_cap * sizeof(*m->records));
		}
		place = m->record_count++;
	}
	m->records[place] = r;
	m->record_bytes += record_size(r);
	return place;
}

static void record_drop(struct memo *m, uint32_t own, uint32_t place)
{
	struct record *r = m->records[place];

	m->records[place] = NULL;
	if (m->free_count == m->free_cap) {
		m->free_cap = m->free_cap ? 2 * m->free_cap : 64;
		m->free_places = mem_resize(m->free_places, m->free_cap * sizeof(uint32_t));
	}
	m->free_places[m->free_count++] = place;
	m->record_bytes -= record_size(r);

	unsigned slots = r->skeleton ? r->skeleton->slot_count : 0;
	for (unsigned i = 0; i < slots; i++)
		if (r->leaves[i] != UNRESOLVED && r->leaves[i] != own)
			attr_unref(m->table, r->leaves[i]);
	for (uint32_t i = 0; i < r->count; i++)
		attr_unref(m->table, r->sets[i]);
	mem_free(r->sets);
	mem_free(r);
}

void memo_forget(struct memo *m, uint32_t attr_id)
{
	uint32_t *e = entry_at(m, attr_id);

	if (m->older)
		memo_forget(m->older, attr_id);
	if (!e || !*e)
		return;
	uint32_t value = *e;
	*e = 0; // first: giving back a reference may come here again for another set
	if (value & ENTRY_RECORD)
		record_drop(m, attr_id, value & ENTRY_VALUE);
	else if ((value & ENTRY_VALUE) != attr_id)
		attr_unref(m->table, value & ENTRY_VALUE);
}

// --- carrying out ------------------------------------------------------------------------------
static bool before(struct memo *m, const struct attr_set *set, struct attrs *as)
{
	attr_open(set, as);
	return !m->ops.before || m->ops.before(m->ops.arg, set, as, &m->arena);
}

// The set of a result; its reference is the memo's unless it is the asked set.
static uint32_t result_of(struct memo *m, const struct attr_set *set, struct attrs *as)
{
	if (m->ops.after && !m->ops.after(m->ops.arg, set, as, &m->arena))
		return MEMO_REJECT;
	if (!attrs_fit(as))
		return MEMO_REJECT;
	uint32_t id = attr_intern(m->table, as);
	if (id == set->id)
		attr_unref(m->table, id);
	return id;
}

// --- inheriting --------------------------------------------------------------------------------
static uint32_t entry_of(const struct memo *m, uint32_t id)
{
	const uint32_t *e = entry_at(m, id);

	return e ? *e : 0;
}

// The newest of the older memos that has been asked for the set; NULL: none.
static const struct memo *older_knowing(const struct memo *m, uint32_t id)
{
	for (m = m->older; m && !entry_of(m, id); m = m->older)
		;
	return m;
}

// Whether the memo knows that the set is turned away before the program.
static bool turned_away(const struct memo *m, uint32_t id)
{
	return entry_of(m, id) == (ENTRY_VERDICT | MEMO_REJECT) && !*shape_at(m, id);
}

static bool effects_equal(const struct skeleton_slot *a, const struct skeleton_slot *b)
{
	return a->effects.lo == b->effects.lo && a->effects.hi == b->effects.hi;
}

// What the memo knows of a leaf that does the same to the set; UNRESOLVED: nothing.
static uint32_t leaf_known(const struct memo *m, uint32_t id, const struct skeleton_slot *slot)
{
	uint32_t e = entry_of(m, id);
	const struct skeleton *s;

	if (!e)
		return UNRESOLVED;
	if (e & ENTRY_VERDICT) {
		uint8_t shape = *shape_at(m, id);
		s = shape ? skeleton_numbered(&m->skeletons, shape) : NULL;
		bool same =
			s && s->root != SKELETON_REJECT && effects_equal(slot, &s->slots[~s->root]);
		return same ? e & ENTRY_VALUE : UNRESOLVED;
	}
	const struct record *r = m->records[e & ENTRY_VALUE];
	for (unsigned i = 0; (s = r->skeleton) && i < s->slot_count; i++)
		if (effects_equal(slot, &s->slots[i]))
			return r->leaves[i];
	return UNRESOLVED;
}

// The set that a leaf yields, from an older memo if it is there. A reference as of result_of.
static bool leaf_inherited(struct memo *m, uint32_t id, const struct skeleton *s, int32_t leaf,
			   uint32_t *ret)
{
	uint32_t v = UNRESOLVED;

	if (leaf == SKELETON_REJECT)
		return false;
	for (const struct memo *o = m->older; o && v == UNRESOLVED; o = o->older)
		v = leaf_known(o, id, &s->slots[~leaf]);
	if (v == UNRESOLVED)
		return false;
	*ret = v == id ? v : attr_ref(m->table, v);
	return true;
}

static void shed_at_once(struct memo *m)
{
	struct memo *older = m->older;

	m->older = NULL;
	memo_free(older);
}

// Where the older memo's own foundation would do for the new one it is taken instead of it, so that
// no more than one memo ever stands below another.
static struct memo *foundation(struct memo *m, struct memo *older, struct difference *ret)
{
	difference_of(older->program, m->program, ret);
	if (!older->stands)
		return older;
	struct difference both, direct;
	struct memo *base = older->older;
	difference_of(base->program, m->program, &direct);
	both = *ret;
	difference_add(&both, &older->apart);
	if (!difference_is_everywhere(&direct))
		both = direct;
	if (difference_is_everywhere(&both))
		return older;
	*ret = both;
	older->older = NULL;
	older->stands = false;
	base->older = older; // of use no longer than until it is shed
	return base;
}

void memo_inherit(struct memo *m, struct memo *older)
{
	struct difference apart;

	if (m->stands || m->program->uses_peer || older->program->uses_peer) {
		memo_free(older);
		return;
	}
	memo_free(m->older);
	m->older = older;
	shed_at_once(older->stands ? older->older : older);
	m->older = foundation(m, older, &apart);
	m->stands = !difference_is_everywhere(&apart);
	m->apart = apart;
	m->older->ops = m->ops; // equal ones, but theirs may go
}

bool memo_shed(struct memo *m)
{
	struct memo *older = m->older;

	if (!older)
		return false;
	if (m->stands)
		return memo_shed(older);
	while (older->shed < older->chunk_count && !older->chunks[older->shed])
		older->shed++;
	if (older->shed < older->chunk_count) {
		chunk_drop(older, older->shed);
		return true;
	}
	m->older = older->older;
	older->older = NULL;
	memo_free(older);
	return m->older;
}

static uint32_t leaf_of(struct memo *m, const struct attr_set *set, struct attrs *as,
			const struct skeleton *s, int32_t leaf)
{
	if (leaf == SKELETON_REJECT)
		return MEMO_REJECT;
	const struct skeleton_slot *slot = &s->slots[~leaf];
	if (!slot->count && !m->ops.before && !m->ops.after)
		return set->id;
	if (!effects_apply(m->program, &m->context, slot->nodes, slot->count, as, &m->arena))
		return MEMO_REJECT;
	return result_of(m, set, as);
}

static const struct skeleton *skeleton_for(struct memo *m, const struct attrs *as)
{
	if (m->constant_known)
		return m->constant;
	const struct outline *o = policy_outline(m->program, &m->context, as, &m->arena);
	const struct skeleton *s = o ? skeleton_of(&m->skeletons, m->program, o, &m->arena) : NULL;
	if (!m->program->asks_attributes) {
		m->constant_known = true;
		m->constant = s;
	}
	return s;
}

static uint32_t entry_make(struct memo *m, uint32_t id, const struct skeleton *s)
{
	const struct attr_set *set = attr_at(m->table, id);
	struct attrs as;
	uint32_t v;

	if (!s || s->node_count)
		return ENTRY_RECORD | record_add(m, s);
	if (leaf_inherited(m, id, s, s->root, &v))
		return ENTRY_VERDICT | v;
	return ENTRY_VERDICT |
	       (before(m, set, &as) ? leaf_of(m, set, &as, s, s->root) : MEMO_REJECT);
}

// What is known of the set from now on. Where the shape of the outline is known beforehand and an
// older memo has been asked for the set, its attributes need not be opened.
static uint32_t evaluate(struct memo *m, uint32_t id)
{
	const struct skeleton *s = m->constant;
	struct attrs as;
	const struct memo *older = m->constant_known ? older_knowing(m, id) : NULL;
	bool passes, known = older;

	passes = known ? !turned_away(older, id) : before(m, attr_at(m->table, id), &as);
	if (passes && !known)
		s = skeleton_for(m, &as);
	uint32_t value = passes ? entry_make(m, id, s) : ENTRY_VERDICT | MEMO_REJECT;
	arena_reset(&m->arena);
	entry_set(m, id, value);
	*shape_at(m, id) = passes && s && s->number <= UINT8_MAX ? (uint8_t)s->number : 0;
	if (m->older && !m->stands && value & ENTRY_VERDICT)
		memo_forget(m->older, id); // nobody will ask: its sets may go
	return value;
}

static uint32_t entry_known(struct memo *m, uint32_t id)
{
	const uint32_t *e = entry_at(m, id);

	return e && *e ? *e : evaluate(m, id);
}

static uint32_t leaf_resolve(struct memo *m, uint32_t id, struct record *r, int32_t leaf)
{
	struct attrs as;

	if (leaf == SKELETON_REJECT)
		return MEMO_REJECT;
	if (r->leaves[~leaf] == UNRESOLVED) {
		const struct attr_set *set = attr_at(m->table, id);
		uint32_t v;
		if (!leaf_inherited(m, id, r->skeleton, leaf, &v))
			v = before(m, set, &as) ? leaf_of(m, set, &as, r->skeleton, leaf)
						: MEMO_REJECT;
		r->leaves[~leaf] = v;
		arena_reset(&m->arena);
	}
	return r->leaves[~leaf];
}

// Holds a set that came out for one route; the reference given is kept or given back.
static void record_hold(struct memo *m, struct record *r, uint32_t id)
{
	uint32_t low = 0, high = r->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (r->sets[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < r->count && r->sets[low] == id) {
		attr_unref(m->table, id);
		return;
	}
	if (r->count == r->cap) {
		m->record_bytes -= record_size(r);
		r->cap = r->cap ? 2 * r->cap : 4;
		r->sets = mem_resize(r->sets, r->cap * sizeof(uint32_t));
		m->record_bytes += record_size(r);
	}
	memmove(r->sets + low + 1, r->sets + low, (r->count - low) * sizeof(uint32_t));
	r->sets[low] = id;
	r->count++;
}

static uint32_t route_verdict(struct memo *m, uint32_t id, struct record *r,
			      const struct af_key *key)
{
	const struct attr_set *set = attr_at(m->table, id);
	uint32_t verdict = MEMO_REJECT;
	struct attrs as;

	if (before(m, set, &as) && policy_run_route(m->program, &m->context, key, &as, &m->arena))
		verdict = result_of(m, set, &as);
	arena_reset(&m->arena);
	if (verdict != MEMO_REJECT && verdict != id)
		record_hold(m, r, verdict);
	return verdict;
}

bool memo_final(struct memo *m, uint32_t attr_id, uint32_t *ret_verdict)
{
	if (m->stands && !m->apart.count && !difference_has_set(&m->apart, m->table, attr_id))
		m = m->older;
	uint32_t e = m->identity ? ENTRY_VERDICT | attr_id : entry_known(m, attr_id);

	*ret_verdict = e & ENTRY_VALUE;
	return e & ENTRY_VERDICT;
}

uint32_t memo_verdict(struct memo *m, uint32_t attr_id, const struct af *af,
		      const struct af_key *key)
{
	if (m->stands && !difference_has_set(&m->apart, m->table, attr_id) &&
	    !difference_has(&m->apart, af, key))
		m = m->older;
	if (m->identity)
		return attr_id;
	uint32_t e = entry_known(m, attr_id);
	if (e & ENTRY_VERDICT)
		return e & ENTRY_VALUE;

	struct record *r = m->records[e & ENTRY_VALUE];
	if (!r->skeleton)
		return route_verdict(m, attr_id, r, key);
	struct prefix_words p = prefix_words_of_key(af, key);
	return leaf_resolve(m, attr_id, r, skeleton_walk(r->skeleton, &p));
}

// --- comparing ---------------------------------------------------------------------------------
// Whether the surroundings of the two programs act alike.
static bool frames_equal(const struct memo *a, const struct memo *b)
{
	bool ops = (a->ops.number && a->ops.number == b->ops.number) ||
		   (a->ops.before == b->ops.before && a->ops.after == b->ops.after &&
		    ((!a->ops.before && !a->ops.after) || a == b));
	if (!ops)
		return false;
	if (!a->program->uses_peer && !b->program->uses_peer)
		return true;
	return ip_equal(&a->context.peer, &b->context.peer) &&
	       ip_equal(&a->context.local, &b->context.local);
}

bool memo_agree(struct memo *a, struct memo *b, uint32_t attr_id)
{
	bool frames = frames_equal(a, b);

	if (frames && a->program == b->program)
		return true;
	if (a->identity && b->identity)
		return true;
	uint32_t x = a->identity ? ENTRY_VERDICT | attr_id : entry_known(a, attr_id);
	uint32_t y = b->identity ? ENTRY_VERDICT | attr_id : entry_known(b, attr_id);
	if (x & y & ENTRY_VERDICT)
		return x == y;
	if (!(x & y & ENTRY_RECORD))
		return false;

	struct record *r = a->records[x & ENTRY_VALUE], *s = b->records[y & ENTRY_VALUE];
	if (!r->skeleton || !s->skeleton || r->skeleton->content.lo != s->skeleton->content.lo ||
	    r->skeleton->content.hi != s->skeleton->content.hi)
		return false;
	if (frames)
		return true;
	for (int32_t i = 0; i < (int32_t)r->skeleton->slot_count; i++)
		if (leaf_resolve(a, attr_id, r, ~i) != leaf_resolve(b, attr_id, s, ~i))
			return false;
	return true;
}

size_t memo_bytes(const struct memo *m)
{
	return sizeof(*m) + m->chunk_count * sizeof(*m->chunks) +
	       (m->older ? memo_bytes(m->older) : 0) +
	       (size_t)m->chunks_used * CHUNK * (sizeof(uint32_t) + sizeof(uint8_t)) +
	       m->record_cap * sizeof(*m->records) + m->free_cap * sizeof(uint32_t) +
	       m->record_bytes + m->skeletons.bytes;
}
