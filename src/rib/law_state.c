// Policies of the law's cases, and telling a rib what the state says (rib/law_state.h). Routes between
// the tables of one rib are exchanged here as vpn/ does it, so that changes nest.
#include "rib/law_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

// --- policies -------------------------------------------------------------------------------------
void law_compile_policies(struct law *l)
{
	char text[2048];
	unsigned community = below(l, 3), cost = below(l, 3), other_cost = below(l, 3);

	snprintf(
		text, sizeof(text),
		"ip ip-prefix l permit 10.0.0.0 8 greater-equal 8 less-equal %u\n"
		"ip ip-prefix m permit 10.%u.0.0 16 greater-equal 16 less-equal 32\n"
		"ip as-path-filter 1 permit _650%u0_\n"
		"ip community-filter basic 1 permit %u:%u\n"
		"route-policy p1 permit node 10\nif-match ip-prefix m\napply local-preference %u\n"
		"route-policy p1 permit node 20\n"
		"route-policy p2 deny node 10\nif-match community-filter 1\n"
		"route-policy p2 permit node 20\napply community 65000:%u additive\n"
		"route-policy p3 permit node 10\nif-match as-path-filter 1\napply cost + %u\n"
		"route-policy p3 permit node 20\n"
		"route-policy p4 deny node 10\nif-match ip-prefix m\n"
		"route-policy p4 permit node 20\n"
		"route-policy p5 permit node 10\napply as-path 6501%u additive\n"
		"route-policy p6 permit node 10\nif-match ip-prefix m\n"
		"apply ip-address next-hop 10.0.0.%u\n"
		"route-policy p6 permit node 20\napply cost %u\n"
		"route-policy p7 permit node 10\nif-match as-path-filter 1\napply preferred-value %u\n"
		"route-policy p7 permit node 20\n"
		"route-policy p8 deny node 10\n"
		"route-policy p9 permit node 10\nif-match ip-prefix l\napply community none\n"
		"route-policy p10 deny node 5\nif-match ip-prefix m\n" // p2, with a node in front
		"route-policy p10 deny node 10\nif-match community-filter 1\n"
		"route-policy p10 permit node 20\napply community 65000:%u additive\n"
		"route-policy p11 permit node 10\nif-match as-path-filter 1\napply cost + %u\n"
		"route-policy p11 permit node 15\nif-match ip-prefix m\napply cost 7\n" // p3
		"route-policy p11 permit node 20\n"
		"route-policy p12 permit node 5\nif-match ip-prefix l\nif-match as-path-filter 1\n"
		"apply cost 9\ngoto next-node\n"
		"route-policy p12 permit node 20\napply cost %u\n", // p6
		below(l, 2) ? 24 : 16, below(l, 3), 1 + below(l, 2), 1 + below(l, 2),
		1 + below(l, 2), 90 + 10 * below(l, 4), community, cost, below(l, 3),
		1 + below(l, 8), other_cost, below(l, 3), community, cost, other_cost);
	fixture_config(&l->w.policy, text);
}

void law_bind_programs(struct law *l)
{
	for (unsigned d = 0; d < 2; d++)
		for (unsigned f = 0; f < LAW_FAMILIES; f++)
			for (unsigned i = 0; i < POLICIES; i++) {
				char name[8];
				snprintf(name, sizeof(name), "p%u", i);
				struct policy_program *old = l->program[d][f][i];
				l->program[d][f][i] = fixture_program(
					&l->w.policy, law_family(f)->name, !d, i ? name : NULL);
				if (old)
					policy_program_unref(old);
			}
}

// --- telling the rib ------------------------------------------------------------------------------
void law_tell(struct law *l, unsigned peer, unsigned f, unsigned prefix)
{
	struct truth *t = &l->peer[peer];
	struct buf nlri = {0};
	int set = t->route[f][prefix];

	law_family(f)->nlri_put(&nlri, &l->pool.keys[f][prefix]);
	if (f == LAW_LABELED && set != NO_ROUTE)
		law_family(f)->label_put(nlri.data, l->pool.labels[set]);
	struct span n = {nlri.data, nlri.len};
	if (set == NO_ROUTE) {
		rib_update(l->w.rib, (uint16_t)peer, law_family(f), NULL, &n);
	} else {
		struct span a = {l->pool.sets[f][set].data, l->pool.sets[f][set].len};
		rib_update(l->w.rib, (uint16_t)peer, law_family(f), &a, &n);
	}
	buf_free(&nlri);
}

void law_tell_own(struct law *l, unsigned f, unsigned prefix)
{
	int set = l->own[f][prefix];

	rib_originate(l->w.rib, law_family(f), &l->pool.keys[f][prefix],
		      set == NO_ROUTE ? NULL : &l->pool.own_sets[f][set]);
}

void law_tell_lent(struct law *l, unsigned f, unsigned prefix, unsigned lender)
{
	const uint8_t rd[8] = {[7] = (uint8_t)(1 + lender)};
	int set = l->lent[f][prefix][lender];

	rib_lend(l->w.rib, law_family(f), &l->pool.keys[f][prefix], rd,
		 set == NO_ROUTE ? NULL : &l->pool.lent_sets[f][set]);
}

// What vpn/exchange does, within one rib: changes nest, in two tables.
void law_exchange(struct world *w, const struct af *af, const struct rib_move *m)
{
	struct law *l = (struct law *)((char *)w - offsetof(struct law, w));
	const struct af *to = af == law_family(0) ? law_family(LAW_LABELED) : law_family(0);
	static const uint8_t lent_rd[8] = {[7] = 200};
	struct af_key key, there;
	struct attrs as;
	uint16_t peer;

	if (!l->exchanging || (af != law_family(0) && af != law_family(LAW_LABELED)))
		return;
	const struct attr_set *own = rib_best_own(w->rib, af, m->number, &key, &peer);
	if (own) {
		attr_open(own, &as);
		as.local.source = af->inner ? own->local.source : SOURCE_LOCAL;
		as.local.label = af->inner ? 0 : 21;
	}
	if (af->inner)
		af->to_inner(m->key, &there);
	else
		to->from_inner(m->key, lent_rd, &there);
	rib_lend(w->rib, to, &there, af->inner ? af->rd(m->key) : lent_rd, own ? &as : NULL);
}

void law_tell_import(struct law *l, unsigned peer, unsigned f)
{
	struct truth *t = &l->peer[peer];

	t->in[f].program = l->program[0][f][t->import_policy[f]];
	t->in[f].source = t->kind;
	rib_peer_import(l->w.rib, (uint16_t)peer, law_family(f), &t->in[f], l->w.generation);
}

void law_tell_export(struct law *l, unsigned peer, unsigned f)
{
	struct truth *t = &l->peer[peer];

	t->out[f].program = l->program[1][f][t->export_policy[f]];
	t->out[f].kind = t->kind;
	rib_peer_export(l->w.rib, (uint16_t)peer, law_family(f), &t->out[f], l->w.generation);
}

void law_tell_up(struct law *l, unsigned peer)
{
	l->w.peers[peer].kind = l->peer[peer].kind;
	l->w.peers[peer].traits = l->peer[peer].traits;
	world_up(&l->w, (uint16_t)peer, l->peer[peer].traits.families ? NULL : law_family(0)->name);
}
