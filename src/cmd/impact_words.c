// The words of an impact, for the page, for JSON and for records; and which part of it is meant.
#include "cmd/impact.h"

#include <inttypes.h>
#include <string.h>

// --- classes ----------------------------------------------------------------------------------------
static const struct {
	const char *text, *name;
} classes[LEDGER_CLASSES] = {
	[LEDGER_ACCEPTED] = {"newly accepted", "newly_accepted"},
	[LEDGER_REJECTED] = {"newly rejected", "newly_rejected"},
	[LEDGER_CHANGED] = {"accepted with other attributes", "changed"},
	[LEDGER_LOST] = {"lost", "lost"},
	[LEDGER_BEST_NEW] = {"new best path", "best_new"},
	[LEDGER_BEST_GONE] = {"best path gone", "best_gone"},
	[LEDGER_BEST_MOVED] = {"best path moved", "best_moved"},
	[LEDGER_BEST_CHANGED] = {"best path with other attributes", "best_changed"},
	[LEDGER_ANNOUNCED] = {"newly announced", "announced"},
	[LEDGER_REANNOUNCED] = {"announced with other attributes", "reannounced"},
	[LEDGER_WITHDRAWN] = {"withdrawn", "withdrawn"},
};

const char *impact_class(enum ledger_class class)
{
	return classes[class].text;
}

const char *impact_class_name(enum ledger_class class)
{
	return classes[class].name;
}

void impact_summary(struct buf *out, const uint64_t total[LEDGER_CLASSES])
{
	buf_format(out,
		   "Routes: %" PRIu64 " newly accepted, %" PRIu64 " newly rejected, %" PRIu64
		   " changed, %" PRIu64 " lost\n",
		   total[LEDGER_ACCEPTED], total[LEDGER_REJECTED], total[LEDGER_CHANGED],
		   total[LEDGER_LOST]);
	buf_format(out,
		   "Best paths: %" PRIu64 " new, %" PRIu64 " gone, %" PRIu64 " moved, %" PRIu64
		   " changed\n",
		   total[LEDGER_BEST_NEW], total[LEDGER_BEST_GONE], total[LEDGER_BEST_MOVED],
		   total[LEDGER_BEST_CHANGED]);
	buf_format(out,
		   "To peers: %" PRIu64 " announced, %" PRIu64 " announced again, %" PRIu64
		   " withdrawn\n",
		   total[LEDGER_ANNOUNCED], total[LEDGER_REANNOUNCED], total[LEDGER_WITHDRAWN]);
}

// --- attributes -------------------------------------------------------------------------------------
static const struct {
	uint8_t trait;
	const char *text, *name;
} traits[] = {
	{0, "pref-val", "preferred_value"},
	{ATTR_ORIGIN, "origin", "origin"},
	{ATTR_AS_PATH, "AS-path", "as_path"},
	{ATTR_NEXT_HOP, "nexthop", "next_hop"},
	{ATTR_MED, "MED", "med"},
	{ATTR_LOCAL_PREF, "localpref", "local_preference"},
	{ATTR_ATOMIC_AGGREGATE, "atomic-aggregate", "atomic_aggregate"},
	{ATTR_AGGREGATOR, "aggregator", "aggregator"},
	{ATTR_COMMUNITY, "community", "communities"},
	{ATTR_ORIGINATOR_ID, "originator", "originator"},
	{ATTR_CLUSTER_LIST, "cluster-list", "cluster_list"},
	{14, "label", "label"}, // by the number of an attribute that is never stored
	{ATTR_EXT_COMMUNITY, "ext-community", "extended_communities"},
	{ATTR_PMSI_TUNNEL, "PMSI", "pmsi_tunnel"},
	{ATTR_IPV6_EXT_COMMUNITY, "ipv6-ext-community", "ipv6_extended_communities"},
	{ATTR_PE_DISTINGUISHER_LABELS, "PE-labels", "pe_distinguisher_labels"},
	{ATTR_LARGE_COMMUNITY, "large-community", "large_communities"},
	{LEDGER_TRAITS - 1, "others", "others"},
};
#define TRAITS (sizeof traits / sizeof *traits)

const char *impact_trait(unsigned trait)
{
	for (unsigned i = 0; i < TRAITS; i++)
		if (traits[i].trait == trait)
			return traits[i].text;
	return NULL;
}

const char *impact_trait_name(unsigned trait)
{
	for (unsigned i = 0; i < TRAITS; i++)
		if (traits[i].trait == trait)
			return traits[i].name;
	return NULL;
}

// --- which part -------------------------------------------------------------------------------------
bool impact_filter_has(const struct impact_filter *f, uint16_t instance, unsigned family,
		       const struct ip *address)
{
	if (f->has_family && !(f->families >> family & 1))
		return false;
	if ((f->has_instance || f->has_peer) && instance != f->instance)
		return false;
	return !f->has_peer || ip_equal(&f->peer, address);
}

void impact_total(const struct impact *i, const struct impact_filter *f,
		  uint64_t ret[LEDGER_CLASSES])
{
	memset(ret, 0, LEDGER_CLASSES * sizeof *ret);
	for (unsigned k = 0; k < i->row_count; k++) {
		const struct measure_row *r = &i->rows[k];
		if (!impact_filter_has(f, r->instance, r->row.family, &r->address))
			continue;
		for (unsigned c = 0; c < LEDGER_CLASSES; c++)
			ret[c] += r->row.count[c];
	}
}

const char *impact_instance(const struct impact *i, struct app *a, uint16_t number)
{
	const struct instance_config *n = speaker_config_instance_numbered(i->config, number);

	if (!n && speaker_running(a->speaker)) // goes with the candidate
		n = speaker_config_instance_numbered(speaker_running(a->speaker), number);
	return n ? n->name : "";
}
