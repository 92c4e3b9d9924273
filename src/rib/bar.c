// The words of what bars a route (rib/bar.h).
#include "rib/bar.h"

static const struct {
	const char *word, *text;
} bars[BAR_COUNT] = {
	[BAR_NONE] = {"none", "nothing is in its way"},
	[BAR_NO_IMPORT] = {"no-import", "the peer is not configured to give routes of this family"},
	[BAR_FIRST_AS] = {"first-as",
			  "the first AS of its AS_PATH is not the peer's (check-first-as)"},
	[BAR_AS_LOOP] = {"as-loop", "its AS_PATH holds our own AS too often (allow-as-loop)"},
	[BAR_OWN_ORIGINATOR] = {"own-originator", "its ORIGINATOR_ID is our own router identifier"},
	[BAR_CLUSTER_LOOP] = {"cluster-loop", "its CLUSTER_LIST holds our own cluster too often"},
	[BAR_PATH_LIMIT] = {"as-path-limit", "its AS_PATH is longer than as-path-limit allows"},
	[BAR_LIMIT] = {"limit", "the limit of the instance's table has turned it away"},
	[BAR_POLICY] = {"policy", "the policy rejects it"},
	[BAR_NO_PATH] = {"no-path", "there is no path to tell of"},
	[BAR_SUPPRESSED] = {"suppressed", "an aggregate suppresses it (detail-suppressed)"},
	[BAR_NO_EXPORT_POLICY] = {"not-configured",
				  "the peer is not configured to be given routes of this family"},
	[BAR_NO_ADVERTISE] = {"no-advertise", "it carries the community no-advertise"},
	[BAR_NO_EXPORT] = {"no-export",
			   "it carries the community no-export, and the peer is external"},
	[BAR_NO_EXPORT_SUBCONFED] =
		{"no-export-subconfed",
		 "it carries the community no-export-subconfed, and the peer is in another AS"},
	[BAR_REFLECTION] =
		{"reflection",
		 "it came from an internal peer, and neither that nor this one is a reflection client (or reflect between-clients is off)"},
	[BAR_SITE] = {"site-of-origin", "it came from the peer's own site (soo)"},
	[BAR_NO_LABEL] = {"no-label", "no label of ours is left for it"},
	[BAR_SPLIT_HORIZON] = {"split-horizon", "it came from this peer"},
	[BAR_NEXT_HOP] = {"next-hop", "the peer itself is its next hop"},
	[BAR_TOO_LONG] = {"too-long", "with its attributes it fits in no message"},
	[BAR_NO_SESSION] = {"no-session", "the session is not established"},
	[BAR_NO_FAMILY] = {"no-family", "the session does not carry this family"},
	[BAR_NO_LINK] = {"no-link", "the instance does not exchange routes of this family"},
	[BAR_NO_TARGET] = {"no-target", "it carries none of the instance's import targets"},
	[BAR_OWN_ROUTE] = {"own-route", "the instance gave it itself"},
	[BAR_OWN_DISTINGUISHER] = {"own-distinguisher", "it has the instance's own distinguisher"},
	[BAR_NOT_OWN] =
		{"lent",
		 "the instance has no path of its own (what is lent is not lent on), or an aggregate suppresses it"},
};

static enum rib_bar known(enum rib_bar bar)
{
	return (unsigned)bar < BAR_COUNT ? bar : BAR_NONE;
}

const char *rib_bar_word(enum rib_bar bar)
{
	return bars[known(bar)].word;
}

const char *rib_bar_text(enum rib_bar bar)
{
	return bars[known(bar)].text;
}
