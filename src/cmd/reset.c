// refresh bgp ... (soft reset by hand) and reset bgp ... (a new session): selectors to the speaker,
// answers to VRP's texts. Which families a selector covers follows vrp-cli's decisions: the plain
// form covers the classic family and those that are refreshed with it; a 128-bit peer address in a
// wide family's form covers whatever that peer has enabled.
#include "cmd/app.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static uint16_t selected_families(const struct cli_call *c, const struct speaker_selector *s)
{
	const struct af *af = call_family(c);
	uint16_t families = af_bit(af);
	if (af->props & AF_CLASSIC)
		for (unsigned i = 0; i < af_count; i++)
			if (af_list[i]->props & AF_LIKE_CLASSIC)
				families |= af_bit(af_list[i]);
	if (s->kind == SELECT_PEER && s->peer.bits == 128 && (af->props & AF_WIDE))
		families = UINT16_MAX;
	return families;
}

static void selector_read(const struct cli_call *c, struct speaker_selector *s)
{
	memset(s, 0, sizeof *s);
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
	selector_read(c, &s);
	bool import = conf_has(c->line, "import");
	answer_print(c, speaker_refresh(app_of(c)->speaker, &s, import, "refresh bgp", &notes),
		     &notes);
}

static void reset_answered(struct cli_call *c, bool yes)
{
	struct speaker_selector s;
	struct buf notes = {0};
	if (yes) {
		selector_read(c, &s);
		answer_print(c, speaker_reset(app_of(c)->speaker, &s, &notes), &notes);
	}
	cli_done(c);
}

static void reset_run(struct cli_call *c)
{
	cli_ask(c, "Warning: This operation will reset the peer session. Continue? [Y/N]:",
		reset_answered);
}

const struct row_template reset_templates[] = {
	{{.views = "user",
	  .grammar =
		  "refresh bgp @af { all | ipv4-address | ipv6-address | group group-name | external | internal } "
		  "{ export | import }",
	  .help = "Applies the routing policy anew to a peer's routes; the session stays.",
	  .level = 2,
	  .run = refresh_run},
	 0},
	{{.views = "user",
	  .grammar =
		  "reset bgp @af { all | as-number | ipv4-address | ipv6-address | group group-name | external | "
		  "internal }",
	  .help = "Ends sessions and lets them come up again.",
	  .level = 3,
	  .run = reset_run},
	 0},
};
const unsigned reset_template_count = sizeof reset_templates / sizeof *reset_templates;
