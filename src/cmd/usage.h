// display route-policy P, and P usage: how many routes each node of a policy matches. Counted when
// asked for, over what is stored: routes that a peer sent (all that are kept), once for each peer that
// has the policy on import, and best routes once for each update group that has it on export.
#pragma once

#include "cmd/app.h"

void display_policy_counted(struct cli_call *c);
void display_policy_usage(struct cli_call *c);

// --- policy.c ---------------------------------------------------------------------------------------
void policy_node_show(struct buf *b, const struct conf_node *n, const char *counts);
struct json_t *policy_node_json(const struct conf_node *n);
