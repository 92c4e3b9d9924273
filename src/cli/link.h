// The daemon's end of one terminal connection, without the socket: bytes in, bytes out. Whoever
// has the socket feeds what it reads and writes what it is given:
//
//   link = cli_link_new(cli, &ops, connection);
//   on_read:    if (!cli_link_read(link, p, n)) close it
//   on_drained: cli_link_drained(link)
//   on_closed:  cli_link_free(link)
//
// Lines may be sent ahead; they wait until the one before them is done. In a script an error
// discards those that wait (the client stops there).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/cli.h"

struct cli_link;
struct cli_link_ops {
	void (*write)(void *arg, const void *p, size_t n); // copies
	size_t (*unsent)(void *arg);                       // bytes not yet taken by the other side
	// The session is over: send what waits, then close. Free the link later, not inside.
	void (*finish)(void *arg);
	// Stop or resume reading: too much is waiting. May be NULL.
	void (*pause)(void *arg, bool pause);
};
struct cli_link *cli_link_new(struct cli *c, const struct cli_link_ops *ops, void *arg);
void cli_link_free(struct cli_link *l); // NULL is allowed; cancels what runs
bool cli_link_read(struct cli_link *l, const void *p, size_t n); // false: nonsense was sent
void cli_link_drained(struct cli_link *l);
struct cli_session *cli_link_session(struct cli_link *l); // NULL before the client has said hello
