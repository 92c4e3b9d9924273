// An impact as JSON: the page's figures, all attributes, the plan, and the samples whole.
#include "cmd/impact.h"

#include <jansson.h>

#include "conf/history.h"

static const struct {
	unsigned effect;
	const char *name;
} effects[] = {
	{EFFECT_SESSION, "session_reset"}, {EFFECT_ASK, "route_refresh"},
	{EFFECT_IMPORT, "import"},         {EFFECT_EXPORT, "export"},
	{EFFECT_DECIDE, "decision"},       {EFFECT_PENDING, "pending"},
};

static json_t *address_json(const struct ip *address)
{
	char text[IP_TEXT_MAX];

	return json_string(ip_text(address, text));
}

// Where it is: the instance unless it is the public one, and the family.
static void put_place(json_t *o, struct app *a, const struct impact *i, uint16_t instance,
		      const struct af *af)
{
	if (instance != INSTANCE_PUBLIC)
		json_object_set_new(o, "instance", json_string(impact_instance(i, a, instance)));
	if (af)
		json_object_set_new(o, "family", json_string(af->name));
}

static json_t *plan_json(struct app *a, const struct impact *i)
{
	json_t *list = json_array();

	for (unsigned k = 0; k < i->plan.count; k++) {
		const struct soft_step *s = &i->plan.steps[k];
		json_t *what = json_array(), *o = json_object();
		for (unsigned e = 0; e < sizeof effects / sizeof *effects; e++)
			if (s->effects & effects[e].effect)
				json_array_append_new(what, json_string(effects[e].name));
		if (s->address.bits)
			json_object_set_new(o, "peer", address_json(&s->address));
		put_place(o, a, i, s->instance, s->af);
		json_object_set_new(o, "effects", what);
		json_object_set_new(o, "why", json_string(s->why));
		json_array_append_new(list, o);
	}
	return list;
}

static unsigned resets(const struct impact *i)
{
	unsigned n = 0;

	for (unsigned k = 0; k < i->plan.count; k++)
		n += (i->plan.steps[k].effects & EFFECT_SESSION) != 0;
	return n;
}

static void put_counts(json_t *o, const uint64_t *count, unsigned first, unsigned last)
{
	for (unsigned c = first; c <= last; c++)
		json_object_set_new(o, impact_class_name(c), json_integer((json_int_t)count[c]));
}

static void put_causes(json_t *o, const char *name, const uint32_t by[LEDGER_TRAITS])
{
	json_t *causes = json_object();

	for (unsigned i = 0; i < LEDGER_TRAITS; i++) {
		char other[24];
		const char *trait = impact_trait_name(i);
		snprintf(other, sizeof other, "attribute_%u", i);
		if (by[i])
			json_object_set_new(causes, trait ? trait : other, json_integer(by[i]));
	}
	json_object_set_new(o, name, causes);
}

static json_t *row_json(struct app *a, const struct impact *i, const struct measure_row *r)
{
	json_t *o = json_object();

	if (r->address.bits)
		json_object_set_new(o, "peer", address_json(&r->address));
	put_place(o, a, i, r->instance, af_list[r->row.family]);
	if (!r->address.bits) {
		put_counts(o, r->row.count, LEDGER_BEST_NEW, LEDGER_BEST_CHANGED);
		put_causes(o, "changed_by", r->row.changed_by);
		return o;
	}
	put_counts(o, r->row.count, LEDGER_ACCEPTED, LEDGER_LOST);
	put_counts(o, r->row.count, LEDGER_ANNOUNCED, LEDGER_WITHDRAWN);
	put_causes(o, "changed_by", r->row.changed_by);
	put_causes(o, "reannounced_by", r->row.reannounced_by);
	return o;
}

static void put_rows(json_t *o, struct app *a, const struct impact_view *v)
{
	json_t *tables = json_array(), *peers = json_array();

	for (unsigned k = 0; k < v->impact->row_count; k++) {
		const struct measure_row *r = &v->impact->rows[k];
		if (impact_filter_has(&v->filter, r->instance, r->row.family, &r->address))
			json_array_append_new(r->address.bits ? peers : tables,
					      row_json(a, v->impact, r));
	}
	json_object_set_new(o, "tables", tables);
	json_object_set_new(o, "peers", peers);
}

static json_t *unknown_json(struct app *a, const struct impact_view *v)
{
	json_t *list = json_array();

	for (unsigned k = 0; k < v->impact->unknown_count; k++) {
		const struct impact_unknown *u = &v->impact->unknown[k];
		if (!impact_filter_has(&v->filter, u->instance, af_index(u->af), &u->address))
			continue;
		json_t *o = json_pack("{s:o, s:I, s:s}", "peer", address_json(&u->address),
				      "turned_away", (json_int_t)u->unkept, "comes_by",
				      u->asked ? "route_refresh" : "new_session");
		put_place(o, a, v->impact, u->instance, u->af);
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *samples_json(struct app *a, const struct impact_view *v)
{
	json_t *list = json_array();

	for (unsigned k = 0; k < v->impact->sample_count; k++) {
		const struct impact_sample *s = &v->impact->samples[k];
		if (!impact_filter_has(&v->filter, s->instance, s->family, &s->address))
			continue;
		json_t *o =
			json_pack("{s:s, s:s, s:s}", "class", impact_class_name(s->class), "prefix",
				  s->prefix, s->address.bits ? "peer" : "from", s->who);
		json_t *sides = json_loads(s->json, 0, NULL);
		put_place(o, a, v->impact, s->instance, af_list[s->family]);
		if (sides)
			json_object_update(o, sides);
		json_decref(sides);
		json_array_append_new(list, o);
	}
	return list;
}

json_t *impact_json(struct app *a, const struct impact_view *v)
{
	const struct impact *i = v->impact;
	const struct ledger_options *w = &i->options;
	uint64_t total[LEDGER_CLASSES];
	json_t *totals = json_object(), *o;
	struct buf within = {0};

	impact_total(i, &v->filter, total);
	put_counts(totals, total, 0, LEDGER_CLASSES - 1);
	o = json_pack("{s:I, s:I, s:I, s:o, s:o}", "upon", (json_int_t)CONF_COMMIT_FIRST + i->upon,
		      "microseconds", (json_int_t)i->microseconds, "sessions_reset",
		      (json_int_t)resets(i), "plan", plan_json(a, i), "totals", totals);
	if (w->within.bits) {
		ip_put(&within, &w->within);
		buf_format(&within, "/%u", w->within_bits);
		json_object_set_new(o, "within", json_string(buf_cstr(&within)));
		buf_free(&within);
	}
	put_rows(o, a, v);
	json_object_set_new(o, "unknown", unknown_json(a, v));
	json_object_set_new(o, "samples", samples_json(a, v));
	return o;
}
