// An explanation in words: one short line for each thing that a route met.
#include "cmd/explain.h"

#include <string.h>

#define TABLES_SHOWN 20 // instances that do not take a route; those that do are all shown

void explain_peer(struct buf *b, const struct explain_view *v, uint16_t peer)
{
	const struct speaker_peer *p = speaker_peer_by_number(v->app->speaker, peer);

	if (peer == RIB_LENT)
		buf_text(b, "another table");
	else if (p)
		ip_put(b, &speaker_peer_config(p)->address);
	else
		buf_text(b, peer < RIB_PEERS_MAX ? "a peer that has gone" : "this speaker");
}

// The policy that the peer has there; "" none.
static const char *policy_of(const struct explain_view *v, uint16_t peer, bool import)
{
	const struct speaker_peer *p = speaker_peer_by_number(v->app->speaker, peer);
	const struct peer_config *c = p ? speaker_config_peer(v->config, v->place->instance,
							      &speaker_peer_config(p)->address)
					: NULL;

	if (!c && p)
		c = speaker_peer_config(p); // dynamic: follows its group
	if (!c)
		return "";
	const struct peer_family *f = &c->family[af_index(v->place->af)];
	return import ? f->import_policy : f->export_policy;
}

static bool is_policy(const struct policy_step *step)
{
	return step->stage && !strcmp(step->stage, "route-policy");
}

void explain_stage(struct buf *b, const struct explain_view *v, const struct policy_step *step,
		   uint16_t peer, bool import)
{
	buf_text(b, step->stage);
	if (is_policy(step) && *policy_of(v, peer, import))
		buf_format(b, " %s", policy_of(v, peer, import));
}

void explain_clause(struct buf *b, const struct explain_view *v, const struct policy_step *step,
		    uint16_t peer, bool import)
{
	const char *policy = is_policy(step) ? policy_of(v, peer, import) : "";

	buf_text(b, "if-match ");
	if (!*policy || !policy_source_clause(v->source, policy, step->node, step->place, b))
		buf_text(b, step->clause);
}

const char *explain_instance(const struct explain_view *v, unsigned number)
{
	const struct instance_config *i =
		speaker_config_instance_numbered(v->config, (uint16_t)number);

	if (!i) // goes with the candidate
		i = speaker_config_instance_numbered(speaker_running(v->app->speaker),
						     (uint16_t)number);
	return i ? i->name : "";
}

// --- lines ------------------------------------------------------------------------------------------
struct writing {
	struct buf *b;
	const struct explain_view *v;
	uint16_t peer; // whose policy is being told of
	bool import;
	unsigned unknown;  // peers of which nothing is kept
	unsigned refusing; // instances that do not take it
	struct buf steps;  // of one table, until it is known whether it is shown
};

static void put_step(struct buf *b, const struct writing *w, const struct policy_step *s)
{
	buf_text(b, "   ");
	if (s->end) {
		explain_stage(b, w->v, s, w->peer, w->import);
		buf_format(b, ": %s\n", s->permit ? "permit" : "deny");
		return;
	}
	buf_format(b, "node %u %s", s->node, s->permit ? "permit" : "deny");
	if (s->clause) {
		buf_text(b, ": ");
		explain_clause(b, w->v, s, w->peer, w->import);
	}
	buf_format(b, ": %s\n", s->matched ? "matched" : "not matched");
}

static void put_policy(struct writing *w, const struct rib_explain_item *i)
{
	struct buf *b = &w->steps;

	if (i->kind == EXPLAIN_STEP)
		put_step(b, w, &i->step);
	else if (*i->text)
		buf_format(b, "     applied: %s\n", i->text);
}

static void flush_steps(struct writing *w)
{
	buf_put(w->b, buf_cstr(&w->steps), w->steps.len);
	buf_clear(&w->steps);
}

static void put_check(struct writing *w, const struct rib_explain_item *i)
{
	flush_steps(w);
	if (i->bar)
		buf_format(w->b, "   check: %s\n", rib_bar_text(i->bar));
	else if (*i->text)
		buf_format(w->b, "   %s: %s\n", w->import ? "on arrival" : "on leaving", i->text);
}

static const char *doubt(const struct writing *w, bool stands)
{
	if (stands)
		return "";
	return w->v->candidate ? "   differs from what runs\n"
			       : "   what stands is of before: a walk has yet to come by\n";
}

static void put_path(struct writing *w, const struct rib_explain_item *i)
{
	w->peer = i->peer;
	w->import = true;
	buf_text(w->b, " Path from ");
	explain_peer(w->b, w->v, i->peer);
	buf_text(w->b, ":\n");
	if (i->peer < RIB_PEERS_MAX)
		buf_format(w->b, "   received: %s\n", i->text);
}

static void put_verdict(struct writing *w, const struct rib_explain_item *i)
{
	flush_steps(w);
	if (i->bar)
		buf_format(w->b, "   rejected: %s\n", rib_bar_text(i->bar));
	else
		buf_format(w->b, i->peer < RIB_PEERS_MAX ? "   accepted: %s\n" : "   %s\n",
			   i->text);
	buf_text(w->b, doubt(w, i->stands));
}

// One line for all of them.
static void put_unknown(struct writing *w, const struct rib_explain_item *i)
{
	if (w->unknown++ >= TABLES_SHOWN)
		return;
	buf_text(&w->steps, w->unknown > 1 ? ", " : "   ");
	explain_peer(&w->steps, w->v, i->peer);
}

static void put_all_unknown(struct writing *w)
{
	if (!w->unknown)
		return;
	buf_text(w->b,
		 " No path stored of these, whose import may have rejected one (it keeps none:\n"
		 " keep-all-routes, or ROUTE-REFRESH by refresh bgp ... import, would tell):\n");
	flush_steps(w);
	if (w->unknown > TABLES_SHOWN)
		buf_format(w->b, " and %u more", w->unknown - TABLES_SHOWN);
	buf_u8(w->b, '\n');
}

static void put_best(struct writing *w, const struct rib_explain_item *i)
{
	put_all_unknown(w);
	if (!i->number) {
		buf_text(w->b, " Best path: none\n");
	} else {
		buf_text(w->b, " Best path: from ");
		explain_peer(w->b, w->v, i->peer);
		buf_format(w->b, ", of %u that %s accepted\n", i->number,
			   i->number == 1 ? "is" : "are");
	}
	buf_text(w->b, doubt(w, i->stands));
}

static void put_loss(struct writing *w, const struct rib_explain_item *i)
{
	buf_text(w->b, "   that from ");
	explain_peer(w->b, w->v, i->other);
	buf_text(w->b, " beats that from ");
	explain_peer(w->b, w->v, i->peer);
	buf_format(w->b, " by %s (%s): %s against %s\n", i->name, i->rule, i->text, i->second);
}

static void put_neighbor(struct writing *w, const struct rib_explain_item *i)
{
	w->peer = i->peer;
	w->import = false;
	buf_text(w->b, " To ");
	explain_peer(w->b, w->v, i->peer);
	buf_text(w->b, ":\n");
}

static void put_same(struct writing *w, const struct rib_explain_item *i)
{
	buf_text(w->b, "   as to ");
	explain_peer(w->b, w->v, i->other);
	buf_text(w->b, " (one update group)\n");
}

static void put_told(struct writing *w, const struct rib_explain_item *i)
{
	flush_steps(w);
	if (i->bar)
		buf_format(w->b, "   not advertised: %s\n", rib_bar_text(i->bar));
	else
		buf_format(w->b, "   advertised: %s\n", i->text);
	buf_text(w->b, doubt(w, i->stands));
	if (i->waits && !w->v->candidate)
		buf_text(w->b, "   waits to be sent\n");
}

static void put_table(struct writing *w, const struct rib_explain_item *i)
{
	const char *name = explain_instance(w->v, i->number);

	if (i->bar && i->number && ++w->refusing > TABLES_SHOWN) {
		buf_clear(&w->steps);
		return;
	}
	if (i->number)
		buf_format(w->b, " VPN instance %s:\n", name);
	else
		buf_text(w->b, " The VPN tables:\n");
	flush_steps(w);
	if (i->bar)
		buf_format(w->b, "   not taken: %s\n", rib_bar_text(i->bar));
	else
		buf_format(w->b, "   taken: %s\n", i->text);
	buf_text(w->b, doubt(w, i->stands));
}

static void put_item(struct writing *w, const struct rib_explain_item *i)
{
	static void (*const put[])(struct writing * w, const struct rib_explain_item *i) = {
		[EXPLAIN_PATH] = put_path,         [EXPLAIN_CHECK] = put_check,
		[EXPLAIN_STEP] = put_policy,       [EXPLAIN_APPLY] = put_policy,
		[EXPLAIN_VERDICT] = put_verdict,   [EXPLAIN_UNKNOWN] = put_unknown,
		[EXPLAIN_BEST] = put_best,         [EXPLAIN_LOSS] = put_loss,
		[EXPLAIN_NEIGHBOR] = put_neighbor, [EXPLAIN_SAME] = put_same,
		[EXPLAIN_TOLD] = put_told,         [EXPLAIN_TABLE] = put_table,
	};

	if (i->kind == EXPLAIN_DEFAULT)
		buf_text(w->b, "   default-route-advertise\n");
	else
		put[i->kind](w, i);
}

void explain_text(struct buf *b, const struct explain_view *v)
{
	struct writing w = {.b = b, .v = v};

	if (v->place->name[0])
		place_head(b, v->place);
	buf_text(b, " Explanation of ");
	v->place->af->text_put(b, v->key);
	buf_format(b, "%s:\n", v->candidate ? " by the candidate configuration" : "");
	for (unsigned i = 0; i < v->answer->count; i++)
		put_item(&w, &v->answer->items[i]);
	if (w.refusing > TABLES_SHOWN)
		buf_format(b, " %u more VPN instances do not take it\n", w.refusing - TABLES_SHOWN);
	buf_free(&w.steps);
}
