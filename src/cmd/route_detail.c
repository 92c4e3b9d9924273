// A route in detail, in VRP's form: where it is from, its attributes in words, what became of it.
#include "cmd/route.h"

static const char *const origin_word[] = {"igp", "egp", "incomplete"};

static void detail_path(struct buf *b, const struct route_record *r)
{
	buf_format(b, " AS-path %s, origin %s", r->path.len ? buf_cstr(&r->path) : "Nil",
		   origin_word[r->origin > 2 ? 2 : r->origin]);
	if (r->has_med)
		buf_format(b, ", MED %u", r->med);
	if (r->has_local_pref)
		buf_format(b, ", localpref %u", r->local_pref);
	buf_format(b, ", pref-val %u", r->preferred);
	if (r->valid)
		buf_text(b, ", valid");
	buf_text(b, r->local || r->ours ? ", local" : r->internal ? ", internal" : ", external");
	if (r->best)
		buf_text(b, ", best, select, active");
	if (r->stale)
		buf_text(b, ", stale");
	buf_text(b, ", pre 255\n");
}

static void detail_from(struct buf *b, const struct route_record *r)
{
	buf_text(b, " From: ");
	if (r->peer.bits)
		ip_put(b, &r->peer);
	else
		buf_text(b, "0.0.0.0");
	buf_text(b, " (");
	show_router_id(b, r->lent && !r->local ? r->originator : r->peer_router_id);
	buf_text(b, ")\n");
}

// Labels: that of a route of ours is what we give out; any other came with the route.
static void detail_vpn(struct buf *b, const struct route_record *r)
{
	if (r->lent && !r->local) {
		buf_text(b, " Route Distinguisher: ");
		rd_put(b, r->from);
		buf_format(b, "\n %s-Cross route\n", r->ours ? "Local" : "Remote");
	}
	if (r->labeled && (r->local || r->ours))
		buf_format(b, " Label information (Received/Applied): NULL/%u\n", r->label);
	else if (r->labeled)
		buf_format(b, " Label information (Received/Applied): %u/NULL\n", r->label);
}

static void detail_list(struct buf *b, const char *title, const struct buf *text)
{
	if (text->len)
		buf_format(b, " %s: %s\n", title, buf_cstr(text));
}

static void detail_title(struct buf *b, const struct route_record *r)
{
	const char *prefix = buf_cstr(&r->prefix);
	const struct af_type *t = route_type_row(r->af, r->type);
	// A membership of full length is shown with it here, and without in tables.
	bool whole = r->af->target && prefix[0] == 'R' && prefix[r->prefix.len - 1] == '>';
	buf_format(b, " BGP routing table entry information of %s%s:\n", prefix,
		   whole ? "/96" : "");
	if (t)
		buf_format(b, " Route Type: %u (%s)\n", t->type, t->title);
}

// " Route Duration: 0d00h01m33s": since the route last changed, to the second.
static void detail_age(struct buf *b, const struct route_record *r)
{
	uint64_t s = r->age / 1000000;
	if (r->changed_at)
		buf_format(b, " Route Duration: %ud%02uh%02um%02us\n", (unsigned)(s / 86400),
			   (unsigned)(s / 3600 % 24), (unsigned)(s / 60 % 60), (unsigned)(s % 60));
}

void route_detail(struct buf *b, const struct route_record *r)
{
	detail_title(b, r);
	detail_vpn(b, r);
	detail_from(b, r);
	detail_age(b, r);
	buf_format(b, " Original nexthop: %s\n", buf_cstr(&r->next_hop));
	if (r->generation != UINT32_MAX) // met an import policy
		buf_format(b, " Verdict of commit: %u\n", r->generation);
	detail_list(b, "Community", &r->communities);
	detail_list(b, "Large-community", &r->large);
	detail_list(b, "Ext-Community", &r->extended);
	detail_path(b, r);
	detail_list(b, "Cluster list", &r->clusters);
	detail_list(b, "PMSI", &r->pmsi);
}
