// law [-n CASES] [-s SEED] [-f FILE] [-o FILE] [-v] [-k] [-g] [-i] [-a]
// Checks the law on random cases, or on one that a file describes; with -g some of their commits are
// stages (stages.c); with -i instead that the impact of a commit equals its effect, with -a that audits
// find nothing. A case that fails is shrunk by leaving out steps as long as it still fails, and
// written to the file of -o (law-failure.txt).
// Exit status: 0 the law held, 1 it did not, 2 wrong use.
#include "law.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

static void silent(enum log_level level, const char *line, void *arg)
{
}

// --- one case ---------------------------------------------------------------------------------------
static void first_difference(const char *a, const char *b, struct buf *why)
{
	while (*a && *b) {
		size_t x = strcspn(a, "\n"), y = strcspn(b, "\n");

		if (x != y || memcmp(a, b, x)) {
			buf_format(why, "soft: %.*s\nhard: %.*s\n", (int)x, a, (int)y, b);
			return;
		}
		a += x + (a[x] == '\n');
		b += y + (b[y] == '\n');
	}
	if (*a)
		buf_format(why, "only soft: %.*s\n", (int)strcspn(a, "\n"), a);
	if (*b)
		buf_format(why, "only hard: %.*s\n", (int)strcspn(b, "\n"), b);
}

static unsigned long total_routes, total_audited, total_jobs, total_commits;
static unsigned long total_rehearsals, total_changes, total_stages;
static unsigned long total_after[STEP_KINDS], total_lists;

// A case that holds or not, and then why says what differs.
typedef bool check_fn(const struct scenario *s, struct buf *why);

static bool law_holds(const struct scenario *s, struct buf *why)
{
	struct outcome soft, hard;

	buf_clear(why);
	law_play(s, false, &soft);
	law_play(s, true, &hard);
	buf_put(why, soft.complaint.data, soft.complaint.len);
	if (hard.complaint.len)
		buf_format(why, "hard: %s", buf_cstr(&hard.complaint));
	if (strcmp(buf_cstr(&soft.tables), buf_cstr(&hard.tables)))
		first_difference(buf_cstr(&soft.tables), buf_cstr(&hard.tables), why);
	total_routes += soft.routes;
	total_audited += soft.audited;
	total_jobs += soft.jobs;
	total_commits += soft.commits;
	total_stages += soft.stages;
	outcome_free(&soft);
	outcome_free(&hard);
	return !why->len;
}

static bool impact_holds(const struct scenario *s, struct buf *why)
{
	struct outcome x;

	buf_clear(why);
	law_foretell(s, &x);
	buf_put(why, x.complaint.data, x.complaint.len);
	total_routes += x.routes;
	total_jobs += x.jobs;
	total_commits += x.commits;
	total_rehearsals += x.rehearsals;
	total_changes += x.changes;
	total_lists += x.lists;
	for (unsigned i = 0; i < STEP_KINDS; i++)
		total_after[i] += x.after[i];
	outcome_free(&x);
	return !why->len;
}

// --- shrinking --------------------------------------------------------------------------------------
static struct scenario without(const struct scenario *s, unsigned from, unsigned count)
{
	struct scenario out = {.seed = s->seed};

	for (unsigned i = 0; i < s->count; i++) {
		if (i < from || i >= from + count || s->steps[i].kind == STEP_CLOCK)
			scenario_add(&out, &s->steps[i]);
	}
	return out;
}

static bool shrink_once(struct scenario *s, unsigned count, check_fn *holds)
{
	struct buf why = {0};
	bool shrunk = false;

	for (unsigned i = s->count; i > 0;) {
		unsigned from = i > count ? i - count : 0;
		struct scenario less = without(s, from, i - from);

		i = from;
		if (less.count < s->count && !holds(&less, &why)) {
			scenario_free(s);
			*s = less;
			shrunk = true;
			if (i > s->count)
				i = s->count;
		} else {
			scenario_free(&less);
		}
	}
	buf_free(&why);
	return shrunk;
}

static void shrink(struct scenario *s, check_fn *holds)
{
	unsigned size = s->count / 2;

	while (size) {
		if (!shrink_once(s, size, holds))
			size /= 2;
	}
}

static void report(const struct scenario *s, const struct buf *why, const char *file)
{
	struct buf text = {0};
	FILE *f = fopen(file, "w");

	scenario_print(s, &text);
	printf("--- scenario (%u steps), in %s\n%s---\n%s", s->count, file, buf_cstr(&text),
	       buf_cstr(why));
	if (f) {
		fputs(buf_cstr(&text), f);
		fclose(f);
	}
	buf_free(&text);
}

// --- use --------------------------------------------------------------------------------------------
struct options {
	unsigned long cases;
	uint64_t seed;
	const char *file, *out;
	bool verbose, keep, stages;
	check_fn *holds; // what is checked
};

static int run_file(const struct options *o)
{
	struct scenario s = {0};
	struct buf text = {0}, why = {0};
	FILE *f = fopen(o->file, "r");
	unsigned line;
	int c, status = 1;

	if (!f) {
		perror(o->file);
		return 2;
	}
	while ((c = fgetc(f)) != EOF)
		buf_u8(&text, (uint8_t)c);
	fclose(f);
	if (!scenario_parse(&s, buf_cstr(&text), &line)) {
		fprintf(stderr, "%s:%u: not a step\n", o->file, line);
		status = 2;
	} else if (o->holds(&s, &why)) {
		printf("the law holds\n");
		status = 0;
	} else {
		printf("%s", buf_cstr(&why));
	}
	if (o->verbose && status != 2 && o->holds == law_holds) {
		struct outcome x;

		law_play(&s, false, &x);
		printf("=== soft\n%s", buf_cstr(&x.tables));
		outcome_free(&x);
		law_play(&s, true, &x);
		printf("=== hard\n%s", buf_cstr(&x.tables));
		outcome_free(&x);
	}
	buf_free(&text);
	buf_free(&why);
	scenario_free(&s);
	return status;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool audits_hold(const struct scenario *s, struct buf *why)
{
	struct outcome x;

	buf_clear(why);
	law_audited(s, &x);
	buf_put(why, x.complaint.data, x.complaint.len);
	total_audited += x.audited;
	total_rehearsals += x.rehearsals;
	total_commits += x.commits;
	outcome_free(&x);
	return !why->len;
}

static void print_kinds(void)
{
	printf("law: changes with figures, by what was in them:");
	for (unsigned i = 0; i < STEP_KINDS; i++) {
		if (total_after[i])
			printf(" %s %lu,", step_word(i), total_after[i]);
	}
	printf(" nothing but lists that policies name %lu\n", total_lists);
}

static void print_sums(const struct options *o, double took)
{
	if (o->holds == impact_holds)
		print_kinds();
	if (o->holds == impact_holds)
		printf("law: impact is effect in %lu cases (%lu of %lu commits rehearsed, %lu with "
		       "changes, %lu routes compared), %.1f s\n",
		       o->cases, total_rehearsals, total_commits, total_changes, total_routes,
		       took);
	else if (o->holds == audits_hold)
		printf("law: audits find nothing in %lu cases (%lu commits, %lu audits in copies, %lu "
		       "paths and announcements), %.1f s\n",
		       o->cases, total_commits, total_rehearsals, total_audited, took);
	else
		printf("law: holds in %lu cases (%lu commits, %lu of them stages, %lu jobs, %lu routes "
		       "compared, %lu audited), %.1f s\n",
		       o->cases, total_commits, total_stages, total_jobs, total_routes,
		       total_audited, took);
}

static int run_cases(const struct options *o)
{
	struct buf why = {0};
	double began = seconds();

	printf("law: %lu cases from seed %llu\n", o->cases, (unsigned long long)o->seed);
	fflush(stdout);
	for (unsigned long i = 0; i < o->cases; i++) {
		struct scenario s = {0};

		scenario_generate(&s, o->seed + i);
		if (o->holds == impact_holds)
			scenario_rehearse(&s);
		if (o->stages)
			scenario_stage(&s);
		if (o->verbose)
			printf("case %llu\n", (unsigned long long)(o->seed + i));
		if (!o->holds(&s, &why)) {
			printf("law: case %llu fails\n%s", (unsigned long long)(o->seed + i),
			       buf_cstr(&why));
			fflush(stdout);
			if (!o->keep)
				shrink(&s, o->holds);
			o->holds(&s, &why);
			report(&s, &why, o->out);
			scenario_free(&s);
			buf_free(&why);
			return 1;
		}
		scenario_free(&s);
	}
	print_sums(o, seconds() - began);
	buf_free(&why);
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = {.cases = 1000, .seed = 1, .out = "law-failure.txt", .holds = law_holds};
	int c;

	while ((c = getopt(argc, argv, "n:s:f:o:vkiga")) != -1) {
		switch (c) {
		case 'n':
			o.cases = strtoul(optarg, NULL, 10);
			break;
		case 's':
			o.seed = strtoull(optarg, NULL, 10);
			break;
		case 'f':
			o.file = optarg;
			break;
		case 'o':
			o.out = optarg;
			break;
		case 'v':
			o.verbose = true;
			break;
		case 'k':
			o.keep = true;
			break;
		case 'i':
			o.holds = impact_holds;
			break;
		case 'g':
			o.stages = true;
			break;
		case 'a':
			o.holds = audits_hold;
			break;
		default:
			fprintf(stderr,
				"usage: law [-n CASES] [-s SEED] [-f FILE] [-o FILE] [-v] [-k] [-g] "
				"[-i] [-a]\n");
			return 2;
		}
	}
	log_set_sink(silent, NULL);
	return o.file ? run_file(&o) : run_cases(&o);
}
