// Configuration rows by topic: the grammar of every statement, what identifies it, what a change
// of it affects, and how a whole tree of statements becomes a speaker_config.
//
// The way: rows (this room) -> grammar (cli/) -> statement tree (conf/) -> model_compile ->
// struct speaker_config (speaker/) -> plan and apply. Nothing is applied from here.
#pragma once

#include "cli/cli.h"
#include "policy/source.h"
#include "speaker/config.h"

// What the checks and questions of rows may ask of the running instance. The `app` given to
// cli_new and cli_load begins with this struct.
struct model_host {
	// instance: number, 0: public. NULL: nothing runs.
	bool (*peer_established)(struct model_host *host, uint16_t instance, const struct ip *peer);
	struct model *model;
};

struct model;
struct model *model_new(void); // owns the policy store
void model_free(struct model *m);

// The views, parameters, helps and statement tables. The arrays are static; cmd/ appends its own
// tables to a copy of the list.
void model_schema(struct cli_schema *ret);

// Compiles a tree. NULL when it does not hold together; errors then has one "Error: ..." line for
// each thing that is wrong. The result has one reference, the caller's.
struct speaker_config *model_compile(struct model *m, const struct conf_tree *t,
				     uint32_t generation, struct buf *errors);

const char *model_host_name(
	const struct conf_tree *t); // sysname; "Afresh" by default; valid while the tree lives

// The named filters and policies of a tree as plain lists (displays). Free with policy_source_free.
struct policy_source *model_policy_source(const struct conf_tree *t);

// doc/reference.md, from the rows.
void model_reference(struct buf *out);
