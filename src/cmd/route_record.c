// A route's record, and the record as JSON.
#include "cmd/route.h"

#include <stdlib.h>
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
				 : a->type == ATTR_PMSI_TUNNEL     ? &r->pmsi
				 : a->type == ATTR_CLUSTER_LIST    ? &r->clusters
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
	r->label = set->local.label;
	r->ours = set->local.source == SOURCE_LOCAL;
	r->internal = set->local.source == SOURCE_IBGP || set->local.source == SOURCE_IBGP_CLIENT;
}

// Text of a key behind its first word, which is the type, and the distinguisher.
static const char *behind_distinguisher(const char *text)
{
	const char *p = strchr(text, ' ');
	if (!p)
		return text;
	if (p[1] == '[') // a leaf: what it answers to stands in brackets, distinguisher included
		return p + 1;
	const char *q = strchr(p + 1, ' ');
	return q ? q + 1 : "";
}

void route_fields(struct buf *b, const struct af *af, const struct af_key *key)
{
	struct buf text = {0};
	af->text_put(&text, key);
	const char *p = buf_cstr(&text), *blank = strchr(p, ' ');
	if (af->types)
		p = behind_distinguisher(p);
	else if (blank)
		p = blank + 1;
	for (; *p; p++)
		buf_u8(b, *p == ' ' ? ':' : (uint8_t)*p);
	buf_free(&text);
}

const struct af_type *route_type_row(const struct af *af, unsigned type)
{
	for (const struct af_type *t = af->types; t && t->title; t++)
		if (t->type == type)
			return t;
	return NULL;
}

static void record_key(struct route_record *r, const struct af_key *key)
{
	const struct af *af = r->af;
	if (af->props & AF_PREFIX) {
		unsigned bits;
		const uint8_t *p = af->prefix(key, &bits);
		struct ip ip = ip_from_bytes(p, af->prefix_bits);
		ip_put(&r->prefix, &ip);
		buf_format(&r->prefix, "/%u", bits);
	} else {
		route_fields(&r->prefix, af, key);
		af->text_put(&r->key, key);
	}
	if (af->rd)
		rd_put(&r->group, af->rd(key));
	if (af->types)
		r->type = af->route_type(key);
	if (af->target) {
		uint8_t target[8];
		unsigned bits;
		uint32_t as;
		af->target(key, target, &bits, &as);
		buf_format(&r->group, "%u", as);
	}
}

static void record_peer(struct app *a, struct route_record *r, const struct rib_route *route)
{
	r->lent = route->peer == RIB_LENT;
	r->local = route->peer == RIB_NO_PEER || (r->lent && place_is_public(r->place));
	struct speaker_peer *p =
		r->local || r->lent ? NULL : speaker_peer_by_number(a->speaker, route->peer);
	if (!p)
		return;
	const struct sess_negotiated *n = sess_get_negotiated(speaker_peer_session(p));
	r->peer = speaker_peer_config(p)->address;
	r->peer_router_id = n ? n->remote_router_id : 0;
	r->internal = speaker_peer_config(p)->session.internal;
}

void route_record_fill(struct app *a, const struct place *place, struct route_record *r,
		       const struct rib_route *route, enum rib_view view)
{
	memset(r, 0, sizeof *r);
	r->place = place;
	r->af = route->af;
	record_key(r, &route->key);
	const struct attr_set *set = route_set(route, view);
	if (set)
		record_attributes(r, set);
	r->valid = route->installed && !route->loop;
	r->best = route->best;
	r->stale = route->stale;
	r->suppressed = route->suppressed;
	r->generation = route->generation;
	r->changed_at = (int64_t)route->changed_at;
	int64_t now = loop_wall(speaker_loop(a->speaker));
	if (r->changed_at && now > r->changed_at)
		r->age = (uint64_t)(now - r->changed_at);
	r->path_index = route->path_index;
	r->path_count = route->path_count;
	record_peer(a, r, route);
	if (r->lent && set)
		memcpy(r->from, set->local.rd, RD_SIZE);
	r->labeled = r->af->props & AF_LABELED || (r->lent && r->label);
	if (!r->next_hop.len) // our own, not told to anybody yet
		buf_text(&r->next_hop, route->af->props & AF_WIDE ? "::" : "0.0.0.0");
}

void route_record_free(struct route_record *r)
{
	struct buf *all[] = {&r->prefix, &r->key,      &r->group,    &r->path, &r->communities,
			     &r->large,  &r->extended, &r->next_hop, &r->pmsi, &r->clusters};
	for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
		buf_free(all[i]);
}

static const char *const origin_word[] = {"igp", "egp", "incomplete"};

static void json_text(json_t *o, const char *name, const struct buf *text)
{
	if (text->len)
		json_object_set_new(o, name, json_string(buf_cstr(text)));
}

// What the families of VPNs have besides.
static void json_vpn(json_t *o, const struct route_record *r)
{
	if (!place_is_public(r->place))
		json_object_set_new(o, "instance", json_string(r->place->name));
	if (r->af->rd)
		json_text(o, "route_distinguisher", &r->group);
	if (r->af->target)
		json_object_set_new(o, "origin_as", json_integer(atoll(buf_cstr(&r->group))));
	if (r->af->types)
		json_object_set_new(o, "type", json_integer(r->type));
	if (r->labeled)
		json_object_set_new(o, "label", json_integer(r->label));
	if (r->lent && !place_is_public(r->place)) {
		struct buf rd = {0};
		rd_put(&rd, r->from);
		json_text(o, "imported_from", &rd);
		buf_free(&rd);
	}
}

static const char *peer_word(const struct route_record *r, char *out)
{
	if (r->local)
		return "local";
	return r->lent ? "imported" : ip_text(&r->peer, out);
}

json_t *route_json(const struct route_record *r)
{
	char peer[IP_TEXT_MAX];
	json_t *o = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:b, s:b, s:b, s:I}", "prefix",
		buf_cstr(r->key.len ? &r->key : &r->prefix), "next_hop", buf_cstr(&r->next_hop),
		"as_path", buf_cstr(&r->path), "origin", origin_word[r->origin > 2 ? 2 : r->origin],
		"peer", peer_word(r, peer), "preferred_value", (json_int_t)r->preferred, "valid",
		(int)r->valid, "best", (int)r->best, "internal", (int)r->internal, "stale",
		(int)r->stale, "generation", (json_int_t)r->generation);
	if (r->has_med)
		json_object_set_new(o, "med", json_integer(r->med));
	if (r->has_local_pref)
		json_object_set_new(o, "local_preference", json_integer(r->local_pref));
	json_text(o, "communities", &r->communities);
	json_text(o, "large_communities", &r->large);
	json_text(o, "extended_communities", &r->extended);
	json_text(o, "pmsi_tunnel", &r->pmsi);
	json_vpn(o, r);
	return o;
}
