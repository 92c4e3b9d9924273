// OPEN against OPEN: what we offer, whether the peer's is acceptable (RFC 4271 6.2, RFC 6286,
// RFC 7607), and what holds between the two (RFC 5492, 6793, 2918, 7313, 8654, 8950, 4760). Pure.
//
// A session stands as long as both sides share one address family; families that only one side has
// are simply not used, and displays say "No neg" for them. If nothing is shared, the session could
// carry no route, and the peer is told what it lacks: NOTIFICATION 2/7 with the Multiprotocol
// capabilities that we want (RFC 5492 section 5). A side that names no family at all, in the old
// way, speaks the classic one (RFC 4760 section 8).
//
// With enhanced route refresh goes the Graceful Restart capability, naming no family: it says no more
// than that we send End-of-RIB (RFC 4724 section 3), which RFC 7313 section 4 makes the peer wait
// for. Without it FRR holds back its answer to a refresh for ever (seen with 8.4.4).
#include "sess/sess_private.h"

// Families whose next hop is of IPv4 by nature, but of IPv6 on a session over IPv6 (RFC 8950).
static uint16_t extended_next_hop(const struct sess_config *cf)
{
	uint16_t bits = 0;

	for (unsigned i = 0; i < af_count; i++)
		if ((af_list[i]->props & AF_PREFIX) && !(af_list[i]->props & AF_WIDE))
			bits |= (uint16_t)(1u << i);
	return cf->remote.bits == 128 ? bits & cf->families : 0;
}

void negotiate_offer(const struct sess_config *cf, bool bare, struct open *ret)
{
	bool enhanced = cf->refresh && cf->enhanced_refresh;

	*ret = (struct open){
		.version = 4,
		.as = cf->local_as,
		.hold_time = cf->hold_time,
		.router_id = cf->router_id,
	};
	if (bare || cf->conventional) {
		ret->caps.conventional = true;
		return;
	}
	ret->caps = (struct capabilities){
		.families = cf->families,
		.multiprotocol = true,
		.refresh = cf->refresh,
		.enhanced_refresh = enhanced,
		.extended_message = cf->extended_message,
		.as4 = cf->as4,
		.graceful_restart = cf->graceful_restart || enhanced,
		.as4_number = cf->local_as,
		.extended_next_hop = extended_next_hop(cf),
	};
}

static bool refuse(struct fault *f, uint8_t subcode, const char *text)
{
	f->code = BGP_ERROR_OPEN;
	f->subcode = subcode;
	f->text = text;
	return false;
}

static bool judge_as(const struct sess_config *cf, uint32_t as, struct fault *f)
{
	if (!as)
		return refuse(f, 2, "AS number 0");
	if (cf->remote_as && as != cf->remote_as)
		return refuse(f, 2, "not the AS number that is configured");
	if (!cf->remote_as && cf->internal != (as == cf->real_local_as))
		return refuse(f, 2, cf->internal ? "not our AS number" : "our own AS number");
	return true;
}

static bool judge(const struct sess_config *cf, const struct open *offered, const struct open *o,
		  struct fault *f)
{
	static const uint8_t version[] = {0, 4};

	if (o->version != 4) {
		f->data = (struct span){version, sizeof(version)};
		return refuse(f, 1, "version is not 4");
	}
	if (!judge_as(cf, o->as, f))
		return false;
	if (!o->router_id)
		return refuse(f, 3, "identifier 0");
	if (cf->internal && o->router_id == offered->router_id)
		return refuse(f, 3, "identifier is ours");
	if (o->hold_time == 1 || o->hold_time == 2)
		return refuse(f, 6, "hold time below 3 seconds");
	if (o->hold_time && o->hold_time < cf->min_hold_time)
		return refuse(f, 6, "hold time below the least that is configured");
	return true;
}

static uint16_t families_of(const struct capabilities *caps, uint16_t enabled)
{
	return enabled & (caps->multiprotocol ? caps->families : af_bit(af_classic()));
}

// The data of 2/7: one Multiprotocol capability for each family that we would speak.
static struct span missing(uint16_t families, struct arena *a)
{
	uint8_t *p = arena_alloc(a, 6 * AF_MAX), *at = p;

	for (unsigned i = 0; i < af_count; i++) {
		if (!(families & 1u << i))
			continue;
		*at++ = CAPABILITY_MP;
		*at++ = 4;
		*at++ = (uint8_t)(af_list[i]->afi >> 8);
		*at++ = (uint8_t)af_list[i]->afi;
		*at++ = 0;
		*at++ = af_list[i]->safi;
	}
	return (struct span){p, (size_t)(at - p)};
}

bool negotiate(const struct sess_config *cf, const struct open *offered, const struct open *o,
	       struct arena *a, struct sess_negotiated *n, struct fault *ret_fault)
{
	const struct capabilities *ours = &offered->caps, *theirs = &o->caps;

	*ret_fault = (struct fault){0};
	if (!judge(cf, offered, o, ret_fault))
		return false;
	*n = (struct sess_negotiated){.received = *theirs, .sent = *ours};
	n->families = families_of(ours, cf->families) & families_of(theirs, cf->families);
	if (!n->families) {
		ret_fault->data = missing(cf->families, a);
		return refuse(ret_fault, 7, "no address family in common");
	}
	n->extended_next_hop = ours->extended_next_hop & theirs->extended_next_hop & n->families;
	n->remote_as = o->as;
	n->remote_router_id = o->router_id;
	n->as4 = ours->as4 && theirs->as4;
	n->refresh = ours->refresh && theirs->refresh;
	n->enhanced_refresh = n->refresh && ours->enhanced_refresh && theirs->enhanced_refresh;
	n->extended_message = ours->extended_message && theirs->extended_message;
	n->max_message = n->extended_message ? BGP_MAX_EXTENDED : BGP_MAX;
	n->hold_time = o->hold_time < offered->hold_time ? o->hold_time : offered->hold_time;
	n->keepalive = n->hold_time / 3;
	if (cf->keepalive && cf->keepalive < n->keepalive)
		n->keepalive = cf->keepalive;
	return true;
}
