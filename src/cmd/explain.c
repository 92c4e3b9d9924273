// The question behind `explain`: the candidate of this terminal is compiled, if it is asked about, and
// kept until the display ends; then one destination after another is asked about.
#include "cmd/explain.h"

#include "cmd/commit.h"

#include "base/mem.h"

#include <jansson.h>

struct explain_ask {
	struct cli_call *call;
	uint16_t peer;                    // number; RIB_NO_PEER: all
	struct speaker_config *candidate; // counted; NULL: what runs
	struct policy_source *source;
	struct speaker_explain *under_way;
	struct place place;
	struct af_key key;
	unsigned asked;
	void (*done)(void *arg);
	void *arg;
};

static bool take_candidate(struct explain_ask *a)
{
	struct cli_call *c = a->call;
	struct app *app = app_of(c);
	struct conf_tree tree;
	struct buf errors = {0};

	if (!commit_candidate_tree(c, &tree))
		return false;
	a->candidate = model_compile(app->model, &tree, conf_store_number(app->store) + 1, &errors);
	if (a->candidate)
		a->source = model_policy_source(&tree);
	conf_tree_free(&tree);
	if (!a->candidate) {
		cli_write(c, buf_cstr(&errors), errors.len);
		cli_failed(c);
	}
	buf_free(&errors);
	return a->candidate;
}

struct explain_ask *explain_ask_new(struct cli_call *c, const struct scope *s)
{
	struct explain_ask *a = MEM_NEW(struct explain_ask);
	bool good = true;

	a->call = c;
	a->peer = RIB_NO_PEER;
	if (conf_has(c->line, "peer")) {
		const struct place *place;
		const struct speaker_peer *p = scope_peer(c, s, &place);
		good = p;
		a->peer = p ? speaker_peer_number(p) : RIB_NO_PEER;
	}
	if (good && conf_has(c->line, "candidate"))
		good = take_candidate(a);
	else if (good)
		a->source = model_policy_source(conf_store_running(app_of(c)->store));
	if (good)
		return a;
	explain_ask_free(a);
	return NULL;
}

void explain_ask_free(struct explain_ask *a)
{
	if (!a)
		return;
	speaker_explain_cancel(a->under_way);
	speaker_config_unref(a->candidate);
	policy_source_free(a->source);
	mem_free(a);
}

static void print(struct explain_ask *a, const struct explanation *answer)
{
	const struct speaker_config *running = speaker_running(app_of(a->call)->speaker);
	const struct explain_view v = {.app = app_of(a->call),
				       .config = a->candidate ? a->candidate : running,
				       .source = a->source,
				       .place = &a->place,
				       .key = &a->key,
				       .answer = answer,
				       .candidate = a->candidate};
	struct buf out = {0};

	if (a->call->json) {
		buf_text(&out, a->asked++ ? ",\n" : "\n");
		show_json(&out, explain_json(&v));
	} else {
		explain_text(&out, &v);
	}
	cli_write(a->call, buf_cstr(&out), out.len);
	buf_free(&out);
}

static void answered(void *arg, const struct explanation *answer)
{
	struct explain_ask *a = arg;

	a->under_way = NULL;
	if (answer)
		print(a, answer);
	a->done(a->arg);
}

void explain_ask_start(struct explain_ask *a, const struct place *place, const struct af_key *key,
		       void (*done)(void *arg), void *arg)
{
	const struct explain_question q = {.instance = place->instance,
					   .af = place->af,
					   .key = *key,
					   .peer = a->peer,
					   .candidate = a->candidate};

	a->place = *place;
	a->key = *key;
	a->done = done;
	a->arg = arg;
	a->under_way = speaker_explain_start(app_of(a->call)->speaker, &q, answered, a);
}
