// Routes that come in: an UPDATE's prefixes, all with one set of attributes, what is originated
// here, and what other tables lend. The set is interned once; keys are read and hashed in blocks, so that the memory which the
// look-ups will touch is on its way before the first of them. A label that an NLRI carries is part of
// the set with which it stands, not of its key (RFC 8277 2).
#include "rib/group.h"

#include <string.h>

#include "base/cursor.h"

#define BLOCK 64u

struct block {
	struct af_key key[BLOCK];
	uint64_t hash[BLOCK];
	uint32_t label[BLOCK]; // of AF_LABELED families
	unsigned count;
};

static inline void read_keys(const struct family *f, struct cursor *c, struct block *b,
			     bool labeled)
{
	for (b->count = 0; b->count < BLOCK && cursor_left(c); b->count++) {
		if (labeled)
			b->label[b->count] = f->af->label_get(c->p);
		if (!f->af->nlri_get(c, &b->key[b->count]))
			return;
		b->hash[b->count] = af_key_hash(f->af, &b->key[b->count]);
		table_prefetch_slot(&f->table, b->hash[b->count]);
	}
}

static void read_block(const struct family *f, struct cursor *c, struct block *b)
{
	if (f->af->props & AF_LABELED)
		read_keys(f, c, b, true);
	else
		read_keys(f, c, b, false);
	for (unsigned i = 0; i < b->count; i++)
		table_prefetch_destination(&f->table, b->hash[i]);
}

static void withdraw(struct family *f, uint16_t peer, const struct af_key *key, uint64_t hash)
{
	uint32_t n = table_find(&f->table, key, hash);

	if (!n)
		return;
	struct change c = destination_begin(f, n);
	if (path_take(&c, peer))
		destination_end(&c);
}

static void reject(struct member *m, const struct af_key *key, uint64_t hash)
{
	struct family *f = m->family;
	uint32_t n = table_find(&f->table, key, hash);

	if (!n)
		return;
	struct change c = destination_begin(f, n);
	if (path_reject(&c, m->peer->number, m->generation))
		destination_end(&c);
}

// Of a limited table. rd: of a lent route; NULL: of the peer's.
static bool has_room(struct family *f, const struct af_key *key, uint64_t hash, uint16_t peer,
		     const uint8_t *rd)
{
	uint32_t prev, path = 0, n = table_find(&f->table, key, hash);

	if (n && rd)
		path = destination_lent_path(f, table_at(&f->table, n), rd, &prev);
	else if (n)
		path = destination_path(f, table_at(&f->table, n), peer, &prev);
	return limit_admits(f, n, path);
}

static void announce(struct member *m, const struct af_key *key, uint64_t hash, uint32_t attr_in)
{
	struct family *f = m->family;
	uint32_t verdict = import_verdict(m, attr_in, key);

	if (f->limit && verdict && !has_room(f, key, hash, m->peer->number, NULL))
		verdict = MEMO_REJECT;
	if (!verdict && !m->in.keep_all) {
		m->unkept++;
		reject(m, key, hash);
		return;
	}
	struct change c = destination_begin(f, table_add(&f->table, key, hash));
	if (path_put(&c, m->peer->number, attr_in, verdict, m->generation))
		destination_end(&c);
	else
		family_release(f);
}

// A set as received, by which label it comes with: runs of NLRI often have one in common.
struct arriving {
	struct attr_local local;
	uint32_t attr; // counted; 0: none yet
};

static void arrive(struct family *f, struct arriving *x, const struct span *attributes,
		   uint32_t label)
{
	if (x->attr && label == x->local.label)
		return;
	uint32_t old = x->attr;
	x->local.label = label;
	x->attr = attr_intern_bytes(&f->attrs, attributes->p, attributes->len, &x->local);
	attr_unref(&f->attrs, old);
}

void rib_update(struct rib *r, uint16_t peer, const struct af *af, const struct span *attributes,
		const struct span *nlri)
{
	struct member *m = rib_member(r, peer, af);
	struct cursor c = cursor_of(nlri->p, nlri->len);
	bool labeled = af->props & AF_LABELED;
	struct arriving x = {0};
	struct block b;

	if (!m || !m->import || !m->peer->up)
		return;
	struct family *f = m->family;
	family_settle(f);
	if (attributes) {
		x.local = import_local(m);
		if (!x.local.originator)
			x.local.source = m->in.source; // told from a set as it is sent (rib.c)
		if (!labeled)
			arrive(f, &x, attributes, 0);
	}
	do {
		read_block(f, &c, &b);
		for (unsigned i = 0; i < b.count; i++) {
			if (!attributes) {
				withdraw(f, peer, &b.key[i], b.hash[i]);
				continue;
			}
			if (labeled)
				arrive(f, &x, attributes, b.label[i]);
			announce(m, &b.key[i], b.hash[i], x.attr);
		}
	} while (b.count == BLOCK);
	attr_unref(&f->attrs, x.attr);
}

// Routes of our own meet no import policy; generation: newer than any.
void rib_originate(struct rib *r, const struct af *af, const struct af_key *key,
		   const struct attrs *as)
{
	struct family *f = rib_family(r, af);
	uint64_t hash = af_key_hash(af, key);

	family_settle(f);
	if (!as) {
		withdraw(f, RIB_NO_PEER, key, hash);
		return;
	}
	struct attrs local = *as;
	local.local.source = SOURCE_LOCAL;
	uint32_t attr = attr_intern(&f->attrs, &local);
	struct change c = destination_begin(f, table_add(&f->table, key, hash));
	if (path_put(&c, RIB_NO_PEER, attr, attr, UINT32_MAX))
		destination_end(&c);
	else
		family_release(f);
	attr_unref(&f->attrs, attr);
}

// Nor do lent ones: they met one on their way.
enum rib_lending rib_lend(struct rib *r, const struct af *af, const struct af_key *key,
			  const uint8_t rd[8], const struct attrs *as)
{
	struct family *f = rib_family(r, af);
	uint64_t hash = af_key_hash(af, key);

	family_settle(f);
	if (!as) {
		uint32_t n = table_find(&f->table, key, hash);
		if (!n)
			return LENDING_EQUAL;
		struct change c = destination_begin(f, n);
		if (!path_take_lent(&c, rd))
			return LENDING_EQUAL;
		destination_end(&c);
		return LENDING_GONE;
	}
	if (f->limit && !has_room(f, key, hash, RIB_LENT, rd))
		return LENDING_EQUAL;
	struct attrs lent = *as;
	memcpy(lent.local.rd, rd, 8);
	if (!lent.local.source)
		lent.local.source = SOURCE_LOCAL; // told from a set as it is sent (rib.c)
	uint32_t attr = attr_intern(&f->attrs, &lent);
	struct change c = destination_begin(f, table_add(&f->table, key, hash));
	enum rib_lending lending = path_lend(&c, attr);
	if (lending != LENDING_EQUAL)
		destination_end(&c);
	else
		family_release(f);
	attr_unref(&f->attrs, attr);
	return lending;
}
