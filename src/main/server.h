// The door for terminals: a Unix socket; each connection is one cli session.
#pragma once

#include "cli/cli.h"
#include "loop/loop.h"

struct server;
struct server *server_new(struct loop *l, struct cli *cli, const char *path,
			  int *ret_error); // NULL with *ret_error = -errno
void server_free(struct server *s);        // NULL is allowed; connections end
