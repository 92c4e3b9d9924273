// Checks of tables as pages and as JSON, and the display of those that have been made.
#include "cmd/audit.h"

#include <inttypes.h>

#include <jansson.h>

static const struct {
	const char *text, *name;
} states[] = {
	[AUDIT_RUNS] = {"running", "running"},
	[AUDIT_DONE] = {"finished", "finished"},
	[AUDIT_LEFT] = {"interrupted", "interrupted"},
	[AUDIT_DIED] = {"the copy of the process ended early", "failed"},
};

static struct compare_counts sums_of(const struct audit_record *r)
{
	struct compare_counts sum = {0};

	for (unsigned i = 0; i < r->table_count; i++) {
		const struct compare_counts *c = &r->tables[i].row.counts;
		sum.destinations += c->destinations;
		sum.paths += c->paths;
		sum.announcements += c->announcements;
		sum.exempt += c->exempt;
	}
	return sum;
}

// --- text -------------------------------------------------------------------------------------------
static void put_seconds(struct buf *b, uint64_t us)
{
	buf_format(b, "%" PRIu64 ".%03" PRIu64 " s", us / 1000000, us / 1000 % 1000);
}

static void put_name(struct buf *b, const struct audit_table *t)
{
	buf_text(b, af_list[t->row.family]->title);
	if (t->instance[0])
		buf_format(b, ", vpn-instance %s", t->instance);
}

static void put_table(struct buf *b, const struct audit_table *t)
{
	const struct compare_counts *c = &t->row.counts;
	struct buf name = {0};

	put_name(&name, t);
	buf_format(b, " %-40s %12" PRIu64 " %10" PRIu64 " %13" PRIu64 " %11" PRIu64 "  ",
		   buf_cstr(&name), c->destinations, c->paths, c->announcements,
		   t->row.differences);
	put_seconds(b, t->row.microseconds);
	buf_text(b, "\n");
	buf_free(&name);
}

static void put_exempt(struct buf *b, const struct audit_record *r)
{
	struct compare_counts sum = sums_of(r);

	for (unsigned i = 0; i < r->table_count; i++) {
		if (!r->tables[i].row.exempt)
			continue;
		buf_text(b, " Not checked: ");
		put_name(b, &r->tables[i]);
		buf_text(b, ": its limit turns routes away\n");
	}
	if (sum.exempt)
		buf_format(b,
			   " Not checked: %" PRIu64
			   " destinations with routes that such a table lends\n",
			   sum.exempt);
}

static void put_sums(struct buf *b, const struct audit_record *r)
{
	struct compare_counts sum = sums_of(r);

	buf_format(b,
		   " Tables checked: %u; %" PRIu64 " destinations, %" PRIu64 " paths, %" PRIu64
		   " announcements; differences: %" PRIu64 "\n",
		   r->table_count, sum.destinations, sum.paths, sum.announcements,
		   audit_record_differences(r));
	for (unsigned i = 0; i < AUDIT_KINDS; i++)
		if (r->differences[i])
			buf_format(b, "   %-22s : %" PRIu64 "\n", audit_kind_name(i),
				   r->differences[i]);
	buf_format(b, " From %" PRIu64 " routes as received, commit %u, worked out in ",
		   r->replayed, r->commit);
	put_seconds(b, r->microseconds);
	buf_text(b, "\n");
}

void audit_text_end(struct buf *out, const struct audit_record *r)
{
	buf_format(out, " %-40s %12s %10s %13s %11s  %s\n", "Table", "Destinations", "Paths",
		   "Announcements", "Differences", "Time");
	for (unsigned i = 0; i < r->table_count; i++)
		if (!r->tables[i].row.exempt)
			put_table(out, &r->tables[i]);
	put_exempt(out, r);
	put_sums(out, r);
}

void audit_text_findings(struct buf *out, const struct audit_record *r)
{
	for (unsigned i = 0; i < r->finding_count; i++)
		buf_text(out, r->findings[i].text);
}

// --- JSON -------------------------------------------------------------------------------------------
static json_t *table_json(const struct audit_table *t)
{
	const struct compare_counts *c = &t->row.counts;
	json_t *o = json_pack(
		"{s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I}", "family", af_list[t->row.family]->name,
		"checked", !t->row.exempt, "destinations", (json_int_t)c->destinations, "paths",
		(json_int_t)c->paths, "announcements", (json_int_t)c->announcements, "not_checked",
		(json_int_t)c->exempt, "differences", (json_int_t)t->row.differences,
		"microseconds", (json_int_t)t->row.microseconds);

	if (t->instance[0])
		json_object_set_new(o, "instance", json_string(t->instance));
	return o;
}

static json_t *tables_json(const struct audit_record *r)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < r->table_count; i++)
		json_array_append_new(list, table_json(&r->tables[i]));
	return list;
}

static json_t *findings_json(const struct audit_record *r)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < r->finding_count; i++)
		json_array_append_new(list, json_loads(r->findings[i].json, 0, NULL));
	return list;
}

static json_t *kinds_json(const struct audit_record *r)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < AUDIT_KINDS; i++)
		if (r->differences[i])
			json_object_set_new(o, audit_kind_name(i),
					    json_integer((json_int_t)r->differences[i]));
	return o;
}

static json_t *head_json(const struct audit_record *r)
{
	struct buf when = {0};
	json_t *o;

	show_time(&when, r->started);
	o = json_pack("{s:i, s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "check", (int)r->number, "state",
		      states[r->state].name, "subject", r->subject, "user", r->user, "started",
		      buf_cstr(&when), "commit", (json_int_t)r->commit, "microseconds",
		      (json_int_t)r->microseconds, "differences",
		      (json_int_t)audit_record_differences(r));
	buf_free(&when);
	return o;
}

json_t *audit_record_json(const struct audit_record *r)
{
	struct compare_counts sum = sums_of(r);
	json_t *o = head_json(r);

	json_object_set_new(o, "routes", json_integer((json_int_t)r->replayed));
	json_object_set_new(o, "destinations", json_integer((json_int_t)sum.destinations));
	json_object_set_new(o, "paths", json_integer((json_int_t)sum.paths));
	json_object_set_new(o, "announcements", json_integer((json_int_t)sum.announcements));
	json_object_set_new(o, "not_checked", json_integer((json_int_t)sum.exempt));
	json_object_set_new(o, "memory", json_integer((json_int_t)r->memory));
	json_object_set_new(o, "kinds", kinds_json(r));
	json_object_set_new(o, "tables", tables_json(r));
	json_object_set_new(o, "findings", findings_json(r));
	return o;
}

// --- display bgp tables check -------------------------------------------------------------------------
static void put_record(struct buf *b, const struct audit_record *r)
{
	buf_format(b, "%5u  ", r->number);
	show_time(b, r->started);
	buf_format(b, "  %-14s %10u ", r->user, r->commit);
	if (r->state == AUDIT_DONE)
		buf_format(b, "%12" PRIu64, audit_record_differences(r));
	else
		buf_format(b, "%12s", "-");
	buf_format(b, "  %s, %s\n", r->subject, states[r->state].text);
}

static void put_counts(struct buf *b, const struct audit_counts *n)
{
	buf_format(b,
		   " Checks finished: %" PRIu64 "; with differences: %" PRIu64
		   "; differences in all: %" PRIu64 "\n",
		   n->checks, n->bad_checks, n->differences);
}

static void text_show(struct buf *b, const struct app *a, bool verbose)
{
	const struct audit_record *r = audit_record_at(a, 0);
	struct audit_counts counts;

	audit_counts(a, &counts);
	put_counts(b, &counts);
	if (r)
		buf_format(b, "%5s  %-25s  %-14s %10s %12s  %s\n", "No.", "Started", "User",
			   "Commit", "Differences", "Tables, state");
	for (unsigned i = 0; (r = audit_record_at(a, i)); i++) {
		put_record(b, r);
		if (!verbose || r->state != AUDIT_DONE)
			continue;
		audit_text_findings(b, r);
		audit_text_end(b, r);
	}
}

static json_t *json_show(const struct app *a)
{
	const struct audit_record *r;
	struct audit_counts n;
	json_t *list = json_array();

	audit_counts(a, &n);
	for (unsigned i = 0; (r = audit_record_at(a, i)); i++)
		json_array_append_new(list, audit_record_json(r));
	return json_pack("{s:I, s:I, s:I, s:o}", "finished", (json_int_t)n.checks,
			 "with_differences", (json_int_t)n.bad_checks, "differences",
			 (json_int_t)n.differences, "checks", list);
}

static void display_checks(struct cli_call *c)
{
	struct buf out = {0};

	if (c->json) {
		show_json(&out, json_show(app_of(c)));
		buf_u8(&out, '\n');
	} else {
		text_show(&out, app_of(c), conf_has(c->line, "verbose"));
	}
	cli_write(c, buf_cstr(&out), out.len);
	buf_free(&out);
}

static const struct row rows[] = {
	{.views = "*",
	 .grammar = "display bgp tables check [ verbose ]",
	 .help = "Shows the checks of tables that have been made, and whether they found anything.",
	 .level = 1,
	 .flags = ROW_EXTENSION,
	 .run = display_checks},
};
const struct row_table audit_show_table = {rows, sizeof rows / sizeof *rows};
