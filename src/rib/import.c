// Import: what becomes of a set of attributes that a peer sent. The verdict is a function of the
// set and the prefix, so it is remembered per set in a memo (policy/memo.h) that all peers with
// the same import share; only the check of the first AS, which differs from peer to peer, is made
// outside it.
//
// Before the policy: RFC 4271 9.1.2 (AS loops), RFC 4456 section 8 (own ORIGINATOR_ID, own cluster),
// RFC 4271 5.1.5 (LOCAL_PREF of an external peer is ignored), and what VRP configures per peer.
#include "rib/group.h"

#include <string.h>

#include "base/mem.h"

// What the memo's verdicts depend on. The rest of rib_import is asked outside.
static struct rib_import essence(const struct rib_import *in)
{
	struct rib_import e = *in;

	e.keep_all = e.check_first_as = false;
	e.route_limit = 0;
	if (!in->program || !policy_program_uses_peer(in->program)) {
		e.peer = e.local = (struct ip){0};
		e.peer_as = 0;
	}
	return e;
}

static struct memo *import_memo(struct import *i);

struct import *import_share(struct family *f, const struct rib_import *in)
{
	struct rib_import e = essence(in);
	struct import *i;

	for (size_t n = 0; n < f->imports.count; n++) {
		i = f->imports.item[n];
		if (rib_import_equal(&i->with, &e)) {
			i->users++;
			return i;
		}
	}
	i = MEM_NEW(struct import);
	rib_import_copy(&i->with, &e);
	i->family = f;
	i->users = 1;
	vec_add(&f->imports, i);
	return i;
}

// The same but for the program.
static bool frames_equal(const struct rib_import *a, const struct rib_import *b)
{
	struct rib_import x = *a;

	x.program = b->program;
	return a->program && b->program && rib_import_equal(&x, b);
}

// Neighbours with the same policy change it together: the last answer is kept.
static const struct difference *difference_from(struct import *i, const struct policy_program *old)
{
	if (i->before != policy_program_number(old)) {
		i->before = policy_program_number(old);
		difference_of(old, i->with.program, &i->difference);
	}
	return &i->difference;
}

void import_doubt(struct member *m, const struct import *old, const struct rib_import *next,
		  uint32_t generation)
{
	m->doubt_serial++;
	if (m->received == m->dead) { // there are no verdicts
		m->doubt = (struct difference){0};
		m->vouched = 0;
		return;
	}
	if (old && generation >= m->generation && frames_equal(&m->in, next)) {
		difference_add(&m->doubt, difference_from(m->import, m->in.program));
		return;
	}
	m->vouched = 0;
	difference_everywhere(&m->doubt);
}

// A peer goes from one import to the next. When it was the last one of the old import, what that
// one knows goes along: most sets mean the same under both programs.
void import_succeed(struct import *next, struct import *old)
{
	if (!old || !old->memo || next == old || old->users != 1 ||
	    !frames_equal(&old->with, &next->with))
		return;
	struct memo *older = old->memo;
	old->memo = NULL;
	memo_inherit(next->memo ? next->memo : import_memo(next), older);
}

bool import_shed(struct family *f)
{
	for (size_t n = 0; n < f->imports.count; n++) {
		struct import *i = f->imports.item[n];
		if (i->memo && memo_shed(i->memo))
			return true;
	}
	return false;
}

static void forget_memo(struct import *i)
{
	struct memo *m = i->memo;

	i->memo = NULL; // sets that go now need not be told to it
	if (m)
		memo_free(m);
}

void import_drop(struct import *i)
{
	if (!i || --i->users)
		return;
	vec_drop(&i->family->imports, i);
	forget_memo(i);
	rib_import_clear(&i->with);
	mem_free(i);
}

void import_outdate(struct family *f)
{
	for (size_t n = 0; n < f->imports.count; n++)
		forget_memo(f->imports.item[n]);
	for (unsigned i = 0; i < RIB_PEERS_MAX; i++) {
		struct member *m = rib_member(f->rib, (uint16_t)i, f->af);
		if (!m)
			continue;
		m->doubt_serial++;
		difference_everywhere(&m->doubt);
	}
}

// --- before the policy ----------------------------------------------------------------------------
static bool is_internal(uint8_t source)
{
	return source == SOURCE_IBGP || source == SOURCE_IBGP_CLIENT;
}

static bool own_as_too_often(const struct import *i, const struct attr *path)
{
	const struct rib_options *o = i->family->options;
	uint32_t own[] = {o->local_as, o->confederation_id, i->with.fake_as};

	for (unsigned n = 0; path && n < 3; n++)
		if (own[n] && as_path_count(path->value, path->len, own[n]) > i->with.allow_as_loop)
			return true;
	return false;
}

static enum rib_bar cluster_loop(const struct import *i, const struct attrs *as)
{
	const struct rib_options *o = i->family->options;
	const struct attr *clusters = attrs_find(as, ATTR_CLUSTER_LIST);
	uint32_t own = o->cluster_id ? o->cluster_id : o->router_id, id;
	unsigned times = 0;

	if (attrs_u32(as, ATTR_ORIGINATOR_ID, &id) && id == o->router_id)
		return BAR_OWN_ORIGINATOR;
	for (unsigned at = 0; clusters && at + 4 <= clusters->len; at += 4) {
		struct cursor c = cursor_of(clusters->value + at, 4);
		times += cursor_u32(&c) == own;
	}
	return times > i->with.allow_cluster_loop ? BAR_CLUSTER_LOOP : BAR_NONE;
}

static enum rib_bar loop_of(const struct import *i, const struct attrs *as)
{
	if (own_as_too_often(i, attrs_find(as, ATTR_AS_PATH)))
		return BAR_AS_LOOP;
	return is_internal(i->with.source) ? cluster_loop(i, as) : BAR_NONE;
}

static bool keep_public(uint32_t as, void *arg)
{
	return !rib_as_is_private(as);
}

static void drop_private(struct attrs *as, struct arena *a)
{
	const struct attr *path = attrs_find(as, ATTR_AS_PATH);

	if (!path)
		return;
	struct span s = as_path_filter(a, path->value, path->len, keep_public, NULL);
	if (s.len != path->len)
		attrs_put(as, ATTR_AS_PATH, ATTR_TRANSITIVE, s.p, s.len);
}

// RFC 4364 section 7.
static void put_site(const struct import *i, struct attrs *as, struct arena *a)
{
	const struct attr *old = attrs_find(as, ATTR_EXT_COMMUNITY);
	struct span site = {.p = i->with.site, .len = sizeof(i->with.site)}, all = {0};

	if (old)
		all = (struct span){.p = old->value, .len = old->len};
	all = communities_union(a, all, site, 8);
	attrs_put(as, ATTR_EXT_COMMUNITY, ATTR_OPTIONAL | ATTR_TRANSITIVE, all.p, all.len);
}

enum rib_bar import_before(const struct import *i, const struct attr_set *set, struct attrs *as,
			   struct arena *a)
{
	const struct rib_options *o = i->family->options;
	enum rib_bar loop = loop_of(i, as);

	if (!i->with.program)
		return BAR_NO_IMPORT;
	if (loop)
		return loop;
	if (o->as_path_limit && set->path_length > o->as_path_limit)
		return BAR_PATH_LIMIT;
	as->local.source = i->with.source;
	as->local.preferred_value = i->with.preferred_value;
	if (!as->local.preference)
		as->local.preference = 255;
	if (i->with.source == SOURCE_EBGP) {
		attrs_drop(as, ATTR_LOCAL_PREF);
		if (o->default_local_pref != 100)
			attrs_put_u32(as, a, ATTR_LOCAL_PREF, o->default_local_pref);
	}
	if (i->with.discard_ext_community) {
		attrs_drop(as, ATTR_EXT_COMMUNITY);
		attrs_drop(as, ATTR_IPV6_EXT_COMMUNITY);
	}
	if (i->with.has_site)
		put_site(i, as, a);
	if (i->with.public_as_only)
		drop_private(as, a);
	return BAR_NONE;
}

static bool before(void *arg, const struct attr_set *set, struct attrs *as, struct arena *a)
{
	return !import_before(arg, set, as, a);
}

struct policy_context import_context(const struct import *i)
{
	return (struct policy_context){.peer = i->with.peer,
				       .local = i->with.local,
				       .peer_as = i->with.peer_as,
				       .local_as = i->family->options->local_as};
}

static struct memo *import_memo(struct import *i)
{
	const struct policy_context x = import_context(i);
	const struct memo_ops ops = {.before = before, .arg = i};

	i->memo = memo_new(&i->family->attrs, i->with.program, &x, &ops);
	return i->memo;
}

enum rib_bar import_bar(const struct member *m, const struct attr_set *received)
{
	if (!m->import->with.program)
		return BAR_NO_IMPORT;
	if (m->in.check_first_as && m->in.source == SOURCE_EBGP &&
	    received->neighbor_as != m->in.peer_as)
		return BAR_FIRST_AS;
	return BAR_NONE;
}

static bool is_barred(const struct member *m, uint32_t attr_in)
{
	return import_bar(m, attr_at(&m->family->attrs, attr_in));
}

uint32_t import_verdict(struct member *m, uint32_t attr_in, const struct af_key *key)
{
	struct import *i = m->import;

	if (is_barred(m, attr_in))
		return MEMO_REJECT;
	return memo_verdict(i->memo ? i->memo : import_memo(i), attr_in, m->family->af, key);
}

bool import_final(struct member *m, uint32_t attr_in, uint32_t *ret_verdict)
{
	struct import *i = m->import;

	*ret_verdict = MEMO_REJECT;
	if (is_barred(m, attr_in))
		return true;
	return memo_final(i->memo ? i->memo : import_memo(i), attr_in, ret_verdict);
}

bool import_is_loop(struct member *m, const struct attr_set *received)
{
	struct attrs as;

	if (!m->import)
		return false;
	attr_open(received, &as);
	return loop_of(m->import, &as);
}

// A set as received carries the peer's identifier, so that the memo need not know the peer. When
// the policy changes nothing it may as well carry what import adds: then the set that it yields
// is the same one. Otherwise it is marked as not imported yet, so that what one policy yields is
// never what another one takes.
struct attr_local import_local(const struct member *m)
{
	struct attr_local l = {.originator = m->peer->session.router_id};

	if (m->in.program && policy_program_is_open(m->in.program)) {
		l.source = m->in.source;
		l.preferred_value = m->in.preferred_value;
		l.preference = 255;
	}
	return l;
}
