// Commits in stages (stage.h). Three questions: may this configuration be taken over peer by peer;
// which peers does it concern; and what is the mixture for those that are chosen. Everything is
// compared by value, and programs by pointer, as plan.c does: a name that moved is no difference.
// What of a peer may differ is what a route meets on its way in and out; whatever concerns the
// session, what is stored, or anybody else is refused, since there would be no half of it.
#include "speaker/stage.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "speaker/private.h"

static bool bar(struct buf *why, const char *what)
{
	buf_text(why, what);
	return false;
}

// --- the instance -----------------------------------------------------------------------------------
static bool whole_possible(const struct speaker_config *a, const struct speaker_config *b,
			   struct buf *why)
{
	if (a->present != b->present || a->as != b->as)
		return bar(why, "bgp");
	if (a->router_id != b->router_id)
		return bar(why, "the router ID");
	if (strcmp(a->sysname, b->sysname) != 0)
		return bar(why, "sysname");
	if (a->keep_all != b->keep_all)
		return bar(why, "keep-all-routes");
	if (a->policy_required != b->policy_required)
		return bar(why, "ebgp-policy-required");
	if (a->stale_limit != b->stale_limit)
		return bar(why, "timer refresh-stale");
	if (a->dynamic_session_limit != b->dynamic_session_limit)
		return bar(why, "bgp dynamic-session-limit");
	if (a->constrain != b->constrain || a->membership_wait != b->membership_wait)
		return bar(why, "constraints by route target");
	return true;
}

static void bar_family(struct buf *why, const char *what, const struct instance_config *c,
		       unsigned i)
{
	buf_format(why, "%s of %s", what, af_list[i]->title);
	if (c->name[0])
		buf_format(why, " in VPN instance %s", c->name);
}

static bool networks_equal(const struct af *af, const struct family_config *a,
			   const struct family_config *b)
{
	if (a->network_count != b->network_count)
		return false;
	for (unsigned i = 0; i < a->network_count; i++) {
		const struct origin_config *x = &a->networks[i], *y = &b->networks[i];

		if (memcmp(x->key.b, y->key.b, af->key_size) != 0 || x->program != y->program ||
		    !origin_attributes_equal(x, y))
			return false;
	}
	return true;
}

static bool tables_possible(const struct instance_config *a, const struct instance_config *b,
			    unsigned i, struct buf *why)
{
	const struct family_config *x = &a->family[i], *y = &b->family[i];

	if (options_difference(&x->options, &y->options) || x->constrained != y->constrained)
		bar_family(why, "an option", b, i);
	else if (!networks_equal(af_list[i], x, y))
		bar_family(why, "a network", b, i);
	else if (!aggregates_equal(af_list[i], x, y))
		bar_family(why, "an aggregate", b, i);
	else if (!vpn_link_import_equal(&a->link[i], &b->link[i]) ||
		 !vpn_link_export_equal(&a->link[i], &b->link[i]))
		bar_family(why, "targets, distinguisher or policy", b, i);
	else if (a->route_limit[i] != b->route_limit[i] ||
		 a->prefix_limit[i] != b->prefix_limit[i] ||
		 a->route_limit_percent[i] != b->route_limit_percent[i] ||
		 a->prefix_limit_percent[i] != b->prefix_limit_percent[i] ||
		 a->prefix_limit_keeps[i] != b->prefix_limit_keeps[i])
		bar_family(why, "a limit", b, i);
	else
		return true;
	return false;
}

static bool instances_possible(const struct speaker_config *a, const struct speaker_config *b,
			       struct buf *why)
{
	if (a->instance_count != b->instance_count)
		return bar(why, "a VPN instance that comes or goes");
	for (unsigned n = 0; n < a->instance_count; n++) {
		const struct instance_config *x = &a->instances[n], *y = &b->instances[n];

		if (x->number != y->number || strcmp(x->name, y->name) != 0)
			return bar(why, "a VPN instance that comes or goes");
		if (x->router_id != y->router_id || x->families != y->families) {
			buf_format(why, "VPN instance %s", y->name);
			return false;
		}
		for (unsigned i = 0; i < af_count; i++) {
			if (!tables_possible(x, y, i, why))
				return false;
		}
	}
	return true;
}

// --- peers ------------------------------------------------------------------------------------------
// What a route meets: everything of import and export but what says which routes are stored.
static bool routes_meet_same(const struct peer_family *a, const struct peer_family *b)
{
	struct rib_import in = b->import;

	in.keep_all = a->import.keep_all;
	in.route_limit = a->import.route_limit;
	return rib_import_equal(&a->import, &in) && rib_export_equal(&a->export, &b->export);
}

static const char *family_bar(const struct peer_family *a, const struct peer_family *b)
{
	if (a->enabled != b->enabled)
		return "an address family";
	if (a->keep_own != b->keep_own || a->import.keep_all != b->import.keep_all)
		return "keep-all-routes";
	if (a->route_limit != b->route_limit || a->route_limit_percent != b->route_limit_percent ||
	    a->route_limit_alert_only != b->route_limit_alert_only ||
	    a->route_limit_idle_forever != b->route_limit_idle_forever ||
	    a->route_limit_idle != b->route_limit_idle ||
	    a->route_limit_accepted != b->route_limit_accepted ||
	    a->import.route_limit != b->import.route_limit)
		return "route-limit";
	if (a->update_interval != b->update_interval)
		return "route-update-interval";
	return NULL;
}

static const char *peer_bar(const struct peer_config *a, const struct peer_config *b)
{
	const struct sess_config *x = &a->session, *y = &b->session;
	const char *what = NULL;

	if (strcmp(a->group, b->group) != 0)
		return "the group";
	if (!sess_config_equal(x, y) || x->connect_retry != y->connect_retry ||
	    x->passive != y->passive || x->active_only != y->active_only ||
	    x->idle_hold != y->idle_hold)
		return "the session";
	if (strcmp(a->description, b->description) != 0)
		return "the description";
	if (a->log_changes != b->log_changes)
		return "log-change";
	for (unsigned i = 0; i < af_count && !what; i++)
		what = family_bar(&a->family[i], &b->family[i]);
	return what;
}

static bool peers_possible(const struct speaker_config *a, const struct speaker_config *b,
			   struct buf *why)
{
	char address[IP_TEXT_MAX];

	for (unsigned i = 0; i < b->peer_count; i++) {
		const struct peer_config *y = &b->peers[i];
		const struct peer_config *x = speaker_config_peer(a, y->instance, &y->address);
		const char *what = x ? peer_bar(x, y) : NULL;

		if (!x)
			buf_format(why, "the new peer %s", ip_text(&y->address, address));
		else if (what)
			buf_format(why, "%s of peer %s", what, ip_text(&y->address, address));
		if (!x || what)
			return false;
	}
	for (unsigned i = 0; i < a->peer_count; i++) {
		if (!speaker_config_peer(b, a->peers[i].instance, &a->peers[i].address)) {
			buf_format(why, "the removal of peer %s",
				   ip_text(&a->peers[i].address, address));
			return false;
		}
	}
	return true;
}

static bool listens_same(const struct group_config *a, const struct group_config *b)
{
	if (a->listen_net_count != b->listen_net_count || a->listen_as_count != b->listen_as_count)
		return false;
	for (unsigned i = 0; i < a->listen_net_count; i++) {
		if (!ip_equal(&a->listen_net[i].net, &b->listen_net[i].net) ||
		    a->listen_net[i].length != b->listen_net[i].length)
			return false;
	}
	return !memcmp(a->listen_as, b->listen_as, a->listen_as_count * sizeof(*a->listen_as)) &&
	       a->listen_as_from == b->listen_as_from && a->listen_as_to == b->listen_as_to;
}

static const struct group_config *group_same(const struct speaker_config *c,
					     const struct group_config *g)
{
	return speaker_config_group_in(c, g->template_peer.instance, g->name);
}

static bool groups_possible(const struct speaker_config *a, const struct speaker_config *b,
			    struct buf *why)
{
	if (a->group_count != b->group_count)
		return bar(why, "a peer group that comes or goes");
	for (unsigned i = 0; i < b->group_count; i++) {
		const struct group_config *y = &b->groups[i], *x = group_same(a, y);
		const char *what;

		if (!x)
			return bar(why, "a peer group that comes or goes");
		what = peer_bar(&x->template_peer, &y->template_peer);
		if (!what && (x->internal != y->internal || x->external != y->external ||
			      x->listen != y->listen || x->as != y->as || !listens_same(x, y)))
			what = "what makes peers members";
		if (what) {
			buf_format(why, "%s of group %s", what, y->name);
			return false;
		}
	}
	return true;
}

bool stage_possible(const struct speaker_config *before, const struct speaker_config *next,
		    struct buf *why)
{
	if (!before)
		return bar(why, "bgp");
	return whole_possible(before, next, why) && instances_possible(before, next, why) &&
	       groups_possible(before, next, why) && peers_possible(before, next, why);
}

// --- whom it concerns ---------------------------------------------------------------------------------
static bool peer_concerned(const struct peer_config *a, const struct peer_config *b)
{
	for (unsigned i = 0; i < af_count; i++) {
		if (a->family[i].enabled && !routes_meet_same(&a->family[i], &b->family[i]))
			return true;
	}
	return false;
}

static bool speaker_peer_concerned(const struct speaker_peer *p, const struct speaker_config *next)
{
	const struct peer_config *c = speaker_config_peer(next, p->instance, &p->address);
	const struct group_config *g;
	struct peer_config *member;

	if (c || !p->own)
		return c && peer_concerned(p->config, c);
	g = speaker_config_group_in(next, p->instance, p->config->group);
	if (!g || p->gone)
		return false;
	member = group_member(g, &p->address);
	bool concerned = peer_concerned(p->config, member);
	peer_config_release(member);
	mem_free(member);
	return concerned;
}

static int compare_stage_peers(const void *a, const void *b)
{
	const struct stage_peer *x = a, *y = b;
	int order = ip_compare(&x->address, &y->address);

	return order ? order : (x->instance > y->instance) - (x->instance < y->instance);
}

unsigned stage_peers(struct speaker *s, const struct speaker_config *next, struct stage_peer **ret)
{
	struct stage_peer *list = mem_zero((s->peers.count + 1) * sizeof(*list));
	unsigned n = 0;

	for (size_t i = 0; i < s->peers.count; i++) {
		const struct speaker_peer *p = s->peers.item[i];

		if (speaker_peer_concerned(p, next))
			list[n++] = (struct stage_peer){p->instance, p->address, false};
	}
	qsort(list, n, sizeof(*list), compare_stage_peers);
	*ret = list;
	return n;
}

// --- the mixture --------------------------------------------------------------------------------------
static bool is_chosen(const struct stage_peer *peers, unsigned count, uint16_t instance,
		      const struct ip *address)
{
	for (unsigned i = 0; i < count; i++) {
		if (peers[i].instance == instance && ip_equal(&peers[i].address, address))
			return peers[i].chosen;
	}
	return false;
}

// `to` gets what routes meet at `from`; it holds references of its own.
static void keep_policies(struct peer_config *to, const struct peer_config *from)
{
	struct peer_config old = *to;

	for (unsigned i = 0; i < af_count; i++) {
		struct peer_family *f = &to->family[i];
		const struct peer_family *g = &from->family[i];

		f->import = g->import;
		f->export = g->export;
		memcpy(f->import_policy, g->import_policy, sizeof(f->import_policy));
		memcpy(f->export_policy, g->export_policy, sizeof(f->export_policy));
	}
	peer_config_hold(to);
	peer_config_release(&old);
}

static void hold_back_group(struct group_config *g, const struct group_config *before,
			    const struct stage_peer *peers, unsigned count)
{
	g->ahead = mem_copy(&g->template_peer, sizeof(*g->ahead));
	peer_config_hold(g->ahead);
	g->ahead_members = mem_zero((count + 1) * sizeof(*g->ahead_members));
	for (unsigned i = 0; i < count; i++) {
		if (peers[i].chosen && peers[i].instance == g->template_peer.instance)
			g->ahead_members[g->ahead_count++] = peers[i].address;
	}
	keep_policies(&g->template_peer, &before->template_peer);
}

void stage_hold_back(struct speaker_config *next, const struct speaker_config *before,
		     const struct stage_peer *peers, unsigned count)
{
	for (unsigned i = 0; i < next->peer_count; i++) {
		struct peer_config *c = &next->peers[i];
		const struct peer_config *old =
			speaker_config_peer(before, c->instance, &c->address);

		if (old && !is_chosen(peers, count, c->instance, &c->address))
			keep_policies(c, old);
	}
	for (unsigned i = 0; i < next->group_count; i++) {
		const struct group_config *old = group_same(before, &next->groups[i]);

		if (old)
			hold_back_group(&next->groups[i], old, peers, count);
	}
}
