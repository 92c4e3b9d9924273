// What a commit may do at most, as it was configured (`commit-guard ...`) or typed behind `commit
// guard`. Whether it does more is found out in cmd/.
#pragma once

#include "conf/conf.h"

struct guard_limit {
	bool set;
	bool percent;   // value: hundredths of a percent
	uint64_t value; // at most so many; more is too much
};
struct guard_limits {
	struct guard_limit withdrawn; // announcements that neighbours lose
	struct guard_limit rejected;  // accepted routes that are no longer
	struct guard_limit moved;     // best paths that go, or move to another peer
	bool no_session_reset;
	const char *
		protect; // prefix list whose best paths neither go nor move; valid while the line lives; NULL: none
};
// "100", "5%", "0.25%". false: neither.
bool guard_limit_parse(const char *text, struct guard_limit *ret);
// Of `commit guard ...`, whose words are those of `commit-guard`. false: the line names no limit.
bool guard_limits_line(const struct conf_line *l, struct guard_limits *ret);
// What stands in a configuration. false: no limit does.
bool guard_limits_standing(const struct conf_tree *t, struct guard_limits *ret);
bool guard_limits_any(const struct guard_limits *g);
// Is there a prefix list of that name, IPv4 or IPv6?
bool guard_list_exists(const struct conf_tree *t, const char *name);
