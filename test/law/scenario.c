// Scenarios: random ones, and their text. Every step is one line of a word and numbers; what a
// number stands for is decided when it is played, so any line can be left out.
#include "law.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const struct {
	const char *word;
	unsigned args;
} kinds[STEP_KINDS] = {
	[STEP_PEER] = {"peer", 4},           [STEP_CLOCK] = {"clock", 2},
	[STEP_SHARDS] = {"shards", 1},       [STEP_ANNOUNCE] = {"announce", 4},
	[STEP_WITHDRAW] = {"withdraw", 3},   [STEP_BULK] = {"bulk", 4},
	[STEP_OBJECT] = {"object", 3},       [STEP_BIND] = {"bind", 4},
	[STEP_KEEP] = {"keep", 2},           [STEP_OPTION] = {"option", 3},
	[STEP_GLOBAL] = {"global", 2},       [STEP_NETWORK] = {"network", 4},
	[STEP_AGGREGATE] = {"aggregate", 4}, [STEP_PRESENT] = {"present", 2},
	[STEP_INSTANCE] = {"instance", 2},   [STEP_TARGETS] = {"targets", 3},
	[STEP_LINK] = {"link", 3},           [STEP_COMMIT] = {"commit", 0},
	[STEP_REHEARSE] = {"rehearse", 0},   [STEP_REFRESH] = {"refresh", 3},
	[STEP_RESET] = {"reset", 1},         [STEP_ASK] = {"ask", 2},
	[STEP_RESEND] = {"resend", 3},       [STEP_FLAP] = {"flap", 1},
	[STEP_PAUSE] = {"pause", 2},         [STEP_RUN] = {"run", 1},
	[STEP_STAGE] = {"stage", 1},
};

bool step_is_setup(const struct law_step *step)
{
	return step->kind == STEP_PEER || step->kind == STEP_CLOCK || step->kind == STEP_SHARDS;
}

const char *step_word(enum step_kind kind)
{
	return kinds[kind].word;
}

void scenario_free(struct scenario *s)
{
	mem_free(s->steps);
	*s = (struct scenario){0};
}

void scenario_add(struct scenario *s, const struct law_step *step)
{
	if (s->count == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 64;
		s->steps = mem_resize(s->steps, s->cap * sizeof(*s->steps));
	}
	s->steps[s->count++] = *step;
}

// --- text -----------------------------------------------------------------------------------------
void scenario_print(const struct scenario *s, struct buf *b)
{
	buf_format(b, "seed %llu\n", (unsigned long long)s->seed);
	for (unsigned i = 0; i < s->count; i++) {
		const struct law_step *step = &s->steps[i];

		buf_text(b, kinds[step->kind].word);
		for (unsigned k = 0; k < kinds[step->kind].args; k++)
			buf_format(b, " %ld", step->a[k]);
		buf_text(b, "\n");
	}
}

static bool parse_line(struct scenario *s, char *line)
{
	char *save, *word = strtok_r(line, " \t", &save);
	struct law_step step = {0};

	if (!word || *word == '#')
		return true;
	if (!strcmp(word, "seed")) {
		word = strtok_r(NULL, " \t", &save);
		s->seed = word ? strtoull(word, NULL, 10) : 0;
		return word != NULL;
	}
	while (step.kind < STEP_KINDS && strcmp(kinds[step.kind].word, word))
		step.kind++;
	if (step.kind == STEP_KINDS)
		return false;
	for (unsigned i = 0; i < kinds[step.kind].args; i++) {
		word = strtok_r(NULL, " \t", &save);
		if (!word)
			return false;
		step.a[i] = strtol(word, NULL, 10);
	}
	scenario_add(s, &step);
	return true;
}

bool scenario_parse(struct scenario *s, const char *text, unsigned *ret_line)
{
	char *copy = mem_text(text), *save, *line;
	bool fine = true;

	*ret_line = 0;
	for (line = strtok_r(copy, "\n", &save); line && fine; line = strtok_r(NULL, "\n", &save)) {
		++*ret_line;
		fine = parse_line(s, line);
	}
	mem_free(copy);
	return fine;
}

// --- random ones ----------------------------------------------------------------------------------
struct making {
	struct scenario *s;
	struct random r;
	unsigned peers;
	bool bulky;
	bool vpn;                               // instances, and more of their families
	long object[OBJECT_KINDS][LAW_OBJECTS]; // seeds of what is there, without small changes
};

static long below(struct making *m, unsigned n)
{
	return random_below(&m->r, n);
}

static void add(struct making *m, enum step_kind kind, long a, long b, long c, long d)
{
	struct law_step step = {.kind = kind, .a = {a, b, c, d}};

	scenario_add(m->s, &step);
}

static long any_peer(struct making *m)
{
	return below(m, m->peers);
}

static long any_seed(struct making *m)
{
	return 1 + below(m, 1000000);
}

// Families that are not first: in a case without instances only the plain ones.
static unsigned families(const struct making *m)
{
	unsigned n = 0;

	while (n < af_count && (m->vpn || af_list[n]->props & AF_ORIGINATE))
		n++;
	return n;
}

static long any_family(struct making *m)
{
	return below(m, 3) && (!m->vpn || below(m, 2)) ? 0 : below(m, families(m));
}

static long any_instance(struct making *m)
{
	return 1 + below(m, LAW_INSTANCES);
}

static void add_announce(struct making *m)
{
	add(m, STEP_ANNOUNCE, any_peer(m), any_family(m), below(m, LAW_KEYS), 1 + below(m, 40));
}

// More destinations than a walk visits between two looks at the clock.
static void add_bulk(struct making *m)
{
	add(m, STEP_BULK, any_peer(m), any_family(m), below(m, 4) ? 100 + below(m, 500) : 0,
	    1 + below(m, 40));
}

static void make_peers(struct making *m)
{
	for (unsigned i = 0; i < m->peers; i++) {
		bool internal = !below(m, 3);
		long as = internal ? LAW_AS : 65101 + below(m, 3);
		long flags = 0, set = 1;

		if (below(m, 4))
			flags |= PEER_REFRESH | (below(m, 3) ? PEER_ENHANCED : 0);
		if (internal && below(m, 2))
			flags |= PEER_CLIENT;
		if (m->vpn && !below(m, 3))
			flags |= PEER_INSTANCE * any_instance(m);
		if (m->vpn && !below(m, 6))
			flags |= PEER_SILENT;
		for (unsigned f = 1; f < families(m); f++)
			set |= below(m, m->vpn ? 4 : 2) ? 1l << f : 0;
		add(m, STEP_PEER, i, as, flags, set);
	}
}

// Another object, or the one that is there with a small change, or without the last one.
static void make_object(struct making *m)
{
	long kind = below(m, OBJECT_KINDS + 2), edit = 0;

	if (kind >= OBJECT_KINDS)
		kind = OBJECT_POLICY;
	long *object = &m->object[kind][below(m, LAW_OBJECTS)];
	if (below(m, 2))
		*object = any_seed(m);
	else
		edit = below(m, 5) * LAW_EDIT;
	add(m, STEP_OBJECT, kind, object - m->object[kind], *object + edit, 0);
}

static void make_bind(struct making *m)
{
	long kind = below(m, 4);
	long index = below(m, 4) ? below(m, LAW_OBJECTS) : -1;

	if (kind == OBJECT_COMMUNITY)
		kind = OBJECT_POLICY;
	add(m, STEP_BIND, any_peer(m), below(m, 2), kind, index);
}

static void make_option(struct making *m)
{
	long which = below(m, OPTION_KINDS);
	static const unsigned values[OPTION_KINDS] = {3, 3, 3, 2, 2, 2, 2, 2, 4, 2, 3};

	add(m, STEP_OPTION, any_peer(m), which, below(m, values[which]), 0);
}

static void make_global(struct making *m)
{
	static const long values[GLOBAL_KINDS][2] = {
		{0, 1}, {100, 200}, {0, 1}, {0, 3}, {0, 1}, {1, 0}, {0, 1}, {0, 1}, {1, 2},
	};
	long which = below(m, m->vpn ? GLOBAL_KINDS : GLOBAL_CONSTRAIN);

	add(m, STEP_GLOBAL, which, values[which][below(m, 2)], 0, 0);
}

static void make_link(struct making *m)
{
	long which = below(m, LINK_KINDS);

	if (which == LINK_IMPORT || which == LINK_EXPORT)
		add(m, STEP_LINK, any_instance(m), which, below(m, 3) ? below(m, LAW_OBJECTS) : -1,
		    0);
	else
		add(m, STEP_LINK, any_instance(m), which, below(m, 2), 0);
}

static void make_instance(struct making *m)
{
	switch (below(m, 8)) {
	case 0:
	case 1:
		add(m, STEP_INSTANCE, any_instance(m),
		    below(m, 4) ? 1 | below(m, 1u << af_count) : 0, 0, 0);
		break;
	case 2:
		make_link(m);
		break;
	case 3:
		add(m, STEP_NETWORK, below(m, families(m)), below(m, LAW_KEYS),
		    below(m, 3) ? 0 : -1, any_instance(m));
		break;
	case 4:
		add(m, STEP_GLOBAL, GLOBAL_CONSTRAIN, below(m, 3) != 0, 0, 0);
		break;
	default:
		add(m, STEP_TARGETS, any_instance(m), below(m, 2), below(m, 1u << LAW_TARGETS), 0);
		break;
	}
}

static void make_config(struct making *m)
{
	if (m->vpn && below(m, 2)) {
		make_instance(m);
		return;
	}
	switch (below(m, 10)) {
	case 0:
	case 1:
	case 2:
		make_object(m);
		break;
	case 3:
	case 4:
	case 5:
		make_bind(m);
		break;
	case 6:
		add(m, STEP_KEEP, below(m, 5) ? any_peer(m) : -1, below(m, 2), 0, 0);
		break;
	case 7:
		make_option(m);
		break;
	case 8:
		if (below(m, 2))
			make_global(m);
		else
			add(m, STEP_AGGREGATE, any_family(m), 1 + below(m, 3),
			    below(m, 3) ? below(m, 4) : -1,
			    m->vpn && below(m, 2) ? any_instance(m) : 0);
		break;
	default:
		if (below(m, 3))
			add(m, STEP_NETWORK, any_family(m), below(m, LAW_KEYS),
			    below(m, 3) ? 0 : -1, 0);
		else
			add(m, STEP_PRESENT, any_peer(m), below(m, 3) != 0, 0, 0);
		break;
	}
}

static void make_event(struct making *m)
{
	switch (below(m, 16)) {
	case 0:
	case 1:
		add(m, STEP_REFRESH, below(m, 3) ? any_peer(m) : -1, below(m, 2),
		    1 + below(m, (1u << families(m)) - 1), 0);
		break;
	case 2:
		add(m, STEP_ASK, any_peer(m), any_family(m), 0, 0);
		break;
	case 3:
		add(m, STEP_RESEND, any_peer(m), any_family(m), below(m, 1u << LAW_KEYS), 0);
		break;
	case 4:
		add(m, below(m, 2) ? STEP_FLAP : STEP_RESET, any_peer(m), 0, 0, 0);
		break;
	case 5:
	case 6:
		add(m, STEP_PAUSE, any_peer(m), below(m, 3) != 0, 0, 0);
		break;
	case 7:
	case 8:
	case 9:
		add(m, STEP_WITHDRAW, any_peer(m), any_family(m), below(m, LAW_KEYS), 0);
		break;
	default:
		if (m->bulky && !below(m, 3))
			add_bulk(m);
		else
			add_announce(m);
		break;
	}
}

static void make_pause(struct making *m)
{
	static const unsigned spans[] = {500, 3000, 20000, 400000, 8000000};

	if (below(m, 2))
		add(m, STEP_RUN, 1 + below(m, spans[below(m, below(m, 3) ? 4 : 5)]), 0, 0, 0);
}

void scenario_generate(struct scenario *s, uint64_t seed)
{
	struct making m = {.s = s};
	unsigned n;

	random_seed(&m.r, seed);
	s->seed = seed;
	m.vpn = below(&m, 2);
	m.peers = 2 + (unsigned)below(&m, LAW_PEERS - 1);
	make_peers(&m);
	add(&m, STEP_CLOCK, 1 + below(&m, below(&m, 2) ? 40 : 900), 100 + below(&m, 5000), 0, 0);
	add(&m, STEP_SHARDS, below(&m, 4) ? 1 : 2 + below(&m, 3), 0, 0, 0);
	m.bulky = !below(&m, 8);
	for (n = m.bulky ? 2 : 0; n--;)
		add_bulk(&m);
	for (n = 8 + (unsigned)below(&m, 24); n--;)
		add_announce(&m);
	for (n = 4 + (unsigned)below(&m, 8); n--;)
		make_config(&m);
	for (n = m.vpn ? 6 : 0; n--;)
		make_instance(&m);
	for (n = m.vpn ? LAW_INSTANCES : 0; n; n--) {
		if (below(&m, 4))
			add(&m, STEP_INSTANCE, n, 1 | below(&m, 1u << af_count), 0, 0);
		add(&m, STEP_TARGETS, n, 1, below(&m, 1u << LAW_TARGETS), 0);
		add(&m, STEP_TARGETS, n, 0, below(&m, 1u << LAW_TARGETS), 0);
	}
	add(&m, STEP_COMMIT, 0, 0, 0, 0);
	add(&m, STEP_RUN, 1 + below(&m, 3000000), 0, 0, 0);
	for (n = 2 + (unsigned)below(&m, 12); n--;) {
		for (unsigned k = (unsigned)below(&m, 5); k--; make_pause(&m))
			make_event(&m);
		for (unsigned k = 1 + (unsigned)below(&m, 3); k--;)
			make_config(&m);
		add(&m, STEP_COMMIT, 0, 0, 0, 0);
		make_pause(&m);
	}
	for (n = (unsigned)below(&m, 6); n--; make_pause(&m))
		make_event(&m);
}

// By dice of its own: the case is the same with rehearsals and without. The first commit is none. Behind
// one in three comes another one that changes nothing but a list, of those that policies name.
void scenario_rehearse(struct scenario *s)
{
	struct scenario out = {.seed = s->seed};
	struct law_step list = {STEP_OBJECT, {0}}, rehearse = {STEP_REHEARSE, {0}};
	struct random r;
	bool first = true;

	random_seed(&r, s->seed ^ 0x5eed);
	for (unsigned i = 0; i < s->count; i++) {
		bool commit = s->steps[i].kind == STEP_COMMIT;
		bool chosen = commit && !first && !random_below(&r, 3);

		first &= !commit;
		scenario_add(&out, chosen ? &rehearse : &s->steps[i]);
		if (!chosen || random_below(&r, 3))
			continue;
		list.a[0] = random_below(&r, OBJECT_POLICY);
		list.a[1] = random_below(&r, LAW_OBJECTS);
		list.a[2] = 1 + random_below(&r, 1000000);
		scenario_add(&out, &list);
		scenario_add(&out, &rehearse);
	}
	scenario_free(s);
	*s = out;
}
