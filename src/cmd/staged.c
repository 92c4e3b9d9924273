// commit staged: another policy for some peers first, then for the rest. Each stage is a commit of
// its own (of the same configuration, from the second on) with its plan and record; what the
// speaker runs is the mixture that speaker/stage.h makes. While peers are left it waits like a trial
// (trial.h): `abort`, the end of its session, a restart take all of it back; when none are left its
// records are ordinary ones.
//
//   commit staged ──► first stage ──commit, interval──► ... ──► the last stage: over
//                         │ abort, session, restart
//                         └──► rolled back to what ran before the first one
#include "cmd/trial.h"

#include <inttypes.h>
#include <string.h>

#include <jansson.h>

#include "base/log.h"
#include "base/mem.h"
#include "cmd/impact.h"
#include "speaker/stage.h"

#define NAMED_MAX     32 // peers in a line
#define SHOWN_MAX     8  // addresses in one line of an answer
#define RETRY_SECONDS 10 // a stage that the disk refused

struct staged {
	struct conf_tree tree;         // that all are to have
	struct speaker_config *before; // what those not yet chosen keep; counted
	struct stage_peer *peers;      // whom it concerns, by address; owned
	unsigned count, done;          // done: chosen
	unsigned percent;              // 0: those named, then the rest
	uint64_t interval;             // microseconds; 0: by hand
	uint32_t first;                // number of its first commit
	unsigned stage;                // that was last made, from 1
};

void staged_free(struct staged *s)
{
	if (!s)
		return;
	conf_tree_free(&s->tree);
	speaker_config_unref(s->before);
	mem_free(s->peers);
	mem_free(s);
}

bool staged_active(const struct app *a)
{
	return a->trial && a->trial->staged;
}

bool staged_barred(struct cli_call *c)
{
	const struct app *a = app_of(c);
	bool typed = conf_has(c->line, "commit"), staged = typed && conf_has(c->line, "staged");

	if (staged && trial_active(a) && !staged_active(a))
		cli_error(c,
			  "A trial configuration waits: confirm it by commit, or use abort trial.");
	else if (staged_active(a) && (staged || (typed && conf_has(c->line, "trial")) ||
				      conf_candidate_dirty(cli_candidate(c))))
		cli_error(c, "A staged commit is under way: go on with it by commit, without "
			     "uncommitted configurations, or use abort staged.");
	else
		return false;
	return true;
}

// --- who is next --------------------------------------------------------------------------------------
static unsigned left(const struct staged *s)
{
	return s->count - s->done;
}

static struct stage_peer *peer_of(struct staged *s, const struct ip *address, unsigned *from)
{
	while (*from < s->count) {
		struct stage_peer *p = &s->peers[(*from)++];

		if (ip_equal(&p->address, address))
			return p;
	}
	return NULL;
}

// The peers of the line: of each instance the one with that address.
static bool choose_named(struct cli_call *c, struct staged *s)
{
	static const char *const kinds[] = {"ipv4-address", "ipv6-address"};
	const char *word[NAMED_MAX];

	for (unsigned k = 0; k < 2; k++) {
		unsigned n = conf_values(c->line, kinds[k], word, NAMED_MAX);

		for (unsigned i = 0; i < n; i++) {
			unsigned from = 0, found = 0;
			struct stage_peer *p;
			struct ip address;

			ip_parse(word[i], &address);
			for (; (p = peer_of(s, &address, &from)); found++) {
				s->done += !p->chosen;
				p->chosen = true;
			}
			if (!found) {
				cli_error(c,
					  "The policies of peer %s do not change, or there is no "
					  "such peer.",
					  word[i]);
				return false;
			}
		}
	}
	return true;
}

static void choose_next(struct staged *s)
{
	unsigned n = s->percent ? (s->count * s->percent + 99) / 100 : left(s);

	for (unsigned i = 0; i < s->count && n; i++) {
		if (s->peers[i].chosen)
			continue;
		s->peers[i].chosen = true;
		s->done++;
		n--;
	}
}

// --- one stage ------------------------------------------------------------------------------------------
static struct speaker_config *stage_config(struct app *a, const struct staged *s, struct buf *out)
{
	struct speaker_config *next =
		model_compile(a->model, &s->tree, conf_store_number(a->store) + 1, out);

	// The last one is of all peers, also of those that came meanwhile.
	if (next && left(s))
		stage_hold_back(next, s->before, s->peers, s->count);
	return next;
}

static bool stage_make(struct app *a, struct staged *s, struct conf_commit *record, struct buf *out)
{
	struct speaker_config *next = stage_config(a, s, out);

	if (!next)
		return false;
	record->word[COMMIT_TRIAL] =
		left(s) ? mem_format("staged: %u of %u peers", s->done, s->count) : NULL;
	impact_forget(a); // what is known of all peers is not of this stage
	bool done = commit_take_over(a, next, &s->tree, record, out);
	speaker_config_unref(next);
	mem_free(record->word[COMMIT_TRIAL]);
	record->word[COMMIT_TRIAL] = NULL;
	s->stage += done;
	return done;
}

static void put_peers(struct buf *out, const struct staged *s, bool chosen)
{
	unsigned shown = 0;

	for (unsigned i = 0; i < s->count; i++) {
		if (s->peers[i].chosen != chosen || shown++ >= SHOWN_MAX)
			continue;
		buf_text(out, shown > 1 ? ", " : "");
		ip_put(out, &s->peers[i].address);
	}
	if (shown > SHOWN_MAX)
		buf_format(out, ", ... %u in all", shown);
}

static void put_state(struct buf *out, const struct staged *s)
{
	buf_format(out, "Info: Staged: %u of %u peers have the new policies: ", s->done, s->count);
	put_peers(out, s, true);
	buf_text(out, ".\n");
	if (s->interval)
		buf_format(out, "The next peers get them in %" PRIu64 " seconds, or by commit; ",
			   s->interval / 1000000);
	else
		buf_text(out, "The next peers get them by commit; ");
	buf_text(out, "abort staged takes all of it back.\n");
}

// Waits for the next one, or is over. The trial is there.
static bool stage_after(struct app *a, struct buf *out)
{
	struct staged *s = a->trial->staged;
	unsigned count = s->count;

	if (left(s)) {
		put_state(out, s);
		if (s->interval)
			timer_start(a->trial->timer, s->interval);
		return true;
	}
	if (!trial_settle(a, out)) // tried again with the next `commit`, or when the time comes
		return false;
	log_info("staged configuration complete: all of %u peers have the new policies", count);
	buf_format(out,
		   "Info: All of %u peers have the new policies; the staged commit is complete.\n",
		   count);
	return true;
}

static char *stage_note(const struct staged *s)
{
	return mem_format("stage %u of commit %u", s->stage + 1, CONF_COMMIT_FIRST + s->first);
}

// The next stage of the one that is on its way. false: nothing has changed.
static bool stage_next(struct app *a, struct conf_commit *record, struct buf *out)
{
	struct staged *s = a->trial->staged;
	struct stage_peer *before = mem_copy(s->peers, s->count * sizeof(*before));
	unsigned had = s->done;
	bool done = true;

	if (left(s)) {
		choose_next(s);
		record->word[COMMIT_DESCRIPTION] = stage_note(s);
		done = stage_make(a, s, record, out);
	}
	if (!done) {
		memcpy(s->peers, before, s->count * sizeof(*before));
		s->done = had;
	}
	mem_free(before);
	return done && stage_after(a, out);
}

// --- its life -------------------------------------------------------------------------------------------
// What is wrong is said; NULL then.
static struct staged *staged_new(struct cli_call *c, const struct conf_tree *tree)
{
	struct app *a = app_of(c);
	struct buf out = {0};
	struct staged *s = MEM_NEW(struct staged);
	struct speaker_config *next =
		model_compile(a->model, tree, conf_store_number(a->store) + 1, &out);
	const struct speaker_config *running = speaker_running(a->speaker);

	s->tree = conf_tree_clone(tree);
	s->before = running ? speaker_config_ref((struct speaker_config *)running) : NULL;
	if (!next) {
		cli_write(c, buf_cstr(&out), out.len);
		cli_failed(c);
	} else if (!stage_possible(running, next, &out)) {
		cli_error(
			c,
			"Only import and export policies of peers can be committed in stages, not "
			"%s.",
			buf_cstr(&out));
	} else {
		s->count = stage_peers(a->speaker, next, &s->peers);
		if (!s->count)
			cli_error(c, "The policies of no peer change: there are no stages.");
	}
	speaker_config_unref(next);
	buf_free(&out);
	if (s->count)
		return s;
	staged_free(s);
	return NULL;
}

static bool staged_choose(struct cli_call *c, struct staged *s)
{
	s->percent = (unsigned)conf_number(c->line, "stage-percent", 0);
	s->interval = conf_number(c->line, "stage-interval", 0) * 1000000;
	if (!s->percent)
		return choose_named(c, s);
	choose_next(s);
	return true;
}

bool staged_begin(struct cli_call *c, const struct conf_tree *tree, struct conf_commit *record)
{
	struct app *a = app_of(c);
	uint32_t before = conf_store_number(a->store);
	struct staged *s = staged_new(c, tree);
	struct buf out = {0};

	if (!s)
		return false;
	bool done = staged_choose(c, s) && stage_make(a, s, record, &out);
	if (done) {
		s->first = conf_store_number(a->store);
		trial_take(c, before)->staged = s;
		stage_after(a, &out);
	} else {
		staged_free(s);
		cli_failed(c);
	}
	cli_write(c, buf_cstr(&out), out.len);
	buf_free(&out);
	return done;
}

void staged_go_on(struct cli_call *c)
{
	struct conf_commit record;
	struct buf out = {0};

	commit_words(c, "STAGED", &record);
	if (!stage_next(app_of(c), &record, &out))
		cli_failed(c);
	else
		cli_candidate_restart(c);
	cli_write(c, buf_cstr(&out), out.len);
	commit_words_free(&record);
	buf_free(&out);
}

void staged_due(struct app *a)
{
	struct conf_commit record = {0};
	struct buf out = {0};

	record.word[COMMIT_USER] = mem_text(a->trial->user);
	record.word[COMMIT_TYPE] = mem_text("STAGED");
	if (!stage_next(a, &record, &out)) {
		log_error("the staged configuration does not go on: %.*s",
			  (int)strcspn(buf_cstr(&out), "\n"), buf_cstr(&out));
		timer_start(a->trial->timer, RETRY_SECONDS * UINT64_C(1000000));
	}
	commit_words_free(&record);
	buf_free(&out);
}

// --- looking --------------------------------------------------------------------------------------------
static json_t *peers_json(struct app *a, const struct staged *s, bool chosen)
{
	json_t *list = json_array();
	char address[IP_TEXT_MAX];

	for (unsigned i = 0; i < s->count; i++) {
		const struct stage_peer *p = &s->peers[i];
		const struct instance_config *in =
			speaker_config_instance_numbered(speaker_running(a->speaker), p->instance);

		if (p->chosen == chosen)
			json_array_append_new(list, json_pack("{s:s, s:s}", "peer",
							      ip_text(&p->address, address),
							      "instance", in ? in->name : ""));
	}
	return list;
}

static void show_json_status(struct cli_call *c, const struct trial *t)
{
	struct app *a = app_of(c);
	struct buf out = {0};
	json_t *o = json_pack("{s:s}", "status", t ? "ACTIVE" : "INACTIVE");

	if (t) {
		const struct staged *s = t->staged;

		json_object_set_new(o, "user", json_string(t->user));
		json_object_set_new(o, "session", json_integer(t->session));
		json_object_set_new(o, "persist", json_boolean(t->persist));
		json_object_set_new(o, "stage", json_integer(s->stage));
		json_object_set_new(o, "changed", peers_json(a, s, true));
		json_object_set_new(o, "unchanged", peers_json(a, s, false));
		json_object_set_new(
			o, "seconds_to_next",
			timer_running(t->timer)
				? json_integer((json_int_t)(timer_left(t->timer) / 1000000))
				: json_null());
		json_object_set_new(o, "returns_to", json_integer(CONF_COMMIT_FIRST + t->before));
	}
	show_json(&out, o);
	cli_print(c, "%s\n", buf_cstr(&out));
	buf_free(&out);
}

static void put_list(struct buf *out, struct app *a, const struct staged *s, bool chosen)
{
	for (unsigned i = 0; i < s->count; i++) {
		const struct stage_peer *p = &s->peers[i];
		const struct instance_config *in =
			speaker_config_instance_numbered(speaker_running(a->speaker), p->instance);

		if (p->chosen != chosen)
			continue;
		buf_text(out, "  ");
		ip_put(out, &p->address);
		if (in && in->name[0])
			buf_format(out, " of VPN instance %s", in->name);
		buf_u8(out, '\n');
	}
}

static void display_status(struct cli_call *c)
{
	struct app *a = app_of(c);
	const struct trial *t = staged_active(a) ? a->trial : NULL;
	struct buf out = {0};

	if (c->json) {
		show_json_status(c, t);
		return;
	}
	buf_format(&out, "Staged status: %s\n", t ? "ACTIVE" : "INACTIVE");
	if (t) {
		const struct staged *s = t->staged;

		buf_format(&out, "User: %s\nSession ID: %u%s\nStage: %u\n", t->user, t->session,
			   t->persist ? " (persistent)" : "", s->stage);
		if (timer_running(t->timer))
			buf_format(&out, "Next stage in (sec): %" PRIu64 "\n",
				   timer_left(t->timer) / 1000000);
		else
			buf_text(&out, "Next stage: by commit\n");
		buf_format(&out, "Peers with the new policies: %u\n", s->done);
		put_list(&out, a, s, true);
		buf_format(&out, "Peers with the old policies: %u\n", left(s));
		put_list(&out, a, s, false);
	}
	cli_write(c, buf_cstr(&out), out.len);
	buf_free(&out);
}

static const struct row rows[] = {
	{.views = "*",
	 .grammar = "display configuration staged status",
	 .help = "Shows which peers have the policies of a commit in stages already, which not yet, "
		 "and when the next ones get them.",
	 .level = 1,
	 .flags = ROW_EXTENSION,
	 .run = display_status},
};
const struct row_table staged_table = {rows, sizeof rows / sizeof *rows};
