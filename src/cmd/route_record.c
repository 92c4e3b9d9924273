// A route's record and its printers: VRP's table row for 32-bit prefixes, its block for wide ones,
// the detail of one prefix, and JSON.
#include "cmd/route.h"

#include <string.h>

#include <jansson.h>

const struct attr_set *route_set(const struct rib_route *route, enum rib_view view)
{
	switch (view) {
	case RIB_VIEW_ADVERTISED:
		return route->sent;
	case RIB_VIEW_RECEIVED:
	case RIB_VIEW_NOT_ACCEPTED:
		return route->received ? route->received : route->installed;
	default:
		return route->installed ? route->installed : route->received;
	}
}

static void record_attributes(struct route_record *r, const struct attr_set *set)
{
	struct attrs as;
	attr_open(set, &as);
	for (unsigned i = 0; i < as.count; i++) {
		const struct attr *a = &as.a[i];
		const struct attr_row *row = attr_row(a->type);
		struct buf *to = a->type == ATTR_AS_PATH           ? &r->path
				 : a->type == ATTR_COMMUNITY       ? &r->communities
				 : a->type == ATTR_LARGE_COMMUNITY ? &r->large
				 : a->type == ATTR_EXT_COMMUNITY   ? &r->extended
								   : NULL;
		if (to && row && row->text)
			row->text(to, a);
		if (a->type == ATTR_NEXT_HOP) {
			struct ip hop = ip_from_bytes(a->value, a->len == 4 ? 32 : 128);
			ip_put(&r->next_hop, &hop);
		}
	}
	r->has_med = (set->has & ATTR_HAS_MED) != 0;
	r->has_local_pref = (set->has & ATTR_HAS_LOCAL_PREF) != 0;
	r->med = set->med;
	r->local_pref = set->local_pref;
	r->origin = set->origin;
	r->preferred = set->local.preferred_value;
	r->originator = set->originator;
	r->internal = set->local.source == SOURCE_IBGP || set->local.source == SOURCE_IBGP_CLIENT;
}

void route_record_fill(struct app *a, struct route_record *r, const struct rib_route *route,
		       enum rib_view view)
{
	memset(r, 0, sizeof *r);
	r->af = route->af;
	route->af->text_put(&r->prefix, &route->key);
	const struct attr_set *set = route_set(route, view);
	if (set)
		record_attributes(r, set);
	r->valid = route->installed && !route->loop;
	r->best = route->best;
	r->stale = route->stale;
	r->suppressed = route->suppressed;
	r->generation = route->generation;
	r->changed_at = (int64_t)route->changed_at;
	r->path_index = route->path_index;
	r->path_count = route->path_count;
	r->local = route->peer == RIB_NO_PEER;
	if (!r->next_hop.len) // our own, not told to anybody yet
		buf_text(&r->next_hop, route->af->props & AF_WIDE ? "::" : "0.0.0.0");
	struct speaker_peer *p = r->local ? NULL : speaker_peer_by_number(a->speaker, route->peer);
	if (p) {
		const struct sess_negotiated *n = sess_get_negotiated(speaker_peer_session(p));
		r->peer = speaker_peer_config(p)->address;
		r->peer_router_id = n ? n->remote_router_id : 0;
		r->internal = speaker_peer_config(p)->session.internal;
	}
}

void route_record_free(struct route_record *r)
{
	buf_free(&r->prefix);
	buf_free(&r->path);
	buf_free(&r->communities);
	buf_free(&r->large);
	buf_free(&r->extended);
	buf_free(&r->next_hop);
}

static const char origin_letter[] = {'i', 'e', '?'};
static const char *const origin_word[] = {"igp", "egp", "incomplete"};

static void status_put(struct buf *b, const struct route_record *r)
{
	buf_format(b, " %c%c%c%c", r->valid ? '*' : ' ', r->best ? '>' : ' ',
		   r->internal ? 'i' : ' ',
		   r->stale        ? 'S'
		   : r->suppressed ? 's'
				   : ' ');
}

static const char *number_or(char *out, size_t n, bool has, uint32_t v)
{
	if (has)
		snprintf(out, n, "%u", v);
	else
		out[0] = 0;
	return out;
}

void route_row_head(struct buf *b, const struct af *af)
{
	if (!(af->props & AF_WIDE))
		buf_text(
			b,
			"        Network            NextHop                       MED        LocPrf    PrefVal Path/Ogn\n\n");
}

void route_row(struct buf *b, const struct route_record *r)
{
	char med[16], pref[16];
	number_or(med, sizeof med, r->has_med, r->med);
	number_or(pref, sizeof pref, r->has_local_pref, r->local_pref);
	char origin = origin_letter[r->origin > 2 ? 2 : r->origin];
	if (!(r->af->props & AF_WIDE)) {
		status_put(b, r);
		buf_format(b, "   %-18s %-29s %-10s %-12s %5u      %s%c\n",
			   r->same_prefix ? "" : buf_cstr(&r->prefix), buf_cstr(&r->next_hop), med,
			   pref, r->preferred, buf_cstr(&r->path), origin);
		return;
	}
	const char *prefix = buf_cstr(&r->prefix), *slash = strchr(prefix, '/');
	int length = slash ? (int)(slash - prefix) : (int)strlen(prefix);
	status_put(b, r);
	buf_format(b, " Network  : %-41.*s PrefixLen : %s\n", length, prefix,
		   slash ? slash + 1 : "");
	buf_format(b, "     NextHop  : %-41s LocPrf    : %s\n", buf_cstr(&r->next_hop), pref);
	buf_format(b, "     MED      : %-41s PrefVal   : %u\n     Label    : \n", med,
		   r->preferred);
	buf_format(b, "     Path/Ogn : %s%s%c\n", buf_cstr(&r->path), r->path.len ? " " : "",
		   origin);
}

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
	buf_text(b, r->local ? ", local" : r->internal ? ", internal" : ", external");
	if (r->best)
		buf_text(b, ", best, select, active");
	if (r->stale)
		buf_text(b, ", stale");
	buf_text(b, ", pre 255\n");
}

void route_detail(struct buf *b, const struct route_record *r)
{
	struct buf from = {0};
	if (r->local) {
		buf_text(&from, "0.0.0.0 (0.0.0.0)");
	} else {
		ip_put(&from, &r->peer);
		buf_text(&from, " (");
		show_router_id(&from, r->peer_router_id);
		buf_text(&from, ")");
	}
	buf_format(b, " BGP routing table entry information of %s:\n From: %s\n",
		   buf_cstr(&r->prefix), buf_cstr(&from));
	buf_format(b, " Original nexthop: %s\n Verdict of commit: %u\n", buf_cstr(&r->next_hop),
		   r->generation);
	if (r->communities.len)
		buf_format(b, " Community: %s\n", buf_cstr(&r->communities));
	if (r->large.len)
		buf_format(b, " Large-community: %s\n", buf_cstr(&r->large));
	if (r->extended.len)
		buf_format(b, " Ext-Community: %s\n", buf_cstr(&r->extended));
	detail_path(b, r);
	buf_free(&from);
}

json_t *route_json(const struct route_record *r)
{
	char peer[IP_TEXT_MAX];
	json_t *o = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:b, s:b, s:b, s:I}", "prefix",
		buf_cstr(&r->prefix), "next_hop", buf_cstr(&r->next_hop), "as_path",
		buf_cstr(&r->path), "origin", origin_word[r->origin > 2 ? 2 : r->origin], "peer",
		r->local ? "local" : ip_text(&r->peer, peer), "preferred_value",
		(json_int_t)r->preferred, "valid", (int)r->valid, "best", (int)r->best, "internal",
		(int)r->internal, "stale", (int)r->stale, "generation", (json_int_t)r->generation);
	if (r->has_med)
		json_object_set_new(o, "med", json_integer(r->med));
	if (r->has_local_pref)
		json_object_set_new(o, "local_preference", json_integer(r->local_pref));
	if (r->communities.len)
		json_object_set_new(o, "communities", json_string(buf_cstr(&r->communities)));
	if (r->large.len)
		json_object_set_new(o, "large_communities", json_string(buf_cstr(&r->large)));
	if (r->extended.len)
		json_object_set_new(o, "extended_communities", json_string(buf_cstr(&r->extended)));
	return o;
}
