// Commits in stages: of the candidate some peers get their policies only, the others keep those of the
// last whole commit (speaker/stage.h). What comes of it is a configuration like any other, and the
// law holds for it: with stages on the way, and with one as the end.
#include "game.h"

#include "base/mem.h"
#include "speaker/stage.h"

// Whom the mask means is decided by the place in the configuration, alike in both ways of playing.
static void hold_back(struct speaker_config *next, const struct speaker_config *before, long mask)
{
	struct stage_peer *list = mem_zero((next->peer_count + 1) * sizeof(*list));

	for (unsigned i = 0; i < next->peer_count; i++)
		list[i] = (struct stage_peer){next->peers[i].instance, next->peers[i].address,
					      mask >> (i % LAW_PEERS) & 1};
	stage_hold_back(next, before, list, next->peer_count);
	mem_free(list);
}

struct speaker_config *game_config(struct game *g)
{
	struct speaker_config *next = state_config(&g->state, g->store, ++g->generation);
	struct speaker_config *before;
	struct buf why = {0};

	if (!g->staged || !g->whole)
		return next;
	before = state_config(&g->base, g->store, g->generation);
	// What has no half is committed as a whole.
	if (stage_possible(before, next, &why)) {
		hold_back(next, before, g->mask);
		g->out->stages++;
	}
	speaker_config_unref(before);
	buf_free(&why);
	return next;
}

void game_stages(struct game *g, const struct law_step *t)
{
	if (t->kind == STEP_STAGE) {
		g->staged = true;
		g->mask = t->a[0];
	} else if (t->kind == STEP_COMMIT || t->kind == STEP_REHEARSE) {
		g->staged = false;
		g->whole = true;
		g->base = g->state;
	}
}

// By dice of its own: the case is the same with stages and without. The first commit is none.
void scenario_stage(struct scenario *s)
{
	struct random r;
	bool first = true;

	random_seed(&r, s->seed ^ 0x57a6e);
	for (unsigned i = 0; i < s->count; i++) {
		if (s->steps[i].kind != STEP_COMMIT)
			continue;
		if (!first && random_below(&r, 2))
			s->steps[i] =
				(struct law_step){STEP_STAGE, {random_below(&r, 1u << LAW_PEERS)}};
		first = false;
	}
}
