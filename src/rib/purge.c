// Removing the paths of ended sessions, and those that a refresh did not bring again (RFC 7313
// section 4). Which paths are dead follows from their epoch alone, so the walk may take its time:
// a route that comes after the end carries a newer epoch and stays. One walk serves all peers of a
// family; who needs it while it is under way lets it go round once more from there.
#include "rib/group.h"

void purge_start(struct family *f)
{
	if (!f->purging)
		f->purge_next = 1;
	f->purging = true;
	f->purge_wrapped = false;
	f->purge_stop = f->purge_next;
	rib_wake(f->rib);
}

static bool is_dead(const struct family *f, const struct path *p)
{
	const struct rib_peer *peer = rib_peer(f->rib, p->peer);

	return peer && p->epoch < peer->members[af_index(f->af)]->purge_before;
}

static void purge_destination(struct family *f, uint32_t n)
{
	const struct destination *d = table_at(&f->table, n);
	uint32_t next, p = d->first;

	while (p && !is_dead(f, table_path(&f->table, p)))
		p = table_path(&f->table, p)->next;
	if (!p)
		return;
	struct change c = destination_begin(f, n);
	for (; p; p = next) {
		const struct path *path = table_path(&f->table, p);
		next = path->next;
		if (is_dead(f, path))
			path_take(&c, path->peer);
	}
	destination_end(&c);
}

// The next number of the round; 0: it is complete.
static uint32_t next_number(struct family *f)
{
	if (f->purge_next >= f->table.destinations.end && !f->purge_wrapped) {
		f->purge_wrapped = true;
		f->purge_next = 1;
	}
	if (f->purge_wrapped && f->purge_next >= f->purge_stop)
		f->purging = false;
	return f->purging ? f->purge_next++ : 0;
}

bool purge_work(struct family *f, rib_deadline *over, void *arg)
{
	while (f->purging) {
		if (over(arg))
			return true;
		for (unsigned i = 0; i < SLICE; i++) {
			uint32_t n = next_number(f);
			if (!n)
				break;
			if (table_at(&f->table, n)->info & DESTINATION_LIVE)
				purge_destination(f, n);
		}
	}
	return false;
}
