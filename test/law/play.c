// Plays a scenario: a speaker with its rib on the control loop, and scripted neighbours, on the
// simulated clock and network. Afterwards all come to rest, peers whose jobs stand pending get the
// new session that they wait for, and every table is written down as text.
#include "game.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim/sim.h"

#define LINES_MAX   16384
#define AUDIT_EVERY 4    // steps
#define REST_TRIES  2000 // half seconds of simulated time

void complain(struct game *g, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	buf_vformat(&g->out->complaint, format, ap);
	va_end(ap);
	buf_text(&g->out->complaint, "\n");
}

// --- making and ending ------------------------------------------------------------------------------
// The reference has one shard: how many there are must make no difference.
static unsigned shards_of(const struct scenario *s)
{
	unsigned n = 1;

	for (unsigned i = 0; i < s->count; i++) {
		if (s->steps[i].kind == STEP_SHARDS && s->steps[i].a[0] > 0 && s->steps[i].a[0] < 9)
			n = (unsigned)s->steps[i].a[0];
	}
	return n;
}

void game_begin(struct game *g, bool final_only)
{
	struct speaker_options o = {
		.port = 179,
		.inline_shards = final_only ? 1 : shards_of(g->scenario),
	};

	sim_new(g->scenario->seed);
	g->loop = loop_new();
	sim_set_address(g->loop, SPEAKER);
	g->players_loop = loop_new();
	g->store = policy_store_new();
	g->speaker = speaker_new(g->loop, &o);
	if (speaker_listen(g->speaker))
		complain(g, "cannot listen");
	g->clock_cost = 20; // as a new world begins
	state_init(&g->state);
	sim_link_default()->window = 3000;
}

void game_end(struct game *g)
{
	const struct soft_job **jobs;

	g->out->jobs = speaker_jobs(g->speaker, &jobs);
	speaker_free(g->speaker);
	for (unsigned i = 0; i < LAW_PEERS; i++) {
		if (g->player[i].loop)
			player_free(&g->player[i]);
	}
	sim_run_for(2 * SIM_SECOND);
	policy_store_free(g->store);
	loop_free(g->players_loop);
	loop_free(g->loop);
	if (sim_free())
		complain(g, "objects of the loop are left over");
}

static void add_player(struct game *g, const struct law_step *t)
{
	struct player *p = &g->player[t->a[0]];
	char address[IP_TEXT_MAX];

	if (t->a[0] < 0 || t->a[0] >= LAW_PEERS || p->loop)
		return;
	law_address((unsigned)t->a[0], address);
	player_init(p, g->players_loop, address, SPEAKER);
	p->as = (uint32_t)t->a[1];
	p->peer_as = LAW_AS;
	p->refresh = t->a[2] & PEER_REFRESH;
	p->enhanced = t->a[2] & PEER_ENHANCED;
	p->families = (uint16_t)t->a[3] & law_peer_families(t->a[2]);
	p->silent = t->a[2] & PEER_SILENT;
	p->targets = law_instance(t->a[2]);
	p->answer_delay = (uint64_t)t->a[0] * 7000;
	g->allowed[t->a[0]] = 1;
	player_connect(p);
}

// --- steps ------------------------------------------------------------------------------------------
struct player *player_of(struct game *g, long peer)
{
	return peer >= 0 && peer < LAW_PEERS && g->player[peer].loop ? &g->player[peer] : NULL;
}

uint16_t instance_of_player(const struct game *g, long peer)
{
	return (uint16_t)law_instance(g->state.peer[peer].flags);
}

struct speaker_peer *peer_of(struct game *g, long peer)
{
	struct player *p = player_of(g, peer);

	return p ? speaker_peer_find(g->speaker, instance_of_player(g, peer), &p->address) : NULL;
}

bool is_up(struct speaker_peer *p)
{
	return p && sess_get_state(speaker_peer_session(p)) == SESS_ESTABLISHED;
}

// Sessions that an apply of this plan may cost, and those that are being made and may begin anew.
void allow_planned(struct game *g, const struct soft_plan *plan)
{
	for (unsigned i = 0; i < LAW_PEERS; i++)
		g->allowed[i] += g->player[i].loop && !is_up(peer_of(g, i));
	for (unsigned i = 0; i < plan->count; i++) {
		for (unsigned k = 0; k < LAW_PEERS; k++) {
			if (plan->steps[i].effects & EFFECT_SESSION && g->player[k].loop &&
			    ip_equal(&g->player[k].address, &plan->steps[i].address))
				g->allowed[k]++;
		}
	}
}

static void commit(struct game *g)
{
	struct speaker_config *c = game_config(g);
	struct soft_plan plan;

	speaker_plan(g->speaker, c, &plan);
	allow_planned(g, &plan);
	speaker_apply(g->speaker, c, &plan);
	soft_plan_free(&plan);
	speaker_config_unref(c);
	g->out->commits++;
	g->touched = 0;
}

static void refresh(struct game *g, const struct law_step *t)
{
	struct speaker_selector sel = {.families = (uint16_t)t->a[2]};
	struct player *p = player_of(g, t->a[0]);
	struct buf notes = {0};

	if (p) {
		sel.kind = SELECT_PEER;
		sel.peer = p->address;
		sel.instance = instance_of_player(g, t->a[0]);
	}
	do
		speaker_refresh(g->speaker, &sel, t->a[1], "refresh bgp", &notes);
	while (!p && sel.instance++ < LAW_INSTANCES);
	buf_free(&notes);
}

static void reset(struct game *g, long peer)
{
	struct player *p = player_of(g, peer);
	struct speaker_selector sel = {.kind = SELECT_PEER, .families = UINT16_MAX};
	struct buf notes = {0};

	if (!p)
		return;
	sel.peer = p->address;
	sel.instance = instance_of_player(g, peer);
	g->allowed[peer]++;
	g->out->resets++;
	speaker_reset(g->speaker, &sel, &notes);
	buf_free(&notes);
}

static void resend(struct game *g, const struct law_step *t)
{
	struct player *p = player_of(g, t->a[0]);
	const struct af *af = af_list[t->a[1] % af_count];

	if (!p)
		return;
	// What is left out goes by the sweep after EoRR; a peer without it must say so.
	for (unsigned k = 0; k < LAW_KEYS; k++) {
		struct af_key key = {0};

		law_key(af, k, &key);
		if (!(t->a[2] >> k & 1))
			continue;
		if (p->enhanced)
			player_forget(p, af, &key);
		else
			player_withdraw(p, af, &key);
	}
	player_refresh(p, af);
}

static void route(struct game *g, const struct law_step *t)
{
	struct player *p = player_of(g, t->a[0]);
	struct af_key key = {0};
	const struct af *af = af_list[(unsigned)t->a[1] % af_count];

	if (!p)
		return;
	law_key(af, (unsigned)t->a[2] % LAW_KEYS, &key);
	if (t->kind == STEP_BULK && !(af->props & AF_PREFIX))
		return;
	if (t->kind == STEP_BULK) {
		player_bulk(p, af, (unsigned)t->a[2], (uint32_t)t->a[3]);
		return;
	}
	if (t->kind == STEP_ANNOUNCE)
		player_announce(p, af, &key, (uint32_t)t->a[3]);
	else
		player_withdraw(p, af, &key);
}

static void flap(struct game *g, long peer)
{
	struct player *p = player_of(g, peer);

	if (!p)
		return;
	g->allowed[peer]++;
	player_disconnect(p);
}

static void play_step(struct game *g, const struct law_step *t)
{
	struct player *p = player_of(g, t->a[0]);

	switch (t->kind) {
	case STEP_COMMIT:
	case STEP_STAGE:
		commit(g);
		break;
	case STEP_REHEARSE:
		if (g->foretell)
			foretell(g);
		else
			commit(g);
		break;
	case STEP_REFRESH:
		refresh(g, t);
		break;
	case STEP_RESET:
		reset(g, t->a[0]);
		break;
	case STEP_ASK:
		if (p)
			player_ask(p, af_list[t->a[1] % af_count]);
		break;
	case STEP_FLAP:
		flap(g, t->a[0]);
		break;
	case STEP_PAUSE:
		if (p)
			player_pause(p, t->a[1]);
		break;
	case STEP_RUN:
		sim_run_for((uint64_t)t->a[0]);
		break;
	default:
		break;
	}
}

static void set_clock(struct game *g, const struct law_step *t)
{
	g->clock_cost = (uint64_t)t->a[0];
	sim_set_clock_cost(g->clock_cost);
	sim_link_default()->window = (size_t)t->a[1];
}

static void touch(struct game *g, const struct law_step *t)
{
	if (!g->touched)
		g->lists_only = true;
	g->touched |= UINT64_C(1) << t->kind;
	g->lists_only &= t->kind != STEP_OBJECT || t->a[0] != OBJECT_POLICY;
}

static void play_all(struct game *g, bool final_only)
{
	for (unsigned i = 0; i < g->scenario->count; i++) {
		const struct law_step *t = &g->scenario->steps[i];

		state_step(&g->state, t);
		touch(g, t);
		game_stages(g, t);
		if (t->kind == STEP_PEER)
			add_player(g, t);
		else if (t->kind == STEP_ANNOUNCE || t->kind == STEP_WITHDRAW ||
			 t->kind == STEP_BULK)
			route(g, t);
		else if (t->kind == STEP_RESEND)
			resend(g, t);
		else if (t->kind == STEP_CLOCK && !final_only)
			set_clock(g, t);
		else if (!final_only)
			play_step(g, t);
		if (g->audits && !step_is_setup(t) && !random_below(&g->audit_dice, AUDIT_EVERY))
			audit_in_copy(g);
	}
	commit(g);
}

// --- coming to rest ---------------------------------------------------------------------------------
static bool at_rest(struct game *g)
{
	for (unsigned i = 0; i < LAW_PEERS; i++) {
		struct player *p = player_of(g, i);
		struct speaker_peer *sp = peer_of(g, i);

		if (!p)
			continue;
		if (player_wants_answering(p))
			return false;
		if (sp &&
		    (!is_up(sp) || !p->established ||
		     p->end_of_rib != sess_get_negotiated(speaker_peer_session(sp))->families))
			return false;
		if (!sp && p->established)
			return false;
	}
	return speaker_quiet(g->speaker);
}

void listen_all(struct game *g)
{
	for (unsigned i = 0; i < LAW_PEERS; i++) {
		if (player_of(g, i))
			player_pause(&g->player[i], false);
	}
}

void come_to_rest(struct game *g)
{
	listen_all(g);
	for (unsigned i = 0; i < REST_TRIES; i++) {
		sim_settle(10 * SIM_SECOND);
		if (at_rest(g)) {
			sim_settle(10 * SIM_SECOND);
			if (at_rest(g))
				return;
		}
		sim_run_for(SIM_SECOND / 2);
	}
	complain(g, "does not come to rest");
}

// What only a new session can bring: the operator's part of the law.
static bool settle_pending(struct game *g)
{
	const struct soft_job **jobs;
	unsigned n = speaker_jobs(g->speaker, &jobs);
	bool due[LAW_PEERS] = {false}, any = false;

	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; k < LAW_PEERS && jobs[i]->state == JOB_PENDING; k++) {
			if (g->player[k].loop && ip_equal(&g->player[k].address, &jobs[i]->address))
				due[k] = any = true;
		}
	}
	for (unsigned k = 0; k < LAW_PEERS; k++) {
		if (due[k])
			reset(g, k);
	}
	return any;
}

// --- tables -----------------------------------------------------------------------------------------
struct line_sink {
	struct game *g;
	const char *title;
	char *lines[LINES_MAX];
	unsigned count;
};

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void put_peer(struct buf *b, struct game *g, uint16_t number)
{
	struct speaker_peer *p = speaker_peer_by_number(g->speaker, number);
	char text[IP_TEXT_MAX];

	buf_text(b, p                    ? ip_text(&speaker_peer_config(p)->address, text)
		    : number == RIB_LENT ? "lent"
					 : "own");
}

static void put_set(struct buf *b, const char *word, const struct attr_set *set, bool local)
{
	buf_format(b, " %s ", word);
	if (!set) {
		buf_text(b, "-");
		return;
	}
	buf_hex(b, set->bytes, set->len);
	if (set->local.label)
		buf_format(b, "/label %u", set->local.label < 1000 ? set->local.label : 1000);
	if (!local)
		return;
	buf_format(b, "/%u.%u.%u.%u.%u ", set->local.source, set->local.aggregated,
		   set->local.preferred_value, set->local.originator, set->local.preference);
	buf_hex(b, set->local.rd, sizeof(set->local.rd));
}

static bool take_rows(void *arg, const struct rib_route *r, unsigned n)
{
	struct line_sink *s = arg;

	for (unsigned i = 0; i < n && s->count < LINES_MAX; i++) {
		struct buf b = {0};

		buf_format(&b, "%s ", s->title);
		r[i].af->text_put(&b, &r[i].key);
		buf_text(&b, " ");
		put_peer(&b, s->g, r[i].peer);
		buf_format(&b, "%s%s%s%s", r[i].best ? " best" : "", r[i].stale ? " stale" : "",
			   r[i].suppressed ? " suppressed" : "", r[i].loop ? " loop" : "");
		put_set(&b, "in", r[i].received, false);
		put_set(&b, "use", r[i].installed, true);
		put_set(&b, "out", r[i].sent, false);
		s->lines[s->count++] = buf_steal(&b);
	}
	s->g->out->routes += n;
	return true;
}

static void rows_done(void *arg, bool complete)
{
	struct line_sink *s = arg;

	s->g->reading = false;
	if (!complete)
		complain(s->g, "a read was cut short");
}

static void write_lines(struct line_sink *s)
{
	qsort(s->lines, s->count, sizeof(*s->lines), compare_lines);
	for (unsigned i = 0; i < s->count; i++) {
		buf_format(&s->g->out->tables, "%s\n", s->lines[i]);
		mem_free(s->lines[i]);
	}
}

static void write_view(struct game *g, uint16_t instance, const struct rib_query *q,
		       const char *title)
{
	struct line_sink *s = MEM_NEW(struct line_sink);

	s->g = g;
	s->title = title;
	g->reading = true;
	speaker_read_start(g->speaker, instance, q, NULL, take_rows, rows_done, s);
	for (unsigned i = 0; i < 1000 && g->reading; i++)
		if (loop_detached())
			child_turn();
		else
			sim_run_for(1000);
	if (g->reading)
		complain(g, "a read does not end");
	write_lines(s);
	mem_free(s);
}

static void write_counts(struct game *g, const struct af *af, uint16_t peer, const char *title)
{
	struct rib_counts c;

	speaker_peer_counts(g->speaker, peer, af, &c);
	// not c.rejected: it counts what was turned away over time
	buf_format(&g->out->tables, "%s counts %u %u %u %u %u\n", title, c.received, c.accepted,
		   c.best, c.advertised, c.stale);
}

// What the neighbour itself believes.
static void write_told(struct game *g, const struct af *af, const struct player *p,
		       const char *title)
{
	struct line_sink *s = MEM_NEW(struct line_sink);

	s->g = g;
	for (unsigned i = 0; i < p->told_count[af_index(af)]; i++) {
		const struct player_told *t = &p->told[af_index(af)][i];
		struct buf b = {0};

		buf_format(&b, "%s told ", title);
		af->text_put(&b, &t->key);
		buf_text(&b, t->stale ? " stale " : " ");
		buf_hex(&b, t->attrs.data, t->attrs.len);
		s->lines[s->count++] = buf_steal(&b);
	}
	write_lines(s);
	mem_free(s);
}

static void write_peer(struct game *g, const struct af *af, unsigned i)
{
	struct speaker_peer *sp = peer_of(g, i);
	struct rib_query q = {.af = af};
	struct buf title = {0};

	if (!sp || !(g->player[i].families & af_bit(af)))
		return;
	q.peer = speaker_peer_number(sp);
	buf_format(&title, "%s peer %u", af->name, i);
	write_counts(g, af, q.peer, buf_cstr(&title));
	buf_text(&title, " received");
	q.view = RIB_VIEW_RECEIVED;
	write_view(g, instance_of_player(g, i), &q, buf_cstr(&title));
	buf_clear(&title);
	buf_format(&title, "%s peer %u advertised", af->name, i);
	q.view = RIB_VIEW_ADVERTISED;
	write_view(g, instance_of_player(g, i), &q, buf_cstr(&title));
	buf_clear(&title);
	buf_format(&title, "%s peer %u", af->name, i);
	if (!g->foretell)
		write_told(g, af, &g->player[i], buf_cstr(&title));
	buf_free(&title);
}

static void write_instance(struct game *g, const struct af *af, unsigned number)
{
	struct rib_query q = {.af = af, .view = RIB_VIEW_LOC, .peer = RIB_NO_PEER};
	struct buf title = {0};

	buf_format(&title, "%s loc %u", af->name, number);
	write_view(g, (uint16_t)number, &q, buf_cstr(&title));
	buf_free(&title);
}

static bool has_table(const struct game *g, unsigned number, unsigned family)
{
	const struct speaker_config *c = speaker_running(g->speaker);

	for (unsigned i = 0; c && i < c->instance_count; i++) {
		if (c->instances[i].number == number)
			return c->instances[i].families >> family & 1;
	}
	return false;
}

void write_tables(struct game *g)
{
	for (unsigned i = 0; i < af_count; i++) {
		for (unsigned k = 0; k <= LAW_INSTANCES; k++) {
			if (has_table(g, k, i))
				write_instance(g, af_list[i], k);
		}
		for (unsigned k = 0; k < LAW_PEERS; k++)
			write_peer(g, af_list[i], k);
	}
}

static void check_players(struct game *g)
{
	for (unsigned i = 0; i < LAW_PEERS; i++) {
		const struct player *p = player_of(g, i);

		if (!p)
			continue;
		if (p->complaint)
			complain(g, "peer %u: %s", i, p->complaint);
		if (p->established_count > g->allowed[i])
			complain(g, "peer %u: %u sessions where %u were to be expected", i,
				 p->established_count, g->allowed[i]);
	}
}

// --- at rest, nothing must move ---------------------------------------------------------------------
// The same configuration once more: an empty plan, not one message.
static void commit_again(struct game *g)
{
	struct speaker_config *c = game_config(g);
	unsigned updates[LAW_PEERS], refreshes[LAW_PEERS];
	struct soft_plan plan;

	for (unsigned i = 0; i < LAW_PEERS; i++) {
		updates[i] = g->player[i].updates_in;
		refreshes[i] = g->player[i].refresh_in;
	}
	speaker_plan(g->speaker, c, &plan);
	if (plan.count)
		complain(g, "an equal configuration has a plan: %s", plan.steps[0].why);
	speaker_apply(g->speaker, c, &plan);
	soft_plan_free(&plan);
	speaker_config_unref(c);
	come_to_rest(g);
	for (unsigned i = 0; i < LAW_PEERS; i++) {
		if (g->player[i].updates_in != updates[i] ||
		    g->player[i].refresh_in != refreshes[i])
			complain(g, "an equal configuration sent peer %u a message", i);
	}
}

// Everything refreshed in both directions: the same tables.
static void refresh_again(struct game *g)
{
	static const struct law_step both[] = {
		{STEP_REFRESH, {-1, 1, UINT16_MAX}},
		{STEP_REFRESH, {-1, 0, UINT16_MAX}},
	};
	struct buf before = g->out->tables;

	g->out->tables = (struct buf){0};
	refresh(g, &both[0]);
	refresh(g, &both[1]);
	come_to_rest(g);
	write_tables(g);
	if (strcmp(buf_cstr(&before), buf_cstr(&g->out->tables)))
		complain(g, "a refresh of everything changed a table");
	buf_free(&before);
}

void law_foretell(const struct scenario *s, struct outcome *ret)
{
	struct game *g = MEM_NEW(struct game);

	*ret = (struct outcome){0};
	g->scenario = s;
	g->out = ret;
	g->foretell = true;
	game_begin(g, false);
	play_all(g, false);
	come_to_rest(g);
	check_players(g);
	game_end(g);
	mem_free(g);
}

// Complaints alone count.
void law_audited(const struct scenario *s, struct outcome *ret)
{
	struct game *g = MEM_NEW(struct game);

	*ret = (struct outcome){0};
	g->scenario = s;
	g->out = ret;
	g->audits = true;
	random_seed(&g->audit_dice, s->seed);
	game_begin(g, false);
	play_all(g, false);
	audit_in_copy(g);
	come_to_rest(g);
	audit_tables(g);
	game_end(g);
	mem_free(g);
}

void law_play(const struct scenario *s, bool final_only, struct outcome *ret)
{
	struct game *g = MEM_NEW(struct game);

	*ret = (struct outcome){0};
	g->scenario = s;
	g->out = ret;
	game_begin(g, final_only);
	play_all(g, final_only);
	come_to_rest(g);
	for (unsigned i = 0; i < 3 && settle_pending(g); i++)
		come_to_rest(g);
	write_tables(g);
	if (!final_only)
		audit_tables(g);
	if (!final_only)
		commit_again(g);
	if (!final_only && s->seed % 4 == 0)
		refresh_again(g);
	check_players(g);
	game_end(g);
	mem_free(g);
}

void outcome_free(struct outcome *o)
{
	buf_free(&o->tables);
	buf_free(&o->complaint);
}
