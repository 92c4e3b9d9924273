// Rows: the one place where a configuration statement or a command is written down. Everything the
// command line knows comes from them: matching, abbreviation, `?`, Tab, undo, printing, order,
// difference, the reference in doc/. Rows, views, parameters and helps are constant data of the
// rooms above (model/, cmd/); conf/ stores what was typed by them and never asks what it means.
//
// A statement, worked through:
//
//   static bool check_peer(struct conf_edit *e)
//   {
//           return peer_exists(e) || conf_refuse(e, "Error: The peer does not exist.");
//   }
//   static const struct row rows[] = {
//           {.views = "bgp-af-ipv4 bgp-af-multicast",
//            .grammar = "peer { ipv4-address | ipv6-address | group-name } "
//                       "route-policy policy-name { import | export }",
//            .value = "policy-name",    // all the rest is its identity
//            .help = "Applies a route-policy to the routes of a peer or a group.",
//            .order = 500, .rank = 40,  // with the lines of that peer, after `enable`
//            .effect = EFFECT_POLICY,   // meaning is model's
//            .check = check_peer},
//           {.views = "system", .grammar = "bgp as-number", .value = "as-number",
//            .enters = "bgp", .order = 300},
//   };
//
// Typed `peer 10.1.1.2 route-policy in import`, then the same with `out` for `in`: one statement,
// whose value was replaced, since everything but policy-name is equal. `undo peer 10.1.1.2
// route-policy import` and `undo peer 10.1.1.2 route-policy out import` both remove it: in the undo
// form that is derived from the grammar, value words are optional. A command:
//
//   {.views = "user",
//    .grammar = "refresh bgp { all | ipv4-address | group group-name } { import | export }",
//    .help = "Applies changed policies.", .level = 2, .run = run_refresh},
//
// Notation, that of the manuals:
//
//   { a | b }          one of them              [ a | b ]   none or one
//   { a | b }*         one or more, each once, in any order (stored in the order of the row)
//   [ a | b ]*         none or more, likewise
//   x&<1-8>            one to eight times; also { x y }&<1-8>
//   n<0-65535>         a whole number with its range on the spot, under the name n
//   *as-number*        parameter, **as-number** keyword, where a name could be both
//   a ; b              several grammars of one row
//
// Any other word that is the name of a parameter (cli/param.c, and those that model/ adds) stands
// for it; the rest are keywords.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct cli_call;
struct conf_edit;

enum param_kind {
	PARAM_INTEGER,   // min-max, decimal
	PARAM_NAME,      // STRING<min-max>, case-sensitive; blanks in double quotes; not an address
	PARAM_TEXT,      // rest of the line as it stands, min-max characters
	PARAM_REGEX,     // one word (or quoted), min-max characters, checked with PCRE2
	PARAM_IPV4,      // X.X.X.X
	PARAM_IPV6,      // X:X::X:X; stored in RFC 5952 form with upper-case digits, as VRP shows
	PARAM_MASK,      // IPv4 mask or length, stored dotted
	PARAM_LENGTH,    // IPv4 length or mask, stored as 0-32
	PARAM_AS,        // 1-4294967295 or x.y, stored as typed
	PARAM_COMMUNITY, // aa:nn or 0-4294967295, stored as aa:nn
	PARAM_LARGE,     // aa:bb:cc
	PARAM_RT,        // AS2:nn4, A4:nn2, AS4:nn2, x.y:nn2 (route targets, distinguishers, sites)
	PARAM_CUSTOM,    // by the accept function
};

struct param {
	const char *name;
	enum param_kind kind;
	uint64_t min, max; // of the number, or of the length
	const char *help;  // for `?`
	const char *shape; // what `?` shows; NULL: that of the kind (STRING<1-47>, X.X.X.X)
	// PARAM_CUSTOM: is the word one, and how is it stored? Other kinds: NULL.
	bool (*accept)(const char *word, struct buf *ret_stored);
};

struct view {
	const char *name; // "user", "system", "bgp", "bgp-af-ipv4"
	// Tried next when a line is not valid here, and where `quit` leads; NULL: the system view.
	const char *parent;
	// Behind the host name: "-bgp-af-ipv4"; {vpn-instance-name} stands for the value of that
	// parameter in the statement that entered the view, or one around it.
	const char *prompt;
	// Words by which rows can name several views at once: "af". Every view but "user" has the
	// tag "config".
	const char *tags;
	// First words of lines that mean this view alone: what of them is not valid here is not tried
	// in the views around it, where the same words speak of somebody else. NULL: none.
	const char *stays;
	// Statements of this other view are valid here too and are stored below this line (made if
	// it is not there): view bgp has "bgp-af-ipv4" and "ipv4-family unicast". NULL: none.
	const char *also, *also_line;
};

struct word_help {
	const char *word, *help; // keyword or parameter; one text for all rows, in own words
};

enum row_flag {
	ROW_EXTENSION = 1,  // ours, not VRP's: marked in the reference
	ROW_DEFAULT_ON = 2, // holds unless undone: the undo form is what is stored and printed
	ROW_IGNORED = 4,    // accepted and forgotten: changes nothing, is not stored
	ROW_HIDDEN = 8,     // not shown by help and completion
	ROW_BLOCK = 32,     // printed with a separator before it inside its view (address families)
};

struct row {
	const char *views; // names and tags of views; "*" all
	const char *grammar;
	const char *value;    // words of the grammar that are no part of the identity
	const char *undo;     // grammar after `undo`; NULL: derived (commands: none); "": none
	const char *enters;   // view
	const char *help;     // one sentence, for the reference
	const char *standard; // value words at their default: typing them removes the statement
	uint16_t order;       // place among the lines of its view
	// Place among those of equal order about the same object (first parameter of the identity).
	uint16_t rank;
	uint8_t level;    // privilege: 0 visit, 1 monitoring, 2 configuration, 3 management
	uint8_t flags;    // enum row_flag
	uint32_t effect;  // opaque here; model's
	const void *more; // opaque here; model's own part of the row

	// Statement: may it be entered (or undone, e->undo)? false after conf_refuse. Before the
	// question.
	bool (*check)(struct conf_edit *e);
	// Text of a question that a terminal asks first (a script means yes),
	// "Warning: ... Continue? [Y/N]:"; NULL: none.
	const char *(*question)(struct conf_edit *e);
	// Does the change instead of "store it" or "remove it": may add and remove lines as it
	// likes (conf_edit_type); what it did before it refused is taken back. A row whose grammar
	// begins with `undo` and that has this is an action, never stored.
	bool (*apply)(struct conf_edit *e);
	// Command: does it. Rows with this are commands; all others are statements.
	void (*run)(struct cli_call *c);
};
