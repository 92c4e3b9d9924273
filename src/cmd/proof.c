// display bgp refresh history, and the records behind it (proof.h). A record begins right before the
// speaker is told to do something and gets all that is begun within the same turn. The oldest ones go:
// above a number of records, and above a number of sessions in all of them, so that memory stays
// bounded with thousands of peers.
#include "cmd/proof.h"

#include <inttypes.h>
#include <string.h>

#include <jansson.h>

#include "base/mem.h"

#define RECORDS_KEPT  100
#define SESSIONS_KEPT 100000 // in all of them

struct proofs {
	struct vec records; // struct proof_record, owned; oldest first
	uint32_t last;
};

static void record_free(struct proof_record *r)
{
	speaker_proof_free(r->proof);
	mem_free(r->what);
	mem_free(r->said);
	mem_free(r);
}

static struct proof_record *record_at(const struct proofs *p, size_t i)
{
	return p->records.item[i];
}

static void drop_oldest(struct proofs *p)
{
	size_t sessions = 0, keep = 0;

	while (keep < p->records.count && keep < RECORDS_KEPT) {
		sessions += record_at(p, p->records.count - 1 - keep)->proof->session_count;
		if (keep && sessions > SESSIONS_KEPT)
			break;
		keep++;
	}
	while (p->records.count > keep) {
		record_free(record_at(p, 0));
		vec_remove(&p->records, 0);
	}
}

static struct proof_record *record_new(struct app *a, uint32_t commit, char *what,
				       const char *origin)
{
	struct proof_record *r = MEM_NEW(struct proof_record);

	if (!a->proofs)
		a->proofs = MEM_NEW(struct proofs);
	r->number = ++a->proofs->last;
	r->commit = commit;
	r->what = what;
	r->proof = speaker_proof_begin(a->speaker, origin);
	vec_add(&a->proofs->records, r);
	drop_oldest(a->proofs);
	return r;
}

static struct proof_record *record_last(const struct app *a)
{
	return record_at(a->proofs, a->proofs->records.count - 1);
}

void proof_commit(struct app *a, const struct conf_commit *record, const char *plan)
{
	uint32_t number = conf_store_number(a->store);
	const char *user = record->word[COMMIT_USER], *type = record->word[COMMIT_TYPE];
	bool typed = !type || strcmp(type, "CLI") == 0;
	char *origin = mem_format("commit %" PRIu32, number);
	char *what = mem_format("%s by %s%s%s%s", origin, user && *user ? user : "nobody",
				typed ? "" : " (", typed ? "" : type, typed ? "" : ")");

	record_new(a, number, what, origin)->said = mem_text(plan);
	mem_free(origin);
}

void proof_refresh(struct cli_call *c)
{
	struct buf line = {0};

	conf_line_text(c->line, &line);
	record_new(app_of(c), 0, buf_steal(&line), "refresh bgp");
}

void proof_started(struct app *a, const char *said)
{
	struct proof_record *r = record_last(a);

	if (said && *said)
		r->said = mem_text(said);
	speaker_proof_started(r->proof);
}

void proof_drop(struct app *a)
{
	record_free(vec_pop(&a->proofs->records));
	a->proofs->last--;
}

void proofs_free(struct app *a)
{
	struct proofs *p = a->proofs;

	a->proofs = NULL;
	for (size_t i = 0; p && i < p->records.count; i++)
		record_free(record_at(p, i));
	if (p)
		vec_free(&p->records);
	mem_free(p);
}

unsigned proofs_count(const struct app *a)
{
	return a->proofs ? (unsigned)a->proofs->records.count : 0;
}

const struct proof_record *proofs_get(const struct app *a, unsigned i)
{
	unsigned count = proofs_count(a);

	return i < count ? record_at(a->proofs, count - 1 - i) : NULL;
}

const struct proof_record *proofs_find(const struct app *a, uint64_t number)
{
	const struct proof_record *r;

	for (unsigned i = 0; (r = proofs_get(a, i)); i++)
		if (r->number == number)
			return r;
	return NULL;
}

// --- commands -----------------------------------------------------------------------------------------
static void display_all(struct cli_call *c)
{
	struct app *a = app_of(c);
	json_t *list = json_array();
	struct buf out = {0};

	buf_format(&out, " Records: %u\n", proofs_count(a));
	if (proofs_count(a))
		proof_head(&out);
	for (unsigned i = 0; i < proofs_count(a); i++) {
		if (c->json)
			json_array_append_new(list, proof_json(a, proofs_get(a, i), false));
		else
			proof_row(&out, proofs_get(a, i));
	}
	show_answer(c, &out, "records", list);
}

static void display_history(struct cli_call *c)
{
	struct app *a = app_of(c);
	const struct proof_record *r;
	struct buf out = {0};

	if (!conf_value(c->line, "record-number")) {
		display_all(c);
		return;
	}
	r = proofs_find(a, conf_number(c->line, "record-number", 0));
	if (!r) {
		cli_error(c, "The record does not exist.");
		return;
	}
	if (c->json) {
		show_json(&out, proof_json(a, r, true));
		buf_u8(&out, '\n');
	} else {
		proof_text(&out, a, r);
	}
	cli_write(c, buf_cstr(&out), out.len);
	buf_free(&out);
}

static const struct row rows[] = {
	{.views = "*",
	 .grammar = "display bgp refresh history [ record-number<1-4294967295> verbose ]",
	 .help = "Shows what commits and refreshes did, and which sessions stayed the same meanwhile.",
	 .level = 1,
	 .flags = ROW_EXTENSION,
	 .run = display_history},
};
const struct row_table proof_table = {rows, sizeof rows / sizeof *rows};
