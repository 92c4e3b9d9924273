// The command channel of bgpfeed: lines on a Unix socket, on standard input or in --run, one JSON object per
// command in answer. And measurements: an action, a goal that a listening peer's routes must reach,
// and exact times in between.
#pragma once

#include "feed_peer.h"

struct control *control_new(struct feed *f);
void control_listen(struct control *c, const char *path); // dies when impossible
void control_lines(struct control *c, int fd_in, int fd_out,
		   const char *text);                       // --stdin; --run (fd_in -1)
void control_turn(struct control *c);                       // once per round of the loop
bool control_idle(const struct control *c);                 // no line left, nobody waits
int control_ask(const char *path, char **lines, int count); // client side; exit status

void peer_json(struct buf *b, const struct peer *p);
void status_json(struct buf *b, const struct feed *f);
bool peer_value(const struct peer *p, const char *key, double *ret); // as `wait` knows them

// measure PEER [do feed PEER | do refresh PEER FAMILY | do up PEER | do exec COMMAND]...
//         goal "present=N seen=N mark0=N ..." [quiet S] [timeout S] [from established PEER]
//         [verify block=K | tagged=K | missing-block]
// NULL, or what is wrong. When it has ended, measure_done gives its report and forgets it.
const char *measure_start(struct feed *f, char **word, unsigned count);
void measure_turn(struct feed *f);
bool measure_done(struct feed *f, struct buf *report);
