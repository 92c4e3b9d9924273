// display bgp refresh: soft resets that run and that have ended, newest first: scope, means,
// progress, what they found, what they sent, how long, and that no session was reset.
#include "cmd/proof.h"

#include <inttypes.h>

#include <jansson.h>

// A decision made again concerns no peer in particular and has neither direction.
static const char *job_peer(const struct soft_job *j, char *buf)
{
	return j->peer == RIB_NO_PEER ? "all" : ip_text(&j->address, buf);
}

static const char *job_direction(const struct soft_job *j)
{
	if (j->means == MEANS_DECIDE)
		return "decision";
	return j->import ? "import" : "export";
}

json_t *job_json(const struct soft_job *j)
{
	char address[IP_TEXT_MAX];
	json_t *o = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "job",
			      (json_int_t)j->number, "peer", job_peer(j, address), "family",
			      j->af->name, "direction", job_direction(j), "means",
			      soft_means_text(j->means), "state", soft_state_text(j->state),
			      "origin", j->origin, "percent", (int)j->percent);
	json_t *figures = json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "seen",
		(json_int_t)j->counts.seen, "changed", (json_int_t)j->counts.changed,
		"newly_accepted", (json_int_t)j->counts.newly_accepted, "newly_rejected",
		(json_int_t)j->counts.newly_rejected, "best_moved",
		(json_int_t)j->counts.best_moved, "messages", (json_int_t)j->messages, "started",
		(json_int_t)j->started, "ended", (json_int_t)j->ended, "longest_slice_us",
		(json_int_t)j->longest_slice, "sessions_reset", (json_int_t)j->sessions_reset,
		"merged", (json_int_t)j->merged, "generation", (json_int_t)j->generation);
	json_object_update(o, figures);
	if (j->instance_name[0])
		json_object_set_new(o, "instance", json_string(j->instance_name));
	if (j->lent)
		json_object_set_new(o, "exchange", json_true());
	if (j->counts.passed)
		json_object_set_new(o, "passed", json_integer((json_int_t)j->counts.passed));
	if (j->note[0])
		json_object_set_new(o, "note", json_string(j->note));
	json_decref(figures);
	return o;
}

// Which peer, or whose exchange with the tables of VPN routes.
static void job_subject(struct buf *b, const struct soft_job *j)
{
	char address[IP_TEXT_MAX];
	if (j->lent)
		buf_text(b, j->import ? "VPN routes into" : "VPN routes out of");
	else
		buf_format(b, "peer %s%s", job_peer(j, address), j->instance_name[0] ? " of" : "");
	if (j->instance_name[0])
		buf_format(b, " VPN instance %s", j->instance_name);
}

static void job_text(struct buf *b, const struct soft_job *j)
{
	char address[IP_TEXT_MAX];
	buf_format(b, " Job %u: ", j->number);
	job_subject(b, j);
	buf_format(b, ", %s, %s, by %s\n", j->af->title, job_direction(j), j->origin);
	buf_format(b, "   State          : %s (%u%%)\n   Means          : %s\n",
		   soft_state_text(j->state), j->percent, soft_means_text(j->means));
	if (j->state == JOB_PENDING)
		buf_format(
			b,
			"   Needs          : a new session (reset bgp %s) for what had been rejected before\n",
			job_peer(j, address));
	buf_format(b,
		   "   Routes         : %" PRIu64 " seen, %" PRIu64 " changed, %" PRIu64
		   " newly accepted, %" PRIu64 " newly rejected\n",
		   j->counts.seen, j->counts.changed, j->counts.newly_accepted,
		   j->counts.newly_rejected);
	if (j->counts.passed)
		buf_format(b,
			   "   Passed by      : %" PRIu64
			   " of them, which the change does not concern\n",
			   j->counts.passed);
	buf_format(b, "   Messages       : %" PRIu64 "\n   Started        : ", j->messages);
	show_time(b, (int64_t)j->started);
	if (j->ended)
		buf_format(b, "\n   Time           : %" PRIu64 ".%03" PRIu64 " s",
			   (j->ended - j->started) / 1000000,
			   (j->ended - j->started) / 1000 % 1000);
	buf_format(b, "\n   Longest slice  : %" PRIu64 " us\n   Sessions reset : %u\n",
		   j->longest_slice, j->sessions_reset);
	if (j->note[0])
		buf_format(b, "   Note           : %s\n", j->note);
	if (j->merged)
		buf_format(b, "   Merged requests: %u\n", j->merged);
}

static void display_jobs(struct cli_call *c)
{
	const struct soft_job **jobs;
	unsigned n = speaker_jobs(app_of(c)->speaker, &jobs), shown = 0, running = 0;
	struct ip only = {0};
	bool one = call_peer_address(c, &only);
	struct buf out = {0};
	json_t *list = json_array();
	for (unsigned i = 0; i < n; i++) {
		if (one && !ip_equal(&jobs[i]->address, &only))
			continue;
		shown++;
		running += jobs[i]->state == JOB_WAITING || jobs[i]->state == JOB_ASKED ||
			   jobs[i]->state == JOB_RUNNING;
		if (c->json)
			json_array_append_new(list, job_json(jobs[i]));
		else
			job_text(&out, jobs[i]);
	}
	if (c->json) {
		show_json(&out, json_pack("{s:i, s:O}", "running", (int)running, "jobs", list));
		buf_u8(&out, '\n');
	} else {
		cli_print(c, " Soft resets: %u shown, %u running\n", shown, running);
	}
	json_decref(list);
	cli_write(c, buf_cstr(&out), out.len);
	buf_free(&out);
}

static const struct row rows[] = {
	{.views = "*",
	 .grammar = "display bgp refresh [ peer { ipv4-address | ipv6-address } ]",
	 .help = "Shows soft resets: scope, means, progress and figures.",
	 .level = 1,
	 .flags = ROW_EXTENSION,
	 .run = display_jobs},
};
const struct row_table job_table = {rows, sizeof rows / sizeof *rows};
