// refresh bgp ... (soft reset by hand) and reset bgp ... (a new session): selectors to the speaker,
// answers to VRP's texts. Which families a selector covers follows vrp-cli's decisions: the plain
// form covers the classic family and those that are refreshed with it; a 128-bit peer address in a
// wide family's form covers whatever that peer has enabled.
#include "cmd/proof.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

// Behind `vpn-instance NAME` a form means its family and nothing else.
static uint16_t selected_families(const struct cli_call *c, const struct speaker_selector *s)
{
	const struct af *af = call_family(c);
	uint16_t families = af_bit(af);
	if (s->instance != INSTANCE_PUBLIC)
		return families;
	if (af->props & AF_CLASSIC)
		for (unsigned i = 0; i < af_count; i++)
			if (af_list[i]->props & AF_LIKE_CLASSIC)
				families |= af_bit(af_list[i]);
	if (s->kind == SELECT_PEER && s->peer.bits == 128 && (af->props & AF_WIDE))
		families = UINT16_MAX;
	return families;
}

// false after cli_error.
static bool instance_read(struct cli_call *c, struct speaker_selector *s)
{
	const char *name = conf_value(c->line, "vpn-instance-name");
	if (!name)
		return true;
	const struct speaker_config *config = speaker_running(app_of(c)->speaker);
	const struct instance_config *i = config ? speaker_config_instance(config, name) : NULL;
	if (!i) {
		cli_error(c, "The VPN instance does not exist.");
		return false;
	}
	s->instance = i->number;
	if (!(i->families & af_bit(call_family(c))))
		cli_print(c, "Info: VPN instance %s does not have %s.\n", name,
			  call_family(c)->title);
	return true;
}

static bool selector_read(struct cli_call *c, struct speaker_selector *s)
{
	memset(s, 0, sizeof *s);
	if (!call_bgp_runs(c) || !instance_read(c, s))
		return false;
	const char *group = conf_value(c->line, "group-name");
	const char *as = conf_value(c->line, "as-number");
	if (group) {
		s->kind = SELECT_GROUP;
		snprintf(s->group, sizeof s->group, "%s", group);
	} else if (as) {
		s->kind = SELECT_AS;
		text_as_number(as, &s->as);
	} else if (call_peer_address(c, &s->peer)) {
		s->kind = SELECT_PEER;
	} else if (conf_has(c->line, "external")) {
		s->kind = SELECT_EXTERNAL;
	} else if (conf_has(c->line, "internal")) {
		s->kind = SELECT_INTERNAL;
	} else {
		s->kind = SELECT_ALL;
	}
	s->families = selected_families(c, s);
	return true;
}

static void answer_print(struct cli_call *c, enum speaker_answer answer, struct buf *notes)
{
	switch (answer) {
	case ANSWER_OK:
		cli_write(c, buf_cstr(notes), notes->len);
		break;
	case ANSWER_NO_BGP:
		cli_error(c, "BGP is not configured.");
		break;
	case ANSWER_NO_PEER:
		cli_error(c, "The peer does not exist.");
		break;
	case ANSWER_NO_GROUP:
		cli_error(c, "The peer group does not exist.");
		break;
	}
	buf_free(notes);
}

static void refresh_run(struct cli_call *c)
{
	struct speaker_selector s;
	struct buf notes = {0};
	if (!selector_read(c, &s))
		return;
	struct app *a = app_of(c);
	proof_refresh(c);
	enum speaker_answer answer =
		speaker_refresh(a->speaker, &s, conf_has(c->line, "import"), "refresh bgp", &notes);
	if (answer == ANSWER_OK)
		proof_started(a, buf_cstr(&notes));
	else
		proof_drop(a);
	answer_print(c, answer, &notes);
}

static void reset_answered(struct cli_call *c, bool yes)
{
	struct speaker_selector s;
	struct buf notes = {0};
	if (yes && selector_read(c, &s))
		answer_print(c, speaker_reset(app_of(c)->speaker, &s, &notes), &notes);
	cli_done(c);
}

static void reset_run(struct cli_call *c)
{
	cli_ask(c, "Warning: This operation will reset the peer session. Continue? [Y/N]:",
		reset_answered);
}

// Every session, those of VPN instances too.
static void reset_all_answered(struct cli_call *c, bool yes)
{
	if (yes && call_bgp_runs(c)) {
		struct speaker *speaker = app_of(c)->speaker;
		const struct speaker_config *config = speaker_running(speaker);
		struct buf notes = {0};
		for (unsigned i = 0; i < config->instance_count; i++) {
			struct speaker_selector s = {.kind = SELECT_ALL,
						     .families = UINT16_MAX,
						     .instance = config->instances[i].number};
			speaker_reset(speaker, &s, &notes);
		}
		cli_write(c, buf_cstr(&notes), notes.len);
		buf_free(&notes);
	}
	cli_done(c);
}

static void reset_all_run(struct cli_call *c)
{
	cli_ask(c, "Warning: This operation will reset the peer session. Continue? [Y/N]:",
		reset_all_answered);
}

static bool has_selector(const struct af *af)
{
	return af->selector[0];
}

static bool has_reset_word(const struct af *af)
{
	return af->reset_word;
}

#define REFRESH_HELP "Applies the routing policy anew to a peer's routes; the session stays."
#define RESET_HELP   "Ends sessions and lets them come up again."

static const struct row_template templates[] = {
	{.row = {.views = "user",
		 .grammar =
			 "refresh bgp @af { all | @address | group group-name | external | internal } "
			 "{ export | import }",
		 .help = REFRESH_HELP,
		 .level = 2,
		 .run = refresh_run}},
	{.row = {.views = "user",
		 .grammar =
			 "refresh bgp vpn-instance vpn-instance-name @instance { all | @instance-address | "
			 "group group-name | external | internal } { export | import }",
		 .help = REFRESH_HELP,
		 .level = 2,
		 .run = refresh_run},
	 .needs = AF_INSTANCE},
	{.row = {.views = "user",
		 .grammar = "reset bgp @af { as-number | @address | group group-name | external | "
			    "internal }",
		 .help = RESET_HELP,
		 .level = 3,
		 .run = reset_run}},
	{.row = {.views = "user",
		 .grammar = "reset bgp @af all",
		 .help = RESET_HELP,
		 .level = 3,
		 .run = reset_run},
	 .fits = has_selector},
	{.row = {.views = "user",
		 .grammar = "reset bgp @reset all",
		 .help = RESET_HELP,
		 .level = 3,
		 .run = reset_run},
	 .fits = has_reset_word},
	{.row = {.views = "user",
		 .grammar =
			 "reset bgp vpn-instance vpn-instance-name @instance { all | as-number | "
			 "@instance-address | group group-name | external | internal }",
		 .help = RESET_HELP,
		 .level = 3,
		 .run = reset_run},
	 .needs = AF_INSTANCE},
};
const struct template_table reset_templates = {templates, sizeof templates / sizeof *templates};

static const struct row rows[] = {
	{.views = "user",
	 .grammar = "reset bgp all",
	 .help = "Ends all sessions and lets them come up again.",
	 .level = 3,
	 .run = reset_all_run},
};
const struct row_table reset_table = {rows, sizeof rows / sizeof *rows};
