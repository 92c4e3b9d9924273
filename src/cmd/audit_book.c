// Records of checks, the last ones, and the sums of all (cmd/audit.h). A record that is being made has
// its place in the book from the beginning, so that a display shows it as running; it is never the one
// that makes room.
#include "cmd/audit.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/vec.h"

struct audits {
	struct vec records; // struct audit_record, owned; oldest first
	unsigned last_number;
	struct audit_counts counts;
};

static struct audits *book_of(struct app *a)
{
	if (!a->audits)
		a->audits = MEM_NEW(struct audits);
	return a->audits;
}

static void record_free(struct audit_record *r)
{
	for (unsigned i = 0; i < r->finding_count; i++) {
		mem_free(r->findings[i].text);
		mem_free(r->findings[i].json);
	}
	mem_free(r->findings);
	mem_free(r->tables);
	mem_free(r);
}

void audits_free(struct app *a)
{
	if (!a->audits)
		return;
	while (a->audits->records.count)
		record_free(vec_pop(&a->audits->records));
	vec_free(&a->audits->records);
	mem_free(a->audits);
	a->audits = NULL;
}

static void make_room(struct audits *b)
{
	for (size_t i = 0; i < b->records.count && b->records.count >= AUDIT_RECORDS; i++) {
		struct audit_record *r = b->records.item[i];

		if (r->state == AUDIT_RUNS)
			continue;
		vec_remove(&b->records, i--);
		record_free(r);
	}
}

struct audit_record *audit_record_new(struct app *a)
{
	struct audits *b = book_of(a);
	struct audit_record *r = MEM_NEW(struct audit_record);

	make_room(b);
	r->number = ++b->last_number;
	r->started = loop_wall(a->loop);
	r->began = loop_clock();
	vec_add(&b->records, r);
	return r;
}

void audit_record_drop(struct app *a, struct audit_record *r)
{
	if (vec_drop(&book_of(a)->records, r))
		record_free(r);
}

uint64_t audit_record_differences(const struct audit_record *r)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < AUDIT_KINDS; i++)
		sum += r->differences[i];
	return sum;
}

void audit_record_end(struct app *a, struct audit_record *r, enum audit_state state)
{
	struct audit_counts *counts = &book_of(a)->counts;
	uint64_t n = audit_record_differences(r);

	r->state = state;
	r->microseconds = loop_clock() - r->began;
	if (state != AUDIT_DONE)
		return;
	counts->checks++;
	counts->bad_checks += n != 0;
	counts->differences += n;
	if (n)
		log_error("tables check %u: %llu differences in all, commit %u", r->number,
			  (unsigned long long)n, r->commit);
}

const struct audit_record *audit_record_at(const struct app *a, unsigned i)
{
	if (!a->audits || i >= a->audits->records.count)
		return NULL;
	return a->audits->records.item[a->audits->records.count - 1 - i];
}

void audit_counts(const struct app *a, struct audit_counts *ret)
{
	*ret = a->audits ? a->audits->counts : (struct audit_counts){0};
}
