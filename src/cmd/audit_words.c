// What an audit finds, in words: written in the copy of the process, where the tables are. A page for
// the operator, JSON, and lines for the log with all that is needed to come to the same outcome
// again: the commit, whose configuration the history has, and the sets as they were received, in hex.
#include "cmd/audit.h"

#include <inttypes.h>

#include <jansson.h>

#include "conf/history.h"

struct telling {
	struct app *app;
	const struct audit_difference *d;
	struct audit_words *out;
	json_t *json, *received;
	char subject[256]; // "IPv4 Unicast 10.1.0.0/16 of vpn-instance vpna"
	unsigned paths;
};

static const char *instance_name(const struct telling *t)
{
	const struct instance_config *c =
		speaker_config_instance_numbered(speaker_running(t->app->speaker), t->d->instance);

	return c ? c->name : "";
}

// --- whose --------------------------------------------------------------------------------------------
static void put_source(struct buf *b, const struct telling *t, uint16_t number, const uint8_t *rd)
{
	const struct speaker_peer *p = speaker_peer_by_number(t->app->speaker, number);

	if (number == RIB_LENT && rd) {
		buf_text(b, "lent under ");
		rd_put(b, rd);
	} else if (p) {
		buf_text(b, "peer ");
		ip_put(b, &speaker_peer_config(p)->address);
	} else if (number < RIB_PEERS_MAX) {
		buf_format(b, "peer number %u", number);
	} else {
		buf_text(b, "ours");
	}
}

// --- attributes -----------------------------------------------------------------------------------
static void put_attribute(struct buf *b, const struct attr *a)
{
	const struct attr_row *row = attr_row(a->type);

	if (b->len)
		buf_text(b, ", ");
	if (row)
		buf_text(b, row->name);
	else
		buf_format(b, "attribute %u", a->type);
	if (!a->len)
		return;
	buf_u8(b, ' ');
	if (a->type == ATTR_NEXT_HOP) {
		struct ip hop = ip_from_bytes(a->value, a->len == 4 ? 32 : 128);
		ip_put(b, &hop);
	} else {
		attr_text(b, a);
	}
}

static void put_attributes(struct buf *b, const struct attr_set *set)
{
	struct buf list = {0};
	struct attrs as;

	attr_open(set, &as);
	for (unsigned i = 0; i < as.count; i++)
		put_attribute(&list, &as.a[i]);
	if (as.local.preferred_value)
		buf_format(&list, ", pref-val %u", as.local.preferred_value);
	if (as.local.label)
		buf_format(&list, ", label %u", as.local.label);
	buf_text(b, buf_cstr(&list));
	buf_free(&list);
}

// Everything that tells two sets apart.
static void put_hex(struct buf *b, const struct attr_set *set)
{
	const struct attr_local *l = &set->local;

	buf_hex(b, set->bytes, set->len);
	buf_format(b, "/%u.%u.%u.%u.%u.%u/", l->source, l->aggregated, l->preferred_value,
		   l->originator, l->preference, l->label);
	buf_hex(b, l->rd, sizeof l->rd);
}

static json_t *hex_json(const struct attr_set *set)
{
	struct buf b = {0};
	json_t *v;

	put_hex(&b, set);
	v = json_string(buf_cstr(&b));
	buf_free(&b);
	return v;
}

// --- the two outcomes -----------------------------------------------------------------------------
static void put_outcome(struct buf *b, const struct telling *t, const struct compare_side *s)
{
	enum compare_kind kind = t->d->route->kind;
	static const char *const none[] = {[COMPARE_VERDICT] = "not accepted",
					   [COMPARE_BEST] = "none",
					   [COMPARE_TOLD] = "nothing announced"};

	if (kind == COMPARE_SELECT || kind == COMPARE_SUPPRESSED || kind == COMPARE_COUNTS) {
		buf_text(b, s->yes ? "yes" : "no");
		return;
	}
	if (!s->set) {
		buf_text(b, none[kind]);
		return;
	}
	if (kind == COMPARE_BEST) {
		put_source(b, t, s->peer, s->rd);
		buf_text(b, ": ");
	}
	put_attributes(b, s->set);
}

static json_t *outcome_json(const struct telling *t, const struct compare_side *s)
{
	struct buf b = {0};
	json_t *o = json_object();

	put_outcome(&b, t, s);
	json_object_set_new(o, "outcome", json_string(buf_cstr(&b)));
	if (s->set)
		json_object_set_new(o, "set", hex_json(s->set));
	buf_free(&b);
	return o;
}

static void tell_outcome(struct telling *t, const char *name, const struct compare_side *s)
{
	struct buf what = {0}, log = {0};

	put_outcome(&what, t, s);
	if (s->set)
		put_hex(&log, s->set);
	buf_format(&t->out->text, "   %-12s : %s\n", name, buf_cstr(&what));
	buf_format(&t->out->log, "tables check: %s, %s: %s %s\n", t->subject, name, buf_cstr(&what),
		   buf_cstr(&log));
	json_object_set_new(t->json, *name == 's' ? "stands" : "ought", outcome_json(t, s));
	buf_free(&what);
	buf_free(&log);
}

// --- what was received ----------------------------------------------------------------------------
static bool tell_received(void *arg, const struct rib_route *r)
{
	struct telling *t = arg;
	struct buf who = {0}, hex = {0};

	if (!r->received)
		return true;
	put_source(&who, t, r->peer, NULL);
	put_hex(&hex, r->received);
	buf_format(&t->out->log, "tables check: %s, received from %s: %s\n", t->subject,
		   buf_cstr(&who), buf_cstr(&hex));
	json_array_append_new(t->received, json_pack("{s:s, s:s}", "from", buf_cstr(&who), "set",
						     buf_cstr(&hex)));
	t->paths++;
	buf_free(&who);
	buf_free(&hex);
	return true;
}

// --- all of it --------------------------------------------------------------------------------------
static void put_subject(struct buf *b, const struct telling *t)
{
	const struct audit_difference *d = t->d;

	buf_text(b, d->af->title);
	if (d->route) {
		buf_u8(b, ' ');
		d->af->text_put(b, d->route->key);
	}
	if (d->instance != INSTANCE_PUBLIC)
		buf_format(b, " of vpn-instance %s", instance_name(t));
}

static void put_whose(struct buf *b, const struct telling *t)
{
	const struct audit_difference *d = t->d;

	if (!d->route && d->peer) {
		buf_text(b, "peer ");
		ip_put(b, &speaker_peer_config(d->peer)->address);
	} else if (d->route && d->route->kind != COMPARE_BEST &&
		   d->route->kind != COMPARE_SUPPRESSED) {
		put_source(b, t, d->route->peer, d->route->rd);
	}
}

static void tell_head(struct telling *t)
{
	const struct audit_difference *d = t->d;
	struct buf subject = {0}, whose = {0};
	uint32_t commit = conf_store_number(t->app->store);

	put_subject(&subject, t);
	put_whose(&whose, t);
	snprintf(t->subject, sizeof t->subject, "%s", buf_cstr(&subject));
	buf_format(&t->out->text, " %s: %s%s%s\n", t->subject, audit_kind_name(d->kind),
		   whose.len ? ", " : "", buf_cstr(&whose));
	buf_format(&t->out->log,
		   "tables check: %s: %s%s%s is not what it ought to be; commit %" PRIu32
		   ", generation %" PRIu32 " of %" PRIu32 "\n",
		   t->subject, audit_kind_name(d->kind), whose.len ? ", " : "", buf_cstr(&whose),
		   commit, d->route ? d->route->generation : 0,
		   speaker_running(t->app->speaker)->generation);
	t->json = json_pack("{s:s, s:s, s:s, s:I}", "kind", audit_kind_name(d->kind), "family",
			    d->af->name, "subject", t->subject, "commit", (json_int_t)commit);
	if (d->instance != INSTANCE_PUBLIC)
		json_object_set_new(t->json, "instance", json_string(instance_name(t)));
	if (whose.len)
		json_object_set_new(t->json, "of", json_string(buf_cstr(&whose)));
	buf_free(&subject);
	buf_free(&whose);
}

static void tell_route(struct telling *t)
{
	const struct compare_difference *route = t->d->route;
	const struct rib_query q = {.af = t->d->af, .view = RIB_VIEW_ALL, .exact = route->key};
	struct buf prefix = {0};

	t->d->af->text_put(&prefix, route->key);
	json_object_set_new(t->json, "prefix", json_string(buf_cstr(&prefix)));
	json_object_set_new(t->json, "generation", json_integer(route->generation));
	buf_free(&prefix);
	tell_outcome(t, "stands", &route->stands);
	tell_outcome(t, "ought to be", &route->ought);
	t->received = json_array();
	rib_read(t->d->rib, &q, tell_received, t);
	buf_format(&t->out->text, "   %-12s : %u\n", "paths", t->paths);
	json_object_set_new(t->json, "received", t->received);
}

void audit_words(struct app *a, const struct audit_difference *d, struct audit_words *ret)
{
	struct telling t = {.app = a, .d = d, .out = ret};

	*ret = (struct audit_words){0};
	tell_head(&t);
	if (d->route)
		tell_route(&t);
	show_json(&ret->json, t.json);
}

void audit_words_free(struct audit_words *w)
{
	buf_free(&w->text);
	buf_free(&w->json);
	buf_free(&w->log);
}
