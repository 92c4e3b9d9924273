// The effects that rows declare, against what a change of one statement does to the compiled
// configuration. For each change: what differs afterwards (sessions, import, export, options of the
// families) must be declared by the row, and a row that declares something must make something
// differ. Every row is changed at least once.
#include "model/fixture.h"

#include <string.h>

#include "soft/soft.h"

// Peers of all kinds: .1 and .5 external, .2 internal, .3 of the group g, .4 to be reflected to.
static const char base[] =
	"ip ip-prefix p index 10 permit 10.0.0.0 8\n#\n"
	"ip ipv6-prefix p6 index 10 permit 2001:db8:: 32\n#\n"
	"ip as-path-filter 1 index 10 permit ^1_\n#\n"
	"ip community-filter 1 index 10 permit 1:1\n#\n"
	"ip community-filter 100 index 10 permit ^1:\n#\n"
	"ip extcommunity-filter 1 index 10 permit rt 1:1\n#\n"
	"ip extcommunity-filter 200 index 10 permit ^1:\n#\n"
	"ip extcommunity-list soo basic s index 10 permit 1:1\n#\n"
	"ip extcommunity-list soo advanced sa index 10 permit ^1:\n#\n"
	"ip large-community-filter basic l index 10 permit 1:1:1\n#\n"
	"ip large-community-filter advanced la index 10 permit ^1:\n#\n"
	"ip rd-filter 1 index 10 permit 1:1\n#\n"
	"ip community-list cl\n community 1:1\n#\n"
	"ip large-community-list ll\n large-community 1:1:1\n#\n"
	"acl number 2000\n rule 5 permit source 10.0.0.0 0.255.255.255\n#\n"
	"acl ipv6 number 2000\n rule 5 permit source 2001:db8:: 32\n#\n"
	"route-policy uses permit node 10\n if-match ip-prefix p\n apply cost 1\n#\n"
	"route-policy uses permit node 20\n if-match ipv6 address prefix-list p6\n apply cost 2\n#\n"
	"route-policy uses permit node 30\n if-match acl 2000\n apply cost 3\n#\n"
	"route-policy uses permit node 31\n if-match acl north\n apply cost 3\n#\n"
	"route-policy uses permit node 40\n if-match ipv6 address acl 2000\n apply cost 4\n#\n"
	"route-policy uses permit node 41\n if-match ipv6 address acl north6\n apply cost 4\n#\n"
	"route-policy uses permit node 50\n if-match as-path-filter 1\n apply cost 5\n#\n"
	"route-policy uses permit node 60\n if-match community-filter 1\n apply cost 6\n#\n"
	"route-policy uses permit node 61\n if-match community-filter 100\n apply cost 6\n#\n"
	"route-policy uses permit node 70\n if-match extcommunity-filter 1\n apply cost 7\n#\n"
	"route-policy uses permit node 71\n if-match extcommunity-filter 200\n apply cost 7\n#\n"
	"route-policy uses permit node 72\n if-match extcommunity-list soo s\n apply cost 7\n#\n"
	"route-policy uses permit node 73\n if-match extcommunity-list soo sa\n apply cost 7\n#\n"
	"route-policy uses permit node 80\n if-match large-community-filter l\n apply cost 8\n#\n"
	"route-policy uses permit node 81\n if-match large-community-filter la\n apply cost 8\n#\n"
	"route-policy uses permit node 82\n if-match rd-filter 1\n apply cost 8\n#\n"
	"route-policy uses permit node 90\n apply community community-list cl\n"
	" apply large-community-list ll overwrite\n#\n"
	"route-policy plain permit node 10\n apply cost 9\n#\n"
	"bgp 100\n router-id 10.9.9.9\n peer 10.0.0.1 as-number 200\n peer 10.0.0.2 as-number 100\n"
	" group g external\n peer g as-number 300\n peer 10.0.0.3 group g\n group h external\n"
	" peer h as-number 200\n group d listen external\n"
	" peer 10.0.0.4 as-number 100\n peer 10.0.0.5 as-number 64512\n"
	" peer 2001:db8::1 as-number 200\n #\n"
	" ipv4-family unicast\n  peer 10.0.0.1 route-policy uses import\n"
	"  peer 10.0.0.1 route-policy uses export\n #\n"
	" ipv6-family unicast\n  peer 2001:db8::1 enable\n"
	"  peer 2001:db8::1 route-policy uses import\n"
	" ipv4-family vpnv4\n  peer 10.0.0.2 enable\n"
	" ipv4-family vpn-target\n  peer 10.0.0.2 enable\n"
	" ipv4-family mvpn\n  peer 10.0.0.2 enable\n"
	" vpn-instance v\n  peer 10.0.0.1 as-number 200\n  group g external\n"
	" ipv4-family vpn-instance v\n  peer 10.0.0.9 as-number 100\n"
	" ipv4-multicast vpn-instance v\n  peer 10.0.0.9 enable\n#\n"
	"ip vpn-instance v\n ipv4-family\n  route-distinguisher 1:1\n  vpn-target 1:1\n#\n"
	"ip vpn-instance w\n ipv4-family\n#\n";

#define V4     "bgp 100\n ipv4-family unicast\n"
#define V6     "bgp 100\n ipv6-family unicast\n"
#define VPN4   "bgp 100\n ipv4-family vpnv4\n"
#define TARGET "bgp 100\n ipv4-family vpn-target\n"
#define IN_VPN "ip vpn-instance v\n ipv4-family\n"
#define V_IN_V "bgp 100\n ipv4-family vpn-instance v\n"
#define RP     "route-policy uses permit node 10\n"
#define RE     "route-policy uses permit node 90\n"

// `~`: has the effect that is declared, but not in this base.
static const char *const changes[] = {
	"sysname x",
	"~router id 10.9.9.8", // the BGP view has one
	"commit-guard max-withdrawn 100",
	"commit-guard max-rejected 2.5%",
	"commit-guard max-moved 5%",
	"commit-guard no-session-reset",
	"commit-guard protect-prefix p",
	"acl number 2000\n rule 10 permit",
	"acl number 2000\n description x",
	"acl name north basic\n rule 10 permit",
	"acl ipv6 number 2000\n rule 10 permit",
	"acl ipv6 name north6 basic\n rule 5 permit",
	"ip ip-prefix p index 20 permit 11.0.0.0 8",
	"ip ip-prefix p description x",
	"ip ipv6-prefix p6 index 20 permit 2001:db9:: 32",
	"ip ipv6-prefix p6 description x",
	"ip as-path-filter 1 index 20 permit ^2_",
	"ip community-filter 1 index 20 permit 2:2",
	"ip community-filter 100 index 20 permit ^2:",
	"ip extcommunity-filter 1 index 20 permit rt 2:2",
	"ip extcommunity-filter 200 index 20 permit ^2:",
	"ip extcommunity-list soo basic s index 20 permit 2:2",
	"ip extcommunity-list soo advanced sa index 20 permit ^2:",
	"ip large-community-filter basic l index 20 permit 2:2:2",
	"ip large-community-filter advanced la index 20 permit ^2:",
	"ip rd-filter 1 index 20 permit 2:*",
	"ip community-list cl\n community 2:2",
	"ip large-community-list ll\n large-community 2:2:2",
	"route-policy uses deny node 5",
	"~route-policy nonexistent-config-check disable",
	RP " description x",
	"route-policy uses permit node 90\n if-match acl 2000",
	RP " if-match ip next-hop acl 2000",
	RP " if-match ipv6 next-hop prefix-list p6",
	RP " if-match as-path-filter 1",
	RP " if-match as-path length 3",
	RP " if-match community-filter 1 whole-match",
	RP " if-match large-community-filter l",
	RP " if-match extcommunity-filter 1",
	RP " if-match extcommunity-list soo s",
	RP " if-match cost greater-equal 7",
	RP " if-match preference 9",
	RP " if-match tag 9",
	RP " if-match protocol static",
	RP " if-match route-type ibgp",
	RP " if-match route-type mvpn 1",
	RP " if-match rd-filter 1",
	RP " if-match mpls-label",
	RE " apply as-path 7 additive",
	RE " apply comm-filter 1 delete",
	RE " apply community 3:3",
	RE " apply large-community 3:3:3 additive",
	RE " apply extcommunity rt 3:3",
	RE " apply extcommunity soo 3:3 additive",
	RE " apply cost 99",
	RE " apply local-preference + 5",
	RE " apply preferred-value 5",
	RE " apply preference 5",
	RE " apply origin egp 5",
	"route-policy uses permit node 10\n apply tag 5",
	RE " apply ip-address next-hop 10.1.1.1",
	"route-policy uses permit node 20\n apply ipv6 next-hop 2001:db8::9",
	RE " apply mpls-label",
	RP " goto next-node",
	"ip vpn-instance v\n description x",
	"bgp 100\n peer 2001:db8::7 as-number 200",
	"bgp 100\n router-id 10.9.9.7",
	"bgp 100\n as-path-limit 20",
	"bgp 100\n undo check-first-as",
	"bgp 100\n shutdown",
	"bgp 100\n keep-all-routes",
	"bgp 100\n confederation id 500",
	"bgp 100\n confederation id 500\n confederation peer-as 200",
	"bgp 100\n timer keepalive 3 hold 9",
	"bgp 100\n timer connect-retry 9",
	"bgp 100\n timer refresh-stale 9",
	"bgp 100\n ebgp-policy-required",
	"bgp 100\n bgp dynamic-session-limit 9",
	"bgp 100\n undo default ipv4-unicast",
	"bgp 100\n default local-preference 200",
	"bgp 100\n reflector cluster-id 9",
	"~bgp 100\n group k",
	"bgp 100\n peer h ebgp-max-hop 9\n peer 10.0.0.1 group h",
	"bgp 100\n ipv4-family unicast\n  peer h advertise-community\n  peer 10.0.0.1 group h",
	"bgp 100\n peer 10.0.0.1 description x",
	"bgp 100\n peer 10.0.0.1 connect-interface lo 127.0.0.1",
	"bgp 100\n peer g ebgp-max-hop",
	"bgp 100\n peer 10.0.0.1 valid-ttl-hops 1",
	"bgp 100\n peer 10.0.0.1 password simple x",
	"bgp 100\n peer 10.0.0.1 port 9",
	"bgp 100\n peer 10.0.0.1 listen-only",
	"bgp 100\n peer 10.0.0.1 connect-only",
	"bgp 100\n peer 10.0.0.1 timer keepalive 1 hold 3",
	"bgp 100\n peer 10.0.0.1 timer connect-retry 3",
	"bgp 100\n peer 10.0.0.1 ignore",
	"bgp 100\n undo peer 10.0.0.1 log-change",
	"bgp 100\n peer 10.0.0.1 fake-as 9",
	"bgp 100\n peer 10.0.0.1 check-first-as disable",
	"bgp 100\n undo peer 10.0.0.1 capability-advertise route-refresh",
	"bgp 100\n undo peer 10.0.0.1 capability-advertise extended-message",
	"bgp 100\n peer 10.0.0.1 capability-advertise conventional",
	"bgp 100\n peer d listen-net 10.0.0.0 8",
	"bgp 100\n peer d listen-as 9",
	"bgp 100\n peer d listen-as-segment begin-as 9 end-as 10",
	V4 "  peer 2001:db8::1 enable",
	V4 "  peer 10.0.0.2 route-policy plain import",
	V4 "  peer 10.0.0.2 as-path-filter 1 export",
	V4 "  peer 10.0.0.2 ip-prefix p import",
	V6 "  peer 2001:db8::1 ipv6-prefix p6 export",
	V4 "  peer 10.0.0.2 filter-policy 2000 import",
	V6 "  peer 2001:db8::1 filter-policy 2000 export",
	V4 "  peer 10.0.0.2 keep-all-routes",
	V4 "  peer 10.0.0.2 discard-ext-community",
	V4 "  peer 10.0.0.1 allow-as-loop",
	V4 "  peer g preferred-value 5",
	V4 "  peer 10.0.0.5 public-as-only import force",
	V4 "  peer 10.0.0.1 route-limit 5",
	V4 "  peer 10.0.0.2 next-hop-local",
	V4 "  peer 10.0.0.2 next-hop-invariable",
	V4 "  peer 10.0.0.4 reflect-client",
	V4 "  peer 10.0.0.1 route-server-client",
	V4 "  peer 10.0.0.1 route-update-interval 5",
	V4 "  peer 10.0.0.1 advertise-community",
	V4 "  peer 10.0.0.1 advertise-large-community",
	V4 "  peer 10.0.0.1 advertise-ext-community",
	V4 "  peer 10.0.0.1 public-as-only limited",
	V4 "  peer 10.0.0.1 substitute-as",
	V4 "  peer 10.0.0.1 update-group-independent",
	V4 "  peer 10.0.0.1 default-route-advertise",
	V4 "  default med 9",
	V4 "  bestroute as-path-ignore",
	V4 "  compare-different-as-med",
	V4 "  maximum load-balancing 4",
	V4 "  undo reflect between-clients",
	V4 "  filter-policy ip-prefix p export",
	V6 "  filter-policy ipv6-prefix p6 import",
	V4 "  network 10.0.0.0",
	V6 "  network 2001:db8:: 32",
	IN_VPN "  route-distinguisher 1:2",
	"ip vpn-instance w\n ipv4-family\n  route-distinguisher 1:3",
	IN_VPN "  vpn-target 3:3 import-extcommunity",
	IN_VPN "  vpn-target 3:3 export-extcommunity",
	IN_VPN "  import route-policy plain",
	IN_VPN "  export route-policy plain",
	IN_VPN "  apply-label per-route",
	"~" IN_VPN "  prefix limit 10 80", // nothing was turned away
	"~" IN_VPN "  routing-table limit 10 80",
	IN_VPN "  mvpn",
	IN_VPN "  mvpn join source-tree 10.1.1.1 group 225.1.1.1 route-distinguisher 2:1 source-as "
	       "9 route-target 10.0.0.9:3",
	IN_VPN "  mvpn join shared-tree 10.1.1.1 group 225.1.1.1 route-distinguisher 2:1 source-as "
	       "9 route-target 10.0.0.9:3",
	IN_VPN "  mvpn source-active 10.1.1.1 group 225.1.1.1",
	VPN4 "  undo policy vpn-target",
	VPN4 "  rr-filter 1",
	VPN4 "  peer 10.0.0.2 reflect-client",
	"bgp 100\n ipv4-family mvpn\n  vpn-orf enable",
	TARGET "  constraint-rt-filter disable",
	TARGET "  external-path 3",
	TARGET "  timer wait-for-eor 3",
	TARGET "  peer 10.0.0.2 default-route-advertise",
	TARGET "  peer 10.0.0.2 allow-cluster-loop",
	"bgp 100\n vpn-instance v\n  router-id 10.1.1.1",
	"bgp 100\n vpn-instance v\n  peer 10.0.0.1 ebgp-max-hop",
	V_IN_V "  peer 10.0.0.1 enable",
	V_IN_V "  peer 10.0.0.9 soo 1:1",
	V_IN_V "  peer 10.0.0.9 keep-all-routes",
	V_IN_V "  peer 10.0.0.7 as-number 100",
	"~" V_IN_V "  group n",
	"~bgp 100\n ipv4-multicast vpn-instance v\n  peer 10.0.0.1 group g",
	V4 "  aggregate 10.0.0.0 8",
	V6 "  aggregate 2001:db8:: 32",
};

// --- what differs -----------------------------------------------------------------------------------
static unsigned family_difference(const struct peer_family *a, const struct peer_family *b)
{
	struct rib_import same = b->import;
	unsigned what = 0;

	same.keep_all = a->import.keep_all;
	if (a->import.keep_all != b->import.keep_all)
		what |= EFFECT_ASK;
	if (!rib_import_equal(&a->import, &same))
		what |= EFFECT_IMPORT;
	if (!rib_export_equal(&a->export, &b->export))
		what |= EFFECT_EXPORT;
	return what;
}

static unsigned peer_difference(const struct peer_config *a, const struct peer_config *b)
{
	unsigned what = 0;

	if (!a || !b)
		return EFFECT_SESSION;
	if (!sess_config_equal(&a->session, &b->session))
		return EFFECT_SESSION;
	for (unsigned i = 0; i < af_count; i++)
		what |= family_difference(&a->family[i], &b->family[i]);
	return what;
}

static unsigned options_differ(const struct rib_options *a, const struct rib_options *b)
{
	unsigned what = 0;

	if (a->as_path_ignore != b->as_path_ignore || a->max_paths != b->max_paths ||
	    a->compare_different_as_med != b->compare_different_as_med)
		what |= EFFECT_DECIDE;
	if (a->default_local_pref != b->default_local_pref || a->default_med != b->default_med)
		what |= EFFECT_DECIDE | EFFECT_EXPORT;
	if (a->external_paths != b->external_paths)
		what |= EFFECT_EXPORT;
	if (a->reflect_between_clients != b->reflect_between_clients)
		what |= EFFECT_EXPORT;
	if (a->as_path_limit != b->as_path_limit)
		what |= EFFECT_IMPORT;
	if (a->router_id != b->router_id || a->cluster_id != b->cluster_id ||
	    a->confederation_id != b->confederation_id ||
	    a->confederation_member_count != b->confederation_member_count)
		what |= EFFECT_IMPORT | EFFECT_DECIDE | EFFECT_EXPORT;
	return what;
}

static unsigned instance_difference(const struct instance_config *a,
				    const struct instance_config *b)
{
	unsigned what = 0;

	for (unsigned i = 0; i < af_count; i++) {
		what |= options_differ(&a->family[i].options, &b->family[i].options);
		if (a->family[i].constrained != b->family[i].constrained)
			what |= EFFECT_EXPORT;
		if (!vpn_link_import_equal(&a->link[i], &b->link[i]))
			what |= EFFECT_IMPORT;
		if (!vpn_link_export_equal(&a->link[i], &b->link[i]))
			what |= EFFECT_EXPORT;
	}
	return what;
}

static const struct peer_config *same_peer(const struct speaker_config *c,
					   const struct peer_config *p)
{
	return speaker_config_peer(c, p->instance, &p->address);
}

static unsigned difference(const struct speaker_config *a, const struct speaker_config *b)
{
	unsigned what = a->constrain != b->constrain ? EFFECT_EXPORT : 0;

	for (unsigned i = 0; i < a->peer_count; i++)
		what |= peer_difference(&a->peers[i], same_peer(b, &a->peers[i]));
	for (unsigned i = 0; i < b->peer_count; i++)
		what |= peer_difference(same_peer(a, &b->peers[i]), &b->peers[i]);
	for (unsigned i = 0; i < a->instance_count && i < b->instance_count; i++)
		what |= instance_difference(&a->instances[i], &b->instances[i]);
	for (unsigned i = 0; i < a->group_count && i < b->group_count; i++) {
		const struct group_config *g = &a->groups[i], *h = &b->groups[i];
		if (g->listen_net_count != h->listen_net_count)
			what |= EFFECT_SESSION; // of members that are no longer taken
		what |= peer_difference(&g->template_peer, &h->template_peer);
	}
	return what;
}

// --- the test ---------------------------------------------------------------------------------------
static void check_change(const struct row *row, const char *change, bool tame, unsigned what)
{
	unsigned allowed = row->effect | (row->effect & EFFECT_SESSION ? EFFECT_ASK : 0);

	if (what & ~allowed)
		fail_msg("%s: effects %#x, but declared are %#x", change, what, row->effect);
	if (row->effect && !what && !tame)
		fail_msg("%s: no effect, but declared are %#x", change, row->effect);
}

// The row of the last line that the change added: the one that it is about.
static const struct row *changed_row(const struct conf_tree *before, const struct conf_tree *after)
{
	struct conf_diff d = {0};
	const struct row *row = NULL;

	conf_diff(before, after, &d);
	for (size_t i = 0; i < d.count; i++) {
		const struct conf_line *l = d.changes[i].after;
		if (l)
			row = l->row;
	}
	conf_diff_free(&d);
	return row;
}

#define ROWS_MAX 400
static const struct row *seen[ROWS_MAX];
static unsigned seen_count;

static bool is_seen(const struct row *row)
{
	for (unsigned i = 0; i < seen_count; i++) {
		if (seen[i] == row)
			return true;
	}
	return false;
}

static void try_change(struct fixture *f, const char *change)
{
	struct buf text = {0};
	bool tame = *change == '~';

	change += tame;
	fixture_good(f, base);
	struct speaker_config *before = speaker_config_ref(f->config);
	struct conf_tree tree = conf_tree_clone(&f->tree);
	buf_format(&text, "%s%s\n", base, change);
	fixture_good(f, buf_cstr(&text));
	const struct row *row = changed_row(&tree, &f->tree);
	if (!row)
		fail_msg("%s: changes nothing", change);
	else
		check_change(row, change, tame, difference(before, f->config));
	seen[seen_count++] = row;
	speaker_config_unref(before);
	conf_tree_free(&tree);
	buf_free(&text);
}

static void test_effects(void **state)
{
	struct fixture *f = fixture_new();

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		try_change(f, changes[i]);
	for (unsigned t = 0; t < f->schema.table_count; t++) {
		for (unsigned i = 0; i < f->schema.tables[t].count; i++) {
			const struct row *r = &f->schema.tables[t].rows[i];
			if (!is_seen(r) && !(r->flags & ROW_IGNORED) && !r->enters &&
			    strncmp(r->grammar, "undo ", 5) != 0)
				fail_msg("no change of \"%s\" is tried", r->grammar);
		}
	}
	fixture_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_effects),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
