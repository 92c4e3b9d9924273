// Examples of all statements, for the tests.
#include "model/examples.h"

#include <string.h>

#include "base/mem.h"

const char *const examples[] = {
	"sysname core-1.example",
	"router id 10.9.9.9",
	"commit-guard max-withdrawn 100\ncommit-guard max-rejected 2.5%",
	"commit-guard max-moved 5%\ncommit-guard no-session-reset",
	"route-policy nonexistent-config-check disable",
	"ip ip-prefix p1 permit 10.0.0.0 8 greater-equal 9 less-equal 24",
	"ip ip-prefix p1 index 20 deny 0.0.0.0 0 less-equal 32",
	"ip ip-prefix p1 index 30 permit 10.0.0.0 255.0.0.0 match-network",
	"ip ip-prefix p1 description customers of the north",
	"commit-guard protect-prefix p1",
	"ip ipv6-prefix p6 index 10 permit 2001:db8:: 32 less-equal 48",
	"ip ipv6-prefix p6 permit :: 0 less-equal 128",
	"ip as-path-filter 1 permit ^100_",
	"ip as-path-filter long-paths index 10 deny (_[0-9]+){20}",
	"ip community-filter 1 permit 100:1 200:1 no-export",
	"ip community-filter 1 index 30 permit internet",
	"ip community-filter 1 permit internet strict-match",
	"ip community-filter basic b1 index 10 permit 100:1",
	"ip community-filter 100 permit ^100:",
	"ip community-filter advanced a1 index 10 permit .*",
	"ip extcommunity-filter 1 permit rt 100:1 rt 1.1.1.1:2",
	"ip extcommunity-filter basic e1 index 10 permit rt 70000:1",
	"ip extcommunity-filter 200 permit .*",
	"ip extcommunity-filter advanced e2 permit .*",
	"ip extcommunity-list soo basic s1 index 10 permit 100:1",
	"ip extcommunity-list soo advanced s2 index 10 permit .*",
	"ip large-community-filter basic l1 index 10 permit 1:2:3 4:5:6",
	"ip large-community-filter advanced l2 index 10 permit ^1:",
	"ip rd-filter 1 permit 100:1 10.0.0.1:* 70000:2",
	"ip rd-filter 1 index 30 deny *:*",
	"ip community-list cl\ncommunity 100:1 no-export\ncommunity 200:1",
	"ip large-community-list ll\nlarge-community 1:2:3",
	"acl 2000\nrule permit source 10.0.0.0 0.255.255.255\nrule 20 deny source any\nrule permit",
	"acl number 2001\ndescription routers\nrule 5 permit source 10.0.0.1 0",
	"acl name north basic\nrule permit source 10.1.0.0 0.0.255.255",
	"acl ipv6 number 2000\nrule permit source 2001:db8:: 32",
	"acl ipv6 name north6 basic\nrule permit",
	"route-policy rp permit node 10\ndescription of customers\nif-match acl 2000\n"
	"if-match acl north\nif-match ip-prefix p1\nif-match ip next-hop acl 2000\n"
	"if-match ip route-source ip-prefix p1\nif-match ip group-address acl 2000\n"
	"if-match ipv6 address prefix-list p6\nif-match ipv6 next-hop acl north6\n"
	"if-match ipv6 route-source prefix-list p6\nif-match as-path-filter 1 2 3\n"
	"if-match as-path-filter long-paths\nif-match as-path length 5\n"
	"if-match as-path length greater-equal 1 less-equal 9\n"
	"if-match community-filter 1 whole-match 2\nif-match community-filter 100 sort-match\n"
	"if-match community-filter b1 whole-match\nif-match large-community-filter l1 whole-match\n"
	"if-match extcommunity-filter 1 200\nif-match extcommunity-filter e1\n"
	"if-match extcommunity-list soo s1\nif-match cost 10\n"
	"if-match cost greater-equal 1 less-equal 5\nif-match preference 100\nif-match tag 7\n"
	"if-match protocol bgp static\nif-match route-type ibgp\nif-match route-type ebgp\n"
	"if-match route-type external-type1\nif-match route-type mvpn 1 3\n"
	"if-match rd-filter 1\nif-match mpls-label\ngoto next-node\ngoto next-node 20",
	"route-policy rp permit node 20\napply as-path 100 200 additive\n"
	"apply as-path 1.1 overwrite\napply as-path 100 delete\napply as-path none overwrite\n"
	"apply comm-filter 1 delete\napply comm-filter b1 delete\n"
	"apply community 100:1 no-export additive\napply community internet\n"
	"apply community none\napply community community-list cl additive\n"
	"apply large-community 1:2:3 4:5:6 additive\napply large-community none\n"
	"apply large-community 1:2:3 delete\napply large-community-list ll overwrite\n"
	"apply extcommunity rt 100:1 rt 200:1 additive\napply extcommunity soo 100:1 additive\n"
	"apply cost 10\napply cost + 10\napply cost - 5\napply cost inherit\napply cost none\n"
	"apply local-preference 200\napply local-preference + 10\napply preferred-value 300\n"
	"apply preference 20\napply origin igp\napply origin egp 100\napply origin incomplete\n"
	"apply tag 9\napply ip-address next-hop 10.1.1.1\napply ip-address next-hop peer-address\n"
	"apply ipv6 next-hop 2001:db8::1\napply ipv6 next-hop peer-address\napply mpls-label",
	"bgp 100\nrouter-id 10.1.1.1\nas-path-limit\nas-path-limit 100\ncheck-first-as\n"
	"undo check-first-as\nprivate-4-byte-as enable\nshutdown\nundo shutdown\nkeep-all-routes\n"
	"default local-preference 200\n"
	"default med 5\nconfederation id 500\nconfederation peer-as 65001 65002\n"
	"timer keepalive 10 hold 30\ntimer keepalive 10 hold 30 min-holdtime 20\n"
	"timer connect-retry 20\ntimer refresh-stale 100\nebgp-policy-required\n"
	"bgp dynamic-session-limit 50\ngroup in\ngroup ex external\ngroup dyn listen external\n"
	"peer ex as-number 200\npeer 10.1.1.2 as-number 200\npeer 10.1.1.2 group ex\n"
	"peer 10.1.1.3 group ex\npeer 2001:db8::3 as-number 1.1\n"
	"peer 10.1.1.2 description to the north, second floor\n"
	"peer 10.1.1.2 connect-interface LoopBack0\n"
	"peer 10.1.1.2 connect-interface LoopBack0 10.1.1.1\n"
	"peer 10.1.1.2 connect-interface 10.1.1.1\npeer 10.1.1.2 ebgp-max-hop\n"
	"peer 10.1.1.2 ebgp-max-hop 5\nundo peer 10.1.1.2 ebgp-max-hop\n"
	"peer 10.1.1.2 valid-ttl-hops 3\npeer 10.1.1.2 password simple secret\n"
	"peer 10.1.1.2 password cipher %^%#abc%^%#\npeer 10.1.1.2 timer keepalive 5 hold 15\n"
	"peer 10.1.1.2 timer connect-retry 9\npeer 10.1.1.2 ignore\npeer 10.1.1.2 log-change\n"
	"peer 10.1.1.2 listen-only\nundo peer 10.1.1.2 listen-only\npeer 10.1.1.2 connect-only\n"
	"peer 10.1.1.2 fake-as 300\npeer 10.1.1.2 fake-as 300 prepend-global-as\n"
	"peer 10.1.1.2 check-first-as disable\npeer dyn listen-net 10.0.0.0 8\n"
	"peer dyn listen-net 2001:db8:: 32\npeer dyn listen-as 200 300\n"
	"peer dyn listen-as-segment begin-as 64512 end-as 65000\n"
	"peer 10.1.1.2 capability-advertise route-refresh\n"
	"peer 10.1.1.2 capability-advertise 4-byte-as\n"
	"peer 10.1.1.2 capability-advertise conventional\npeer 10.1.1.2 port 1179\n"
	"peer 10.1.1.2 keep-all-routes\npeer 10.1.1.2 route-policy rp import\n"
	"network 10.0.0.0\nipv4-family\nipv6-family",
	"ip vpn-instance vpna\ndescription customers of the south\nipv4-family\n"
	"ipv4-family unicast\nroute-distinguisher 100:1\nroute-distinguisher 10.0.0.1:7\n"
	"vpn-target 100:1 200:1 70000:3 1.1:4 both\nvpn-target 300:1 export-extcommunity\n"
	"vpn-target 10.0.0.1:3 import-extcommunity\nundo vpn-target 200:1\n"
	"undo vpn-target 70000:3 1.1:4 export-extcommunity\nimport route-policy rp\n"
	"export route-policy rp\napply-label per-route\nprefix limit 1000 80 route-unchanged\n"
	"prefix limit 100 simply-alert\nrouting-table limit 1000 80\n"
	"routing-table limit 1000 simply-alert\nmulticast routing-enable\nmvpn\n"
	"mvpn join source-tree 10.1.1.1 group 225.1.1.1 route-distinguisher 200:1 source-as 65000 "
	"route-target 10.0.0.9:3\nmvpn join shared-tree 10.2.2.2 group 225.1.1.1 "
	"route-distinguisher 200:1 source-as 1.1 route-target 10.0.0.9:3\n"
	"mvpn source-active 10.1.1.1 group 225.1.1.1\nipv6-family\nroute-distinguisher 100:6\n"
	"vpn-target 6:6\nundo vpn-target all\nvpn-target 6:7\nundo route-distinguisher",
	"bgp 100\nvpn-instance vpna\nrouter-id 10.7.7.7\ngroup ex external\ngroup dyn listen external\n"
	"peer ex as-number 200\npeer 10.1.1.2 as-number 200\npeer 2001:db8::3 as-number 1.1\n"
	"peer 10.1.1.2 timer keepalive 5 hold 15\npeer 10.1.1.2 description in a VPN\n"
	"peer dyn listen-net 10.0.0.0 8\npeer 10.1.1.2 group ex\n"
	"ipv4-family vpn-instance vpna\nrouter-id 10.7.7.8\ngroup own internal\n"
	"peer 10.1.1.7 as-number 100\npeer 10.1.1.7 group own\npeer 10.1.1.7 ebgp-max-hop 3\n"
	"peer own connect-interface LoopBack0\npeer 10.1.1.7 password simple x\n"
	"ipv6-family vpn-instance vpna\npeer 2001:db8::7 as-number 300\n"
	"peer 2001:db8::7 valid-ttl-hops 1\nipv4-multicast vpn-instance vpna\n"
	"peer 10.1.1.7 enable\nnetwork 10.0.0.0 8",
};

const unsigned example_count = sizeof(examples) / sizeof(examples[0]);

const struct family_example family_examples[] = {
	{"af", "undo synchronization\nmaximum load-balancing 4\nbestroute as-path-ignore\n"
	       "bestroute med-none-as-maximum\nbestroute med-confederation\nbestroute "
	       "router-id-ignore\ncompare-different-as-med\ndeterministic-med\n"
	       "undo reflect between-clients\nreflect between-clients\nreflector cluster-id 1\n"
	       "reflector cluster-id 1.1.1.1\npeer 10.1.1.2 enable\nundo peer 10.1.1.2 enable\n"
	       "peer 10.1.1.2 group ex\npeer ex enable\npeer 2001:db8::3 route-policy rp import\n"
	       "peer ex route-policy rp export\npeer 10.1.1.2 as-path-filter 1 import\n"
	       "peer 10.1.1.2 as-path-filter long-paths export\npeer 10.1.1.2 reflect-client\n"
	       "peer 10.1.1.2 route-limit 1000\n"
	       "peer 10.1.1.2 route-limit accept-prefix 1000 80 idle-timeout 5\n"
	       "peer 10.1.1.2 route-limit 1000 80 alert-only\n"
	       "peer 10.1.1.2 route-limit 10 idle-forever\npeer 10.1.1.2 route-update-interval 5\n"
	       "peer 10.1.1.2 advertise-community\npeer 10.1.1.2 advertise-large-community\n"},
	{"af-prefix",
	 "peer 10.1.1.2 keep-all-routes\npeer 10.1.1.2 next-hop-local\n"
	 "undo peer 10.1.1.2 next-hop-local\npeer 10.1.1.2 public-as-only\n"
	 "peer 10.1.1.2 public-as-only force\n"
	 "peer 10.1.1.2 public-as-only limited replace include-peer-as\n"
	 "peer 10.1.1.2 public-as-only import\npeer 10.1.1.2 public-as-only import force\n"
	 "peer 10.1.1.2 allow-as-loop\npeer 10.1.1.2 allow-as-loop 3\n"
	 "peer 10.1.1.2 preferred-value 10\npeer 10.1.1.2 update-group-independent\n"
	 "peer 10.1.1.2 update-group-independent disable\n"},
	{"af-prefix-public", "peer 10.1.1.2 next-hop-invariable\n"},
	{"af-plain", "peer 10.1.1.2 advertise-ext-community\npeer 10.1.1.2 discard-ext-community\n"
		     "peer 10.1.1.2 substitute-as\npeer 10.1.1.2 route-server-client\n"},
	{"af-originate", "peer 10.1.1.2 default-route-advertise\n"
			 "peer 10.1.1.2 default-route-advertise route-policy rp\n"},
	{"af-peers", "peer 10.1.1.2 soo 100:1\npeer 10.1.1.2 soo 10.0.0.1:1\n"},
	{"af-targeted", "undo policy vpn-target\npolicy vpn-target\nrr-filter 1\nrr-filter e1\n"},
	{"af-typed", "vpn-orf enable\npeer 10.1.1.2 next-hop-local\n"
		     "peer 10.1.1.2 update-group-independent\n"},
	{"af-membership",
	 "constraint-rt-filter disable\nexternal-path 4\ntimer wait-for-eor 20\n"
	 "peer 10.1.1.2 default-route-advertise\npeer 10.1.1.2 allow-cluster-loop\n"
	 "peer 10.1.1.2 allow-cluster-loop 3\npeer 10.1.1.2 allow-as-loop 3\n"
	 "peer 10.1.1.2 preferred-value 10\npeer 10.1.1.2 public-as-only\n"},
	{"af-narrow", "filter-policy 2000 import\nfilter-policy acl-name north export\n"
		      "filter-policy ip-prefix p1 import\npeer 10.1.1.2 filter-policy 2000 import\n"
		      "peer 10.1.1.2 filter-policy acl-name north export\n"
		      "peer 10.1.1.2 ip-prefix p1 import\n"},
	{"af-wide",
	 "filter-policy 2000 import\nfilter-policy acl6-name north6 export\n"
	 "filter-policy ipv6-prefix p6 import\npeer 2001:db8::3 filter-policy 2000 import\n"
	 "peer 2001:db8::3 filter-policy acl6-name north6 export\n"
	 "peer 2001:db8::3 ipv6-prefix p6 import\n"},
	{"af-originate-narrow",
	 "network 10.0.0.0 255.0.0.0\nnetwork 10.2.0.0 16 route-policy rp\n"
	 "aggregate 10.0.0.0 8\naggregate 10.0.0.0 255.0.0.0 as-set detail-suppressed "
	 "suppress-policy rp origin-policy rp attribute-policy rp\n"},
	{"af-originate-wide", "network 2001:db8:: 32\nnetwork 2001:db8:1:: 48 route-policy rp\n"
			      "aggregate 2001:db8:: 32 detail-suppressed as-set\n"},
};
const unsigned family_example_count = sizeof(family_examples) / sizeof(family_examples[0]);

bool view_has_tag(const struct view *v, const char *tag)
{
	size_t size = strlen(tag);

	for (const char *t = v->tags; t && *t; t += strcspn(t, " "), t += strspn(t, " ")) {
		if (strcspn(t, " ") == size && memcmp(t, tag, size) == 0)
			return true;
	}
	return false;
}

static const struct view *view_of(const struct cli_schema *s, char *prompt)
{
	const struct view *found = NULL;

	for (unsigned i = 0; i < s->view_count; i++) {
		if (strcmp(s->views[i].prompt, prompt) == 0)
			found = &s->views[i];
	}
	mem_free(prompt);
	return found;
}

unsigned example_views(const struct cli_schema *s, const struct af *af, struct view_example ret[2])
{
	unsigned n = 0;

	ret[n++] = (struct view_example){mem_text(af->view),
					 view_of(s, mem_format("-bgp-%s", af->prompt))};
	if (af->props & AF_INSTANCE)
		ret[n++] = (struct view_example){
			mem_format("%s vpna", af->instance_view),
			view_of(s, mem_format("%s{vpn-instance-name}", af->instance_prompt))};
	return n;
}
