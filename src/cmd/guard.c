// The guard's way from a tree to a commit (guard.h). What is compared with which limit:
//
//   max-withdrawn      announcements that neighbours would lose
//   max-rejected       accepted routes that would be so no longer, rejected or lost with their peer
//   max-moved          best paths that would go, or be another peer's
//   no-session-reset   sessions that the plan resets
//   protect-prefix     best paths likewise, of prefixes that the list permits
//
// A limit in percent is of what there is now. The list is asked in the copy, as it is in the
// configuration that runs, or, if it is not there, as it would be.
#include "cmd/guard.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"

#define ROUNDS_MAX    3  // so often it begins again, upon what others changed
#define PROTECTED_MAX 20 // prefixes that are named

struct guard {
	struct cli_call *call;
	const struct guarded *ops;
	struct conf_tree tree;
	struct guard_limits_pair limits;
	char *protect[2];               // names of lists, owned; NULL: none
	struct policy_snapshot *policy; // counted: of what runs
	struct impact_ask *ask;
	unsigned rounds;
};

// --- figures ------------------------------------------------------------------------------------------
struct figure {
	const char *title;
	uint64_t found, of;
};

static bool is_passed(const struct figure *f, const struct guard_limit *l)
{
	if (!l->set)
		return false;
	if (!l->percent)
		return f->found > l->value;
	return (double)f->found * 10000 > (double)l->value * (double)f->of;
}

static void put_percent(struct buf *out, uint64_t hundredths)
{
	buf_format(out, "%" PRIu64, hundredths / 100);
	if (hundredths % 100)
		buf_format(out, ".%02u", (unsigned)(hundredths % 100));
	buf_u8(out, '%');
}

static void put_found(struct buf *out, const struct figure *f)
{
	buf_format(out, "%s: %" PRIu64 " of %" PRIu64, f->title, f->found, f->of);
	if (f->found && f->of) {
		buf_text(out, " (");
		put_percent(out, (uint64_t)((double)f->found * 10000 / (double)f->of));
		buf_u8(out, ')');
	}
}

static void put_allowed(struct buf *out, const struct guard_limit *l)
{
	if (l->percent)
		put_percent(out, l->value);
	else
		buf_format(out, "%" PRIu64, l->value);
}

static void judge_figure(const struct figure *f, const struct guard_limit *l, const char *whose,
			 struct buf *passed, struct buf *within)
{
	if (is_passed(f, l)) {
		buf_text(passed, "  ");
		put_found(passed, f);
		buf_text(passed, ", allowed ");
		put_allowed(passed, l);
		buf_format(passed, "%s\n", whose);
	} else if (l->set) {
		buf_text(within, within->len ? "; " : "");
		put_found(within, f);
	}
}

static void judge_sessions(const struct impact *i, const char *whose, struct buf *passed,
			   struct buf *within)
{
	char address[IP_TEXT_MAX];
	struct buf list = {0};
	unsigned resets = 0;

	for (unsigned k = 0; k < i->plan.count; k++) {
		const struct soft_step *s = &i->plan.steps[k];

		if (!(s->effects & EFFECT_SESSION))
			continue;
		resets++;
		buf_format(&list, "    peer %s", ip_text(&s->address, address));
		if (s->instance_name[0])
			buf_format(&list, " of VPN instance %s", s->instance_name);
		buf_format(&list, " [%s]\n", s->why);
	}
	if (resets)
		buf_format(passed, "  sessions reset: %u, allowed 0%s\n%s", resets, whose,
			   buf_cstr(&list));
	else
		buf_format(within, "%ssessions reset: 0", within->len ? "; " : "");
	buf_free(&list);
}

static void judge_protected(const struct impact *i, const char *list, const char *whose,
			    struct buf *passed, struct buf *within)
{
	const char *text = buf_cstr(&i->protected_lost);

	if (i->protected_lost.len)
		buf_format(passed,
			   "  best paths of protected prefixes gone or moved, allowed 0 "
			   "(prefix list %s)%s\n%s",
			   list, whose, text);
	else
		buf_format(within, "%sprotected prefixes: none lost", within->len ? "; " : "");
}

static void judge(const struct impact *i, const struct guard_limits *g, const char *whose,
		  struct buf *passed, struct buf *within)
{
	const uint64_t *n = i->total;
	const struct figure withdrawn = {"announcements withdrawn", n[LEDGER_WITHDRAWN],
					 i->advertised};
	const struct figure rejected = {"accepted routes lost", n[LEDGER_REJECTED] + n[LEDGER_LOST],
					i->accepted};
	const struct figure moved = {"best paths gone or moved",
				     n[LEDGER_BEST_GONE] + n[LEDGER_BEST_MOVED], i->best};

	judge_figure(&withdrawn, &g->withdrawn, whose, passed, within);
	judge_figure(&rejected, &g->rejected, whose, passed, within);
	judge_figure(&moved, &g->moved, whose, passed, within);
	if (g->no_session_reset)
		judge_sessions(i, whose, passed, within);
	if (g->protect)
		judge_protected(i, g->protect, whose, passed, within);
}

bool guard_judge(const struct impact *i, const struct guard_limits_pair *limits, struct buf *passed,
		 struct buf *within)
{
	judge(i, &limits->line, "", passed, within);
	judge(i, &limits->standing, " [commit-guard]", passed, within);
	return passed->len;
}

// --- in the copy --------------------------------------------------------------------------------------
static bool is_protected(const void *arg, const struct af *af, const struct af_key *key)
{
	const struct guard *g = arg;
	const struct policy_route route = {.af = af, .key = key};
	enum filter_kind kind = af->props & AF_WIDE ? FILTER_PREFIX_WIDE : FILTER_PREFIX;

	for (unsigned i = 0; i < 2 && af->props & AF_PREFIX; i++) {
		if (g->protect[i] &&
		    policy_filter_permits(g->policy, kind, g->protect[i], false, &route))
			return true;
	}
	return false;
}

static void put_table(struct buf *out, const struct speaker *s, uint16_t instance,
		      const struct af *af)
{
	const struct instance_config *c =
		speaker_config_instance_numbered(speaker_running(s), instance);

	buf_format(out, ", %s", af->title);
	if (c && c->name[0])
		buf_format(out, " of VPN instance %s", c->name);
}

static void tell_lost(void *arg, struct speaker *s, const struct measure *m, struct buf *ret)
{
	struct guard *g = arg;
	unsigned lost = 0;

	for (unsigned i = 0; i < m->sample_count; i++) {
		const struct ledger_sample *x = &m->samples[i].sample;
		bool gone = x->class == LEDGER_BEST_GONE;

		if ((!gone && x->class != LEDGER_BEST_MOVED) || !is_protected(g, x->af, &x->key))
			continue;
		if (lost++ >= PROTECTED_MAX)
			continue;
		buf_text(ret, "    ");
		x->af->text_put(ret, &x->key);
		put_table(ret, s, m->samples[i].instance, x->af);
		buf_format(ret, ": %s\n", gone ? "gone" : "moved");
	}
	if (lost > PROTECTED_MAX)
		buf_format(ret, "    ... %u in all\n", lost);
}

// --- the way ------------------------------------------------------------------------------------------
bool guard_limits_of(const struct cli_call *c, struct guard_limits_pair *ret)
{
	bool line = guard_limits_line(c->line, &ret->line);
	bool standing = guard_limits_standing(conf_store_running(app_of(c)->store), &ret->standing);

	return (line || standing) && !conf_has(c->line, "force");
}

bool guard_barred(struct cli_call *c)
{
	const struct guard *g = app_of(c)->guard;

	if (!g || g->call->session == c->session || conf_has(c->line, "force"))
		return false;
	cli_error(c, "A commit of another user is under way. [Session ID = %u]",
		  cli_session_number(g->call->session));
	return true;
}

static void guard_free(struct guard *g)
{
	struct cli_call *c = g->call;

	app_of(c)->guard = NULL;
	if (g->ops->end)
		g->ops->end(c);
	conf_tree_free(&g->tree);
	policy_snapshot_unref(g->policy);
	mem_free(g->protect[0]);
	mem_free(g->protect[1]);
	mem_free(g);
}

static void guard_cancel(struct cli_call *c)
{
	struct guard *g = app_of(c)->guard;

	impact_ask_cancel(g->ask);
	guard_free(g);
}

static void guard_end(struct guard *g)
{
	struct cli_call *c = g->call;

	guard_free(g);
	cli_done(c);
}

static void guard_refuse(struct guard *g, const struct buf *passed)
{
	cli_error(g->call,
		  "Commit canceled, its impact passes the limits of the guard:\n%s"
		  "Nothing has changed. The word force overrides the guard.",
		  buf_cstr(passed));
}

static void guard_go(struct guard *g, struct impact *i)
{
	struct buf passed = {0}, within = {0};

	if (guard_judge(i, &g->limits, &passed, &within)) {
		guard_refuse(g, &passed);
		impact_remember(app_of(g->call), i);
	} else {
		impact_remember(app_of(g->call), i);
		cli_print(g->call, "Info: Guard: within its limits: %s.\n", buf_cstr(&within));
		g->ops->go(g->call, &g->tree, buf_cstr(&within));
	}
	buf_free(&passed);
	buf_free(&within);
	guard_end(g);
}

static void guard_begin(struct guard *g);

// What runs is another one than when it began.
static void guard_again(struct guard *g)
{
	struct cli_call *c = g->call;
	struct conf_tree tree;

	if (++g->rounds >= ROUNDS_MAX)
		cli_error(c, "Commit canceled, the configuration is changed by others again and "
			     "again. Nothing has changed.");
	else if (g->ops->renew(c, &tree)) {
		conf_tree_free(&g->tree);
		g->tree = tree;
		guard_begin(g);
		return;
	}
	guard_end(g);
}

static void answered(struct cli_call *c, struct impact *i, const char *error)
{
	struct guard *g = app_of(c)->guard;

	g->ask = NULL;
	if (!i) {
		cli_print(c, "%s\n", error);
		cli_failed(c);
		guard_end(g);
	} else if (g->ops->barred(c)) {
		impact_free(i);
		guard_end(g);
	} else if (i->upon != conf_store_number(app_of(c)->store)) {
		impact_free(i);
		guard_again(g);
	} else {
		guard_go(g, i);
	}
}

static struct policy_snapshot *running_policy(const struct app *a)
{
	const struct speaker_config *running = speaker_running(a->speaker);

	return running && running->policy ? policy_snapshot_ref(running->policy) : NULL;
}

// Names belong to lines that may go: they are copied.
static void guard_take_limits(struct guard *g)
{
	guard_limits_of(g->call, &g->limits);
	mem_free(g->protect[0]);
	mem_free(g->protect[1]);
	g->limits.line.protect = g->protect[0] = mem_text(g->limits.line.protect);
	g->limits.standing.protect = g->protect[1] = mem_text(g->limits.standing.protect);
}

static void guard_begin(struct guard *g)
{
	struct cli_call *c = g->call;
	struct impact_want w = {.tree = &g->tree};
	struct buf errors = {0};

	guard_take_limits(g);
	if (g->protect[0] || g->protect[1]) {
		w.options.watched = is_protected;
		w.options.watched_arg = g;
		w.tell = tell_lost;
		w.tell_arg = g;
	}
	policy_snapshot_unref(g->policy);
	g->policy = running_policy(app_of(c));
	g->ask = impact_ask_start(c, &w, answered, &errors);
	if (!g->ask) {
		cli_write(c, buf_cstr(&errors), errors.len);
		cli_failed(c);
		guard_end(g);
	}
	buf_free(&errors);
}

// A guard that guards nothing is a mistake of the operator's, and so is a list that is not there.
static bool guard_is_good(struct cli_call *c, const struct guard_limits_pair *limits, bool any)
{
	const char *list = limits->line.protect;

	if (conf_has(c->line, "guard") && !any)
		cli_error(c, "A guard needs a limit: max-withdrawn, max-rejected, max-moved, "
			     "no-session-reset or protect-prefix, here or by commit-guard.");
	else if (list && !guard_list_exists(conf_store_running(app_of(c)->store), list))
		cli_error(c, "The address prefix list %s does not exist in what runs.", list);
	else
		return true;
	return false;
}

bool guard_run(struct cli_call *c, struct conf_tree *tree, const struct guarded *ops)
{
	struct guard_limits_pair limits;
	bool any = guard_limits_of(c, &limits), good = guard_is_good(c, &limits, any);

	if (!any || !good) {
		if (good)
			ops->go(c, tree, conf_has(c->line, "force") ? "forced" : NULL);
		if (ops->end)
			ops->end(c);
		conf_tree_free(tree);
		return false;
	}
	struct guard *g = app_of(c)->guard = MEM_NEW(struct guard);
	*g = (struct guard){.call = c, .ops = ops, .tree = *tree};
	cli_later(c, guard_cancel);
	guard_begin(g);
	return true;
}
