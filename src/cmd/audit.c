// check bgp tables: a copy of the process works everything out anew and tells what it found:
//
//   in the copy   a finding in words -> TOLD_TEXT, _JSON, _LOG; tables -> TOLD_TABLE; sums -> TOLD_SUMS
//   here          the record; each finding goes to the terminal and the log as it comes
//
// Several can be under way: all that a check needs hangs on its call.
#include "cmd/audit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/log.h"
#include "base/mem.h"
#include "conf/history.h"
#include "speaker/rehearsal.h"

#define LOG_PIECE  3000  // characters of one line
#define LOOK_EVERY 20000 // microseconds

enum { TOLD_TEXT = 1, TOLD_JSON, TOLD_LOG, TOLD_TABLE, TOLD_SUMS };

struct sums {
	uint64_t replayed, memory;
	uint64_t differences[AUDIT_KINDS];
};

struct check {
	struct cli_call *call;
	struct audit_record *record;
	struct rehearsal *rehearsal;
	struct scope scope; // tables; none: all
	bool all;
	unsigned most;    // findings that are told
	unsigned told;    // in the copy
	unsigned percent; // shown
	uint64_t looked;  // when the copy last told how far it is
};

static void check_free(struct check *k)
{
	scope_free(&k->scope);
	mem_free(k);
}

// --- in the copy ------------------------------------------------------------------------------------
static bool wants(void *arg, uint16_t instance, const struct af *af)
{
	const struct check *k = arg;

	for (unsigned i = 0; i < k->scope.count; i++)
		if (k->scope.places[i].instance == instance && k->scope.places[i].af == af)
			return true;
	return k->all;
}

static void found(void *arg, const struct audit_difference *d)
{
	struct check *k = arg;
	struct audit_words w;

	if (k->told++ >= k->most)
		return;
	audit_words(app_of(k->call), d, &w);
	rehearsal_tell(TOLD_LOG, w.log.data, w.log.len);
	rehearsal_tell(TOLD_JSON, w.json.data, w.json.len);
	rehearsal_tell(TOLD_TEXT, w.text.data, w.text.len);
	audit_words_free(&w);
}

static void progress_in_copy(void *arg, unsigned percent)
{
	struct check *k = arg;

	if (percent <= k->percent || loop_clock() - k->looked < LOOK_EVERY)
		return;
	rehearsal_percent(percent);
	k->percent = percent;
	k->looked = loop_clock();
}

// What the copy does not share with the process.
static uint64_t own_memory(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "re");
	unsigned long kilobytes = 0;
	char line[128];

	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "Private_Dirty: %lu kB", &kilobytes) == 1)
			break;
	if (f)
		fclose(f);
	return kilobytes * UINT64_C(1024);
}

static const char *instance_name(const struct app *a, uint16_t number)
{
	const struct instance_config *c =
		speaker_config_instance_numbered(speaker_running(a->speaker), number);

	return c ? c->name : "";
}

static void tell_tables(const struct check *k, const struct audit *a)
{
	for (unsigned i = 0; i < a->row_count; i++) {
		struct audit_table t = {.row = a->rows[i]};

		snprintf(t.instance, sizeof t.instance, "%s",
			 instance_name(app_of(k->call), t.row.instance));
		rehearsal_tell(TOLD_TABLE, &t, sizeof t);
	}
}

static uint16_t families_of(const struct check *k)
{
	uint16_t set = k->all ? UINT16_MAX : 0;

	for (unsigned i = 0; i < k->scope.count; i++)
		set |= af_bit(k->scope.places[i].af);
	return set;
}

static void audit_in_copy(void *arg, struct speaker *s, const struct measure *m)
{
	struct check *k = arg;
	const struct audit_options o = {.families = families_of(k),
					.wants = wants,
					.found = found,
					.progress = progress_in_copy,
					.arg = k};
	struct sums sums;
	struct audit a;

	k->percent = 0;
	k->looked = loop_clock();
	speaker_audit(s, &o, &a);
	tell_tables(k, &a);
	sums = (struct sums){.replayed = a.replayed, .memory = own_memory()};
	memcpy(sums.differences, a.differences, sizeof sums.differences);
	rehearsal_tell(TOLD_SUMS, &sums, sizeof sums);
	audit_free(&a);
}

// --- what it tells ----------------------------------------------------------------------------------
static void on_progress(void *arg, unsigned percent)
{
	struct check *k = arg;

	if (percent != k->percent)
		cli_progress(k->call, "Checking tables: %u%%", percent);
	k->percent = percent;
}

static char *text_of(const uint8_t *p, size_t n)
{
	char *text = mem_alloc(n + 1);

	memcpy(text, p, n);
	text[n] = '\0';
	return text;
}

// A line that is too long for the log in pieces.
static void log_lines(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		for (size_t at = 0; at < n; at += LOG_PIECE)
			log_error("%s%.*s", at ? "tables check: ... " : "",
				  (int)(n - at < LOG_PIECE ? n - at : LOG_PIECE), text + at);
		text += n + (text[n] == '\n');
	}
}

// JSON comes first of the two.
static void take_finding(struct check *k, uint8_t kind, const uint8_t *p, size_t n)
{
	struct audit_record *r = k->record;

	if (kind == TOLD_JSON) {
		r->findings = mem_resize(r->findings, (r->finding_count + 1) * sizeof *r->findings);
		r->findings[r->finding_count++] = (struct audit_finding){.json = text_of(p, n)};
	} else if (r->finding_count && !r->findings[r->finding_count - 1].text) {
		r->findings[r->finding_count - 1].text = text_of(p, n);
		if (!k->call->json)
			cli_write(k->call, (const char *)p, n);
	}
}

static void take_table(struct audit_record *r, const uint8_t *p, size_t n)
{
	if (n != sizeof *r->tables)
		return;
	r->tables = mem_resize(r->tables, (r->table_count + 1) * sizeof *r->tables);
	memcpy(&r->tables[r->table_count++], p, n);
}

static void take_sums(struct audit_record *r, const uint8_t *p, size_t n)
{
	struct sums sums;

	if (n != sizeof sums)
		return;
	memcpy(&sums, p, n);
	r->replayed = sums.replayed;
	r->memory = sums.memory;
	memcpy(r->differences, sums.differences, sizeof r->differences);
}

static void heard(void *arg, uint8_t kind, const uint8_t *p, size_t n)
{
	struct check *k = arg;
	char *text;

	switch (kind) {
	case TOLD_LOG:
		text = text_of(p, n);
		log_lines(text);
		mem_free(text);
		break;
	case TOLD_JSON:
	case TOLD_TEXT:
		take_finding(k, kind, p, n);
		break;
	case TOLD_TABLE:
		take_table(k->record, p, n);
		break;
	case TOLD_SUMS:
		take_sums(k->record, p, n);
		break;
	default:
		break;
	}
}

// --- its end ----------------------------------------------------------------------------------------
static void print_end(struct cli_call *c, const struct audit_record *r)
{
	struct buf out = {0};

	if (c->json) {
		show_json(&out, audit_record_json(r));
		buf_u8(&out, '\n');
	} else {
		audit_text_end(&out, r);
	}
	cli_write(c, buf_cstr(&out), out.len);
	buf_free(&out);
}

static void ended(void *arg, bool good)
{
	struct check *k = arg;
	struct cli_call *c = k->call;

	cli_progress(c, "%s", "");
	audit_record_end(app_of(c), k->record, good ? AUDIT_DONE : AUDIT_DIED);
	if (good)
		print_end(c, k->record);
	else
		cli_error(c, "The copy of the process that checks the tables has ended early "
			     "(is there memory?). Nothing has changed.");
	check_free(k);
	c->data = NULL;
	cli_done(c);
}

static void check_cancel(struct cli_call *c)
{
	struct check *k = c->data;

	rehearsal_cancel(k->rehearsal);
	audit_record_end(app_of(c), k->record, AUDIT_LEFT);
	check_free(k);
	c->data = NULL;
}

// --- which tables -----------------------------------------------------------------------------------
static void scope_put(struct scope *s, const struct instance_config *n, const struct af *af)
{
	struct place *p;

	s->places = mem_resize(s->places, (s->count + 1) * sizeof *s->places);
	p = &s->places[s->count++];
	*p = (struct place){.instance = n->number, .router_id = n->router_id, .af = af};
	snprintf(p->name, sizeof p->name, "%s", n->name);
}

// Tables of one instance: all of them, or that of a family, which may stand for its inner one.
static bool scope_of_instance(struct cli_call *c, const char *name, struct scope *ret)
{
	const struct speaker_config *running = speaker_running(app_of(c)->speaker);
	const struct instance_config *n = speaker_config_instance(running, name);
	const struct af *af = call_family(c);

	for (unsigned i = 0; n && i < af_count; i++) {
		const struct af *one = af_list[i];
		if (n->families & af_bit(one) && (!af || one == af || one == af->inner))
			scope_put(ret, n, one);
	}
	if (!n)
		cli_error(c, "The VPN instance does not exist.");
	else if (!ret->count)
		cli_error(c, "The VPN instance does not have this address family.");
	return ret->count;
}

static bool check_read(struct cli_call *c, struct check *k)
{
	const char *name = conf_value(c->line, "vpn-instance-name");
	const struct af *af = call_family(c);
	char *subject = k->record->subject;

	k->most = (unsigned)conf_number(c->line, "sample-count", AUDIT_FINDINGS);
	k->all = !name && !af;
	if (name && !scope_of_instance(c, name, &k->scope))
		return false;
	if (!name && af)
		scope_of_family(app_of(c), af, &k->scope);
	snprintf(subject, sizeof k->record->subject, "%s%s%s", af ? af->title : "all tables",
		 name ? " of vpn-instance " : "", name ? name : "");
	return true;
}

// --- the command ------------------------------------------------------------------------------------
static void check_start(struct cli_call *c, struct check *k)
{
	const struct rehearsal_want w = {.tell = audit_in_copy,
					 .progress = on_progress,
					 .heard = heard,
					 .done = ended,
					 .arg = k};
	int error = 0;

	c->data = k;
	cli_later(c, check_cancel);
	k->rehearsal = rehearsal_start(app_of(c)->speaker, &w, &error);
	if (k->rehearsal)
		return;
	cli_error(c,
		  "The tables cannot be checked: no copy of the process can be made (%s).\n"
		  "Free memory or raise the limit on processes.",
		  strerror(-error));
	audit_record_end(app_of(c), k->record, AUDIT_DIED);
	check_free(k);
	c->data = NULL;
	cli_done(c);
}

static void check_tables(struct cli_call *c)
{
	struct app *a = app_of(c);
	struct check *k;

	if (!call_bgp_runs(c))
		return;
	k = MEM_NEW(struct check);
	k->call = c;
	k->record = audit_record_new(a);
	k->record->commit = conf_store_number(a->store);
	snprintf(k->record->user, sizeof k->record->user, "%s", cli_session_user(c->session));
	if (check_read(c, k)) {
		check_start(c, k);
		return;
	}
	audit_record_drop(a, k->record);
	check_free(k);
}

static bool has_selector(const struct af *af)
{
	return af->selector[0];
}

static bool has_reset_word(const struct af *af)
{
	return af->reset_word;
}

#define REST " [ vpn-instance vpn-instance-name ] [ sample sample-count<0-1000> ]"
#define HELP \
	"Works all tables out anew from the routes received and compares: normally no difference."

static const struct row_template templates[] = {
	{.row = {.views = "*",
		 .grammar = "check bgp tables @af" REST,
		 .help = HELP,
		 .level = 2,
		 .flags = ROW_EXTENSION,
		 .run = check_tables},
	 .fits = has_selector},
	{.row = {.views = "*",
		 .grammar = "check bgp tables @reset" REST,
		 .help = HELP,
		 .level = 2,
		 .flags = ROW_EXTENSION,
		 .run = check_tables},
	 .fits = has_reset_word},
};
const struct template_table audit_templates = {templates, sizeof templates / sizeof *templates};

static const struct row rows[] = {
	{.views = "*",
	 .grammar = "check bgp tables" REST,
	 .help = HELP,
	 .level = 2,
	 .flags = ROW_EXTENSION,
	 .run = check_tables},
};
const struct row_table audit_table = {rows, sizeof rows / sizeof *rows};
