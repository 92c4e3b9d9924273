// Limits of a table (rib/limit.h). A family counts what it holds in any case, in its own words; while
// it is limited, each change of these counts goes into the room as well. So a limit that comes or
// goes finds the numbers ready and has nothing to walk over.
#include "rib/limit.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "rib/group.h"

struct rib_room {
	atomic_uint refs;
	atomic_uint held[LIMIT_KINDS];
	atomic_ullong refused[LIMIT_KINDS];
};

// --- the room -------------------------------------------------------------------------------------
struct rib_room *rib_room_new(void)
{
	struct rib_room *room = MEM_NEW(struct rib_room);

	atomic_init(&room->refs, 1);
	return room;
}

struct rib_room *rib_room_ref(struct rib_room *room)
{
	if (room)
		atomic_fetch_add_explicit(&room->refs, 1, memory_order_relaxed);
	return room;
}

void rib_room_unref(struct rib_room *room)
{
	if (room && atomic_fetch_sub_explicit(&room->refs, 1, memory_order_acq_rel) == 1)
		mem_free(room);
}

static uint32_t held(const struct rib_room *room, enum rib_limit_kind kind)
{
	return atomic_load_explicit(&room->held[kind], memory_order_relaxed);
}

void rib_room_read(const struct rib_room *room, struct rib_room_counts *ret)
{
	for (unsigned i = 0; i < LIMIT_KINDS; i++) {
		ret->held[i] = held(room, i);
		ret->refused[i] = atomic_load_explicit(&room->refused[i], memory_order_relaxed);
	}
}

static void room_take(struct rib_room *room, enum rib_limit_kind kind, uint32_t by)
{
	atomic_fetch_add_explicit(&room->held[kind], by, memory_order_relaxed);
}

static void room_refuse(struct rib_room *room, enum rib_limit_kind kind)
{
	atomic_fetch_add_explicit(&room->refused[kind], 1, memory_order_relaxed);
}

// --- what a family holds ----------------------------------------------------------------------------
void limit_tell(struct family *f, enum rib_limit_kind kind, int by)
{
	room_take(f->limit->with.room, kind, (uint32_t)by);
}

static bool is_full(const struct rib_limit *l, enum rib_limit_kind kind)
{
	return l->most[kind] && held(l->room, kind) >= l->most[kind];
}

// Whether the prefix has a place already. In the middle of a change the best path need not stand
// in front.
static bool has_prefix(const struct family *f, uint32_t n)
{
	uint32_t p = n ? table_at(&f->table, n)->first : 0;

	while (p && !table_path(&f->table, p)->attr)
		p = table_path(&f->table, p)->next;
	return p != 0;
}

bool limit_has_room(const struct family *f, uint32_t n, uint32_t path)
{
	const struct rib_limit *l = &f->limit->with;
	bool routes = is_full(l, LIMIT_ROUTES), prefixes = is_full(l, LIMIT_PREFIXES);

	if (!routes && !prefixes)
		return true;
	if (path && table_path(&f->table, path)->attr)
		return true; // a route that is there changes
	return !routes && has_prefix(f, n);
}

bool limit_admits(struct family *f, uint32_t n, uint32_t path)
{
	const struct rib_limit *l = &f->limit->with;

	if (limit_has_room(f, n, path))
		return true;
	room_refuse(l->room, is_full(l, LIMIT_ROUTES) ? LIMIT_ROUTES : LIMIT_PREFIXES);
	return false;
}

// --- setting ----------------------------------------------------------------------------------------
static void leave(struct family *f)
{
	for (unsigned i = 0; i < LIMIT_KINDS; i++)
		room_take(f->limit->with.room, i, -f->held[i]);
	rib_room_unref(f->limit->with.room);
}

static void join(struct family *f, struct rib_room *room)
{
	f->limit->with.room = rib_room_ref(room);
	for (unsigned i = 0; i < LIMIT_KINDS; i++)
		room_take(room, i, f->held[i]);
}

void limit_end(struct family *f)
{
	if (!f->limit)
		return;
	leave(f);
	mem_free(f->limit);
	f->limit = NULL;
}

void rib_set_limit(struct rib *r, const struct af *af, const struct rib_limit *l)
{
	struct family *f = rib_family(r, af);
	struct rib_room *old = f->limit ? f->limit->with.room : NULL;

	if (!l->room) {
		limit_end(f);
		return;
	}
	if (!f->limit)
		f->limit = MEM_NEW(struct family_limit);
	if (old != l->room) {
		if (old)
			leave(f);
		join(f, l->room);
	}
	f->limit->with = *l;
	f->limit->trim_next = 0;
	if (l->trim && l->most[LIMIT_PREFIXES]) {
		f->limit->trim_next = f->table.destinations.end;
		rib_wake(r);
	}
}

// --- trimming ---------------------------------------------------------------------------------------
static bool is_own(const struct path *p)
{
	return p->peer == RIB_NO_PEER || p->peer == RIB_AGGREGATE;
}

static bool has_own(const struct family *f, const struct destination *d)
{
	for (uint32_t p = d->first; p; p = table_path(&f->table, p)->next)
		if (is_own(table_path(&f->table, p)))
			return true;
	return false;
}

static void turn_away(struct change *c, struct path *p)
{
	const struct member *m = rib_member(c->family->rib, p->peer, c->family->af);

	if (m && m->in.keep_all && p->epoch >= m->purge_before)
		path_judge(c, p, 0, m->generation);
	else
		path_turn_away(c, p->peer); // of several lent ones the first, which is this one
}

static void trim_destination(struct family *f, uint32_t n)
{
	const struct destination *d = table_at(&f->table, n);
	uint32_t next;

	if (!(d->info & DESTINATION_LIVE) || !table_best(&f->table, d) || has_own(f, d))
		return;
	struct change c = destination_begin(f, n);
	for (uint32_t p = d->first; p; p = next) {
		struct path *path = table_path(&f->table, p);
		next = path->next;
		if (path->attr)
			turn_away(&c, path);
	}
	room_refuse(f->limit->with.room, LIMIT_PREFIXES);
	destination_end(&c);
}

// From the end of the table backwards, where more of what came last is found than of what came
// first. Shards do it side by side, each until the room is no longer overfull.
bool limit_work(struct family *f, rib_deadline *over, void *arg)
{
	while (f->limit && f->limit->trim_next > 1) {
		const struct rib_limit *l = &f->limit->with;
		if (!l->most[LIMIT_PREFIXES] ||
		    held(l->room, LIMIT_PREFIXES) <= l->most[LIMIT_PREFIXES]) {
			f->limit->trim_next = 0;
			break;
		}
		trim_destination(f, --f->limit->trim_next);
		if (over(arg))
			return f->limit && f->limit->trim_next > 1;
	}
	return false;
}
