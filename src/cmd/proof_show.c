// What a record says (proof.h): a row of the list, all of it as text, and as JSON.
#include "cmd/proof.h"

#include <inttypes.h>
#include <string.h>

#include <jansson.h>

#include "base/mem.h"

#define SESSIONS_SHOWN 1000 // as text; all that are not the same come first

static uint64_t duration(const struct proof *p)
{
	return p->ended_clock - p->began_clock;
}

static void put_seconds(struct buf *b, uint64_t us)
{
	buf_format(b, "%" PRIu64 ".%03" PRIu64, us / 1000000, us / 1000 % 1000);
}

// --- the list -----------------------------------------------------------------------------------------
void proof_head(struct buf *b)
{
	buf_text(b,
		 " No.    Began                     Peers    Changed  Kept  Reset Lost  Seconds  "
		 " What\n");
}

void proof_row(struct buf *b, const struct proof_record *r)
{
	const struct proof *p = r->proof;
	struct buf time = {0};

	buf_format(b, " %-6" PRIu32 " ", r->number);
	show_time(b, p->began);
	buf_format(b, " %-8u %-8" PRIu64 " ", proof_peers(p), p->counts.changed);
	if (p->over) {
		put_seconds(&time, duration(p));
		buf_format(b, "%-5u %-5u %-5u %-9s %s\n", proof_count(p, PROOF_KEPT),
			   proof_count(p, PROOF_RESET), proof_count(p, PROOF_LOST), buf_cstr(&time),
			   r->what);
	} else {
		buf_format(b, "%-5s %-5s %-5s %-9s %s\n", "-", "-", "-", "running", r->what);
	}
	buf_free(&time);
}

// --- all of it ----------------------------------------------------------------------------------------
static void put_lines(struct buf *b, const char *title, const char *text)
{
	if (!text || !*text)
		return;
	buf_format(b, "   %s:\n", title);
	for (size_t size; *text; text += size + (text[size] == '\n')) {
		size = strcspn(text, "\n");
		buf_format(b, "     %.*s\n", (int)size, text);
	}
}

// A word of the commit's record.
static const char *word_of(struct app *a, const struct proof_record *r, enum conf_commit_word what)
{
	const struct conf_commit *c =
		r->commit ? conf_history_find(conf_store_history(a->store), r->commit) : NULL;

	return c ? c->word[what] : NULL;
}

// Of the commit's report what was foretold and what came; the jobs stand here one by one. The
// caller owns it.
static char *effect_of(struct app *a, const struct proof_record *r)
{
	const char *report = word_of(a, r, COMMIT_REPORT), *jobs;

	if (!report || strncmp(report, "Jobs: ", 6) == 0)
		return NULL;
	jobs = strstr(report, "\nJobs: ");
	return jobs ? mem_text_n(report, (size_t)(jobs - report)) : mem_text(report);
}

static void put_jobs(struct buf *b, const struct proof *p)
{
	buf_format(b, "   Jobs             : %u, pending: %u, cancelled: %u", p->job_count,
		   p->jobs_pending, p->jobs_cancelled);
	if (p->open.count)
		buf_format(b, ", running: %u", p->open.count);
	buf_format(b,
		   "\n   Routes           : %" PRIu64 " seen, %" PRIu64 " changed, %" PRIu64
		   " newly accepted, %" PRIu64 " newly rejected\n",
		   p->counts.seen, p->counts.changed, p->counts.newly_accepted,
		   p->counts.newly_rejected);
	buf_format(b, "   UPDATEs          : %" PRIu64 " sent, %" PRIu64 " received meanwhile\n",
		   p->updates_sent, p->updates_received);
	for (unsigned i = 0; i < p->jobs_kept; i++) {
		buf_format(b, "     Job %u: ", p->jobs[i].number);
		report_job(b, &p->jobs[i]);
	}
}

static void put_ms(struct buf *b, uint64_t us)
{
	buf_format(b, "%" PRIu64 ".%03" PRIu64 " ms", us / 1000, us % 1000);
}

static void put_stalls(struct buf *b, const struct proof *p)
{
	char address[IP_TEXT_MAX];

	buf_format(b, "   KEEPALIVEs       : %" PRIu64 " sent", p->keepalives);
	if (p->keepalive_peer.bits) {
		buf_text(b, ", at worst ");
		put_ms(b, p->keepalive_delay);
		buf_text(b, " after it was due; left after ");
		put_ms(b, p->keepalive_left);
		buf_format(b, " (peer %s)", ip_text(&p->keepalive_peer, address));
	}
	buf_text(b, "\n   Longest slice    : walks ");
	put_ms(b, p->longest_slice);
	buf_text(b, ", control loop ");
	put_ms(b, p->control_round);
	if (p->rib_round) {
		buf_text(b, ", rib threads ");
		put_ms(b, p->rib_round);
	}
	buf_u8(b, '\n');
}

static void put_notifications(struct buf *b, const struct proof *p)
{
	char address[IP_TEXT_MAX];
	uint64_t n = p->sent + p->received;

	buf_format(b, "   NOTIFICATIONs    : %" PRIu64 " sent, %" PRIu64 " received\n", p->sent,
		   p->received);
	for (unsigned i = 0; i < n && i < PROOF_NOTIFICATIONS; i++) {
		const struct proof_notification *x = &p->notifications[i];
		const char *name = bgp_suberror_text(x->code, x->subcode);

		buf_text(b, "     ");
		show_time(b, x->at);
		buf_format(b, " %s %s: %u/%u (%s%s%s)\n", x->sent ? "to" : "from",
			   ip_text(&x->address, address), x->code, x->subcode,
			   bgp_error_text(x->code), name && *name ? ", " : "", name ? name : "");
	}
	if (n > PROOF_NOTIFICATIONS)
		buf_text(b, "     ... the others stand in the log\n");
}

static void put_identity(struct buf *b, const struct proof_identity *x)
{
	buf_format(b, "number %" PRIu32 ", router ID ", x->number);
	show_router_id(b, x->router_id);
	buf_format(b, ", ports %u and %u, up since ", x->local_port, x->remote_port);
	show_time(b, x->established);
}

static void put_up_time(struct buf *b, const struct proof *p, const struct proof_session *x)
{
	if (x->before.since <= p->began_clock && p->began_clock) {
		buf_text(b, ", for ");
		show_duration(b, p->began_clock - x->before.since);
	}
	if (x->before.since <= p->ended_clock && proof_fate(x) == PROOF_KEPT) {
		buf_text(b, " and then for ");
		show_duration(b, p->ended_clock - x->before.since);
	}
}

static void put_session(struct buf *b, const struct proof *p, const struct proof_session *x)
{
	enum proof_fate fate = proof_fate(x);
	char address[IP_TEXT_MAX];

	buf_format(b, "     Peer %s%s%s: %s\n", ip_text(&x->address, address),
		   x->instance_name[0] ? " of VPN instance " : "", x->instance_name,
		   proof_fate_text(fate));
	if (fate != PROOF_NEW) {
		buf_text(b, "       ");
		put_identity(b, &x->before);
		put_up_time(b, p, x);
		buf_u8(b, '\n');
	}
	if (x->end) {
		buf_text(b, "       ended ");
		show_time(b, x->end->at);
		buf_format(b, " by %s: %s\n", x->end->by[0] ? x->end->by : "itself or the peer",
			   x->end->why);
	}
	if (fate != PROOF_KEPT && x->after.number) {
		buf_text(b, "       now ");
		put_identity(b, &x->after);
		buf_u8(b, '\n');
	} else if (fate != PROOF_KEPT) {
		buf_text(b, "       now down\n");
	}
}

static unsigned count_up(const struct proof *p, bool after)
{
	unsigned n = 0;

	for (unsigned i = 0; i < p->session_count; i++)
		n += (after ? p->sessions[i].after.number : p->sessions[i].before.number) != 0;
	return n;
}

static void put_sessions(struct buf *b, const struct proof *p)
{
	unsigned shown = 0;

	buf_format(b,
		   "   Sessions         : %u up before, %u after; %u the same, %u reset by it, "
		   "%u lost, %u new",
		   count_up(p, false), count_up(p, true), proof_count(p, PROOF_KEPT),
		   proof_count(p, PROOF_RESET), proof_count(p, PROOF_LOST),
		   proof_count(p, PROOF_NEW));
	if (p->flapped)
		buf_format(b, "; %u came and ended meanwhile", p->flapped);
	buf_u8(b, '\n');
	for (unsigned i = 0; i < p->session_count; i++)
		if (proof_fate(&p->sessions[i]) != PROOF_KEPT)
			put_session(b, p, &p->sessions[i]);
	for (unsigned i = 0; i < p->session_count && shown < SESSIONS_SHOWN; i++)
		if (proof_fate(&p->sessions[i]) == PROOF_KEPT && ++shown)
			put_session(b, p, &p->sessions[i]);
	if (shown == SESSIONS_SHOWN)
		buf_text(b, "     ... --json shows all\n");
}

void proof_text(struct buf *b, struct app *a, const struct proof_record *r)
{
	const struct proof *p = r->proof;
	char *effect = effect_of(a, r);

	buf_format(b, " Record %" PRIu32 ": %s\n   Began            : ", r->number, r->what);
	show_time(b, p->began);
	buf_text(b, "\n   Time             : ");
	if (p->over) {
		put_seconds(b, duration(p));
		buf_text(b, " s\n");
	} else {
		buf_text(b, "running\n");
	}
	put_lines(b, r->commit ? "Plan" : "Told", r->said);
	put_lines(b, "Impact", word_of(a, r, COMMIT_IMPACT));
	put_lines(b, "Effect", effect);
	mem_free(effect);
	put_jobs(b, p);
	put_notifications(b, p);
	put_stalls(b, p);
	if (p->over)
		put_sessions(b, p);
	else
		buf_format(b, "   Sessions         : %u up when it began\n", p->session_count);
}

// --- JSON ---------------------------------------------------------------------------------------------
static json_t *address_json(const struct ip *ip)
{
	char text[IP_TEXT_MAX];

	return ip->bits ? json_string(ip_text(ip, text)) : json_null();
}

static json_t *identity_json(const struct proof_identity *x)
{
	struct buf id = {0};
	json_t *o;

	if (!x->number)
		return json_null();
	show_router_id(&id, x->router_id);
	o = json_pack("{s:I, s:s, s:i, s:i, s:I, s:I}", "number", (json_int_t)x->number,
		      "router_id", buf_cstr(&id), "local_port", x->local_port, "remote_port",
		      x->remote_port, "established", (json_int_t)x->established,
		      "established_monotonic_us", (json_int_t)x->since);
	buf_free(&id);
	return o;
}

static json_t *session_json(const struct proof_session *x)
{
	static const char *const fates[PROOF_FATES] = {
		[PROOF_KEPT] = "kept",
		[PROOF_RESET] = "reset",
		[PROOF_LOST] = "lost",
		[PROOF_NEW] = "new",
	};
	json_t *o = json_pack("{s:o, s:s, s:o, s:o}", "peer", address_json(&x->address), "fate",
			      fates[proof_fate(x)], "before", identity_json(&x->before), "after",
			      identity_json(&x->after));

	if (x->instance_name[0])
		json_object_set_new(o, "instance", json_string(x->instance_name));
	if (x->end) {
		json_object_set_new(o, "ended", json_integer((json_int_t)x->end->at));
		json_object_set_new(o, "ended_by",
				    x->end->by[0] ? json_string(x->end->by) : json_null());
		json_object_set_new(o, "why", json_string(x->end->why));
	}
	return o;
}

static json_t *notification_json(const struct proof_notification *x)
{
	return json_pack("{s:o, s:s, s:i, s:i, s:I}", "peer", address_json(&x->address),
			 "direction", x->sent ? "sent" : "received", "code", x->code, "subcode",
			 x->subcode, "time", (json_int_t)x->at);
}

static void add_details(json_t *o, struct app *a, const struct proof_record *r)
{
	const struct proof *p = r->proof;
	const char *impact = word_of(a, r, COMMIT_IMPACT);
	char *effect = effect_of(a, r);
	json_t *sessions = json_array(), *jobs = json_array(), *notifications = json_array();

	for (unsigned i = 0; i < p->session_count && p->over; i++)
		json_array_append_new(sessions, session_json(&p->sessions[i]));
	for (unsigned i = 0; i < p->jobs_kept; i++)
		json_array_append_new(jobs, job_json(&p->jobs[i]));
	for (unsigned i = 0; i < p->sent + p->received && i < PROOF_NOTIFICATIONS; i++)
		json_array_append_new(notifications, notification_json(&p->notifications[i]));
	json_object_set_new(o, r->commit ? "plan" : "told",
			    r->said ? json_string(r->said) : json_null());
	if (r->commit) {
		json_object_set_new(o, "impact", impact ? json_string(impact) : json_null());
		json_object_set_new(o, "effect", effect ? json_string(effect) : json_null());
	}
	mem_free(effect);
	json_object_set_new(o, "sessions", sessions);
	json_object_set_new(o, "report", jobs);
	json_object_set_new(o, "notifications", notifications);
}

static json_t *figures_json(const struct proof *p)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:I}", "peers",
			 (int)proof_peers(p), "jobs", (int)p->job_count, "jobs_pending",
			 (int)p->jobs_pending, "jobs_cancelled", (int)p->jobs_cancelled, "seen",
			 (json_int_t)p->counts.seen, "changed", (json_int_t)p->counts.changed,
			 "newly_accepted", (json_int_t)p->counts.newly_accepted, "newly_rejected",
			 (json_int_t)p->counts.newly_rejected, "updates_sent",
			 (json_int_t)p->updates_sent, "updates_received",
			 (json_int_t)p->updates_received);
}

static json_t *calm_json(const struct proof *p)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:I, s:I}", "notifications_sent",
			 (json_int_t)p->sent, "notifications_received", (json_int_t)p->received,
			 "keepalives", (json_int_t)p->keepalives, "worst_keepalive_delay_us",
			 (json_int_t)p->keepalive_delay, "worst_keepalive_left_us",
			 (json_int_t)p->keepalive_left, "worst_keepalive_peer",
			 address_json(&p->keepalive_peer), "longest_slice_us",
			 (json_int_t)p->longest_slice, "longest_control_round_us",
			 (json_int_t)p->control_round, "longest_rib_round_us",
			 (json_int_t)p->rib_round);
}

static void merge(json_t *to, json_t *more)
{
	json_object_update(to, more);
	json_decref(more);
}

json_t *proof_json(struct app *a, const struct proof_record *r, bool verbose)
{
	const struct proof *p = r->proof;
	json_t *o = json_pack("{s:I, s:s, s:I, s:b, s:I}", "record", (json_int_t)r->number, "what",
			      r->what, "began", (json_int_t)p->began, "over", (int)p->over,
			      "microseconds", (json_int_t)duration(p));

	if (r->commit)
		json_object_set_new(o, "commit",
				    json_integer((json_int_t)CONF_COMMIT_FIRST + r->commit));
	merge(o, figures_json(p));
	merge(o, calm_json(p));
	if (p->over)
		merge(o,
		      json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "sessions_before",
				(int)count_up(p, false), "sessions_after", (int)count_up(p, true),
				"sessions_kept", (int)proof_count(p, PROOF_KEPT), "sessions_reset",
				(int)proof_count(p, PROOF_RESET), "sessions_lost",
				(int)proof_count(p, PROOF_LOST), "sessions_new",
				(int)proof_count(p, PROOF_NEW), "sessions_came_and_ended",
				(int)p->flapped));
	if (verbose)
		add_details(o, a, r);
	return o;
}
