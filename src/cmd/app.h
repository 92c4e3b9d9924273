// What the commands work on, and the few things that all of them share. One struct app a process;
// the cli gives it to every command as call->app.
#pragma once

#include "base/buf.h"
#include "cli/cli.h"
#include "model/model.h"
#include "speaker/speaker.h"

struct app {
	struct model_host host; // first: rows of model/ look for it
	struct model *model;    // owned by main/, as all below
	struct speaker *speaker;
	struct conf_store *store;
	struct cli *cli;
	struct grammar *grammar;
	struct loop *loop;
	struct trial *trial;   // of cmd/trial.c; NULL: none
	struct guard *guard;   // a commit that is being judged, of cmd/guard.c; NULL: none
	struct report *report; // of cmd/report.c; NULL: none yet
	struct effect
		*effect; // of commits that were foretold, newest first, of cmd/effect.c; NULL: none
	struct proofs *proofs; // of cmd/proof.c; NULL: none yet
	struct impact *impact; // the last that was worked out, of cmd/impact.c; NULL: none
	struct audits *audits; // of cmd/audit_book.c; NULL: none yet
};

static inline struct app *app_of(const struct cli_call *c)
{
	return c->app;
}

// All rows: those of model/ and those of the commands, families written out. Free it after the
// grammar that was made of it.
void cmd_schema(struct cli_schema *ret);
void cmd_schema_free(struct cli_schema *s);
void cmd_setup(struct app *a, struct cli_setup *ret); // needs grammar, store and loop
// When all of the app runs: a trial that a restart has ended is rolled back. And before sessions end
// because the process does.
void cmd_start(struct app *a);
void cmd_stop(struct app *a);

// --- rows that stand for one row per family -------------------------------------------------------
// In a template's grammar these words are written out for each family, and row.more is the family:
//   @af        its selector
//   @instance  its words behind `vpn-instance NAME`
//   @address   what peers of it are named by; @instance-address: those of a VPN instance
//   @prefix    its form of an address with length
//   @tables    selector and the tables of it that can be asked for; @peers: likewise, for peers
//   @types     its types of routes, one of them
//   @reset     reset_word
struct row_template {
	struct row row;
	uint32_t needs, lacks;             // enum af_prop bits
	bool (*fits)(const struct af *af); // NULL: nothing more is asked
};
struct template_table {
	const struct row_template *rows;
	unsigned count;
};
void template_expand(const struct template_table *t, struct row_table *ret);
void template_free(struct row_table *expanded);

static inline const struct af *call_family(const struct cli_call *c)
{
	return c->row->more;
}

// --- arguments --------------------------------------------------------------------------------------
bool call_peer_address(const struct cli_call *c,
		       struct ip *ret); // ipv4-address or ipv6-address of the line
// The prefix of `@prefix`: *ret_bits is -1 when no length was typed. false after cli_error.
bool call_prefix(struct cli_call *c, const struct af *af, struct ip *ret, int *ret_bits);
bool call_bgp_runs(struct cli_call *c); // false after cli_error

// --- words that several displays share -----------------------------------------------------------
void show_duration(struct buf *b, uint64_t us);      // hh:mm:ss, then 0147h32m
void show_duration_long(struct buf *b, uint64_t us); // 00h12m10s
void show_time(struct buf *b, int64_t wall_us);      // 2019-09-17 05:12:10+00:00
void show_router_id(struct buf *b, uint32_t id);
// A JSON value as text into the buffer, and its end of life.
struct json_t;
void show_json(struct buf *b, struct json_t *value);
// The end of a display: what has been written as text, or with --json the list under its key. Both are gone then.
void show_answer(struct cli_call *c, struct buf *text, const char *key, struct json_t *list);

// --- tables of the topics ----------------------------------------------------------------------------
extern const struct template_table peer_templates, group_templates, route_templates,
	reset_templates;
extern const struct template_table network_templates, rt_filter_templates, impact_templates;
extern const struct row_table commit_table, policy_table, job_table, system_table, reset_table;
extern const struct row_table proof_table;
extern const struct row_table instance_table, summary_table, history_table, rollback_table;
extern const struct row_table staged_table, trial_table, impact_table;
void commit_run(struct cli_call *c);
