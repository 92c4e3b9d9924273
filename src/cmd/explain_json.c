// An explanation as JSON: paths, the decision, neighbours and tables, each with the steps that the
// route met there.
#include "cmd/explain.h"

#include <jansson.h>

struct sorting {
	const struct explain_view *v;
	json_t *paths, *losses, *neighbors, *tables, *unknown, *best; // owned
	json_t *at;    // borrowed: path or neighbour told of
	json_t *steps; // owned: of the next table
	uint16_t peer;
	bool import;
};

static json_t *text_of(struct buf *b)
{
	json_t *text = json_string(buf_cstr(b));

	buf_free(b);
	return text;
}

static json_t *peer_json(const struct sorting *s, uint16_t peer)
{
	struct buf b = {0};

	explain_peer(&b, s->v, peer);
	return text_of(&b);
}

static void put_text(json_t *o, const char *name, const char *text)
{
	if (text && *text)
		json_object_set_new(o, name, json_string(text));
}

static json_t *step_json(const struct sorting *s, const struct rib_explain_item *i)
{
	const struct policy_step *step = &i->step;
	json_t *o = json_object();
	struct buf b = {0};

	if (i->kind == EXPLAIN_CHECK) {
		json_object_set_new(o, "check", json_string(rib_bar_word(i->bar)));
		put_text(o, "changes", i->text);
		return o;
	}
	explain_stage(&b, s->v, step, s->peer, s->import);
	json_object_set_new(o, "stage", text_of(&b));
	if (step->end) {
		json_object_set_new(o, "permit", json_boolean(step->permit));
		return o;
	}
	json_object_set_new(o, "node", json_integer(step->node));
	if (i->kind == EXPLAIN_APPLY) {
		json_object_set_new(o, "applied", json_string(i->text));
		return o;
	}
	json_object_set_new(o, "node_permits", json_boolean(step->permit));
	if (step->clause) {
		explain_clause(&b, s->v, step, s->peer, s->import);
		json_object_set_new(o, "clause", text_of(&b));
	}
	json_object_set_new(o, "matched", json_boolean(step->matched));
	return o;
}

static json_t *begin(struct sorting *s, json_t *list, const struct rib_explain_item *i, bool import)
{
	s->at = json_pack("{s:o, s:[]}", "peer", peer_json(s, i->peer), "steps");
	s->peer = i->peer;
	s->import = import;
	json_array_append_new(list, s->at);
	return s->at;
}

static void add_step(struct sorting *s, const struct rib_explain_item *i)
{
	json_array_append_new(s->at ? json_object_get(s->at, "steps") : s->steps, step_json(s, i));
}

static void put_outcome(json_t *o, const struct rib_explain_item *i, const char *name)
{
	json_object_set_new(o, name, json_boolean(!i->bar));
	if (i->bar) {
		json_object_set_new(o, "reason", json_string(rib_bar_word(i->bar)));
		json_object_set_new(o, "reason_text", json_string(rib_bar_text(i->bar)));
	}
	put_text(o, "attributes", i->text);
	json_object_set_new(o, "stands", json_boolean(i->stands));
}

static void put_table(struct sorting *s, const struct rib_explain_item *i)
{
	json_t *o = json_pack("{s:s, s:o}", "instance", explain_instance(s->v, i->number), "steps",
			      s->steps);

	put_outcome(o, i, "taken");
	json_array_append_new(s->tables, o);
	s->steps = json_array();
}

static json_t *loss_json(const struct sorting *s, const struct rib_explain_item *i)
{
	return json_pack("{s:o, s:o, s:s, s:s, s:s, s:s}", "peer", peer_json(s, i->peer),
			 "beaten_by", peer_json(s, i->other), "step", i->name, "rule", i->rule,
			 "winner", i->text, "loser", i->second);
}

static void put_best(struct sorting *s, const struct rib_explain_item *i)
{
	json_decref(s->best);
	s->best =
		json_pack("{s:I, s:b}", "usable", (json_int_t)i->number, "stands", (int)i->stands);
	if (i->number)
		json_object_set_new(s->best, "peer", peer_json(s, i->peer));
}

static void sort_item(struct sorting *s, const struct rib_explain_item *i)
{
	switch (i->kind) {
	case EXPLAIN_PATH:
		put_text(begin(s, s->paths, i, true), "received", i->text);
		break;
	case EXPLAIN_NEIGHBOR:
		begin(s, s->neighbors, i, false);
		break;
	case EXPLAIN_CHECK:
	case EXPLAIN_STEP:
	case EXPLAIN_APPLY:
		add_step(s, i);
		break;
	case EXPLAIN_VERDICT:
		put_outcome(s->at, i, "accepted");
		break;
	case EXPLAIN_UNKNOWN:
		json_array_append_new(s->unknown, peer_json(s, i->peer));
		break;
	case EXPLAIN_BEST:
		put_best(s, i);
		break;
	case EXPLAIN_LOSS:
		json_array_append_new(s->losses, loss_json(s, i));
		break;
	case EXPLAIN_SAME:
		json_object_set_new(s->at, "as_to", peer_json(s, i->other));
		break;
	case EXPLAIN_DEFAULT:
		json_object_set_new(s->at, "default_route", json_true());
		break;
	case EXPLAIN_TOLD:
		put_outcome(s->at, i, "advertised");
		json_object_set_new(s->at, "waits", json_boolean(i->waits));
		s->at = NULL;
		break;
	case EXPLAIN_TABLE:
		put_table(s, i);
		break;
	}
}

json_t *explain_json(const struct explain_view *v)
{
	struct sorting s = {.v = v,
			    .paths = json_array(),
			    .losses = json_array(),
			    .neighbors = json_array(),
			    .tables = json_array(),
			    .unknown = json_array(),
			    .steps = json_array(),
			    .best = json_object()};
	struct buf key = {0};

	for (unsigned i = 0; i < v->answer->count; i++) {
		if (v->answer->items[i].kind == EXPLAIN_BEST)
			s.at = NULL;
		sort_item(&s, &v->answer->items[i]);
	}
	json_decref(s.steps);
	v->place->af->text_put(&key, v->key);
	return json_pack("{s:o, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "prefix", text_of(&key),
			 "instance", v->place->name, "candidate", (int)v->candidate, "paths",
			 s.paths, "not_kept", s.unknown, "best", s.best, "decision", s.losses,
			 "neighbors", s.neighbors, "tables", s.tables);
}
