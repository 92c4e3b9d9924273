// The conversation between the terminal program (client/) and the daemon over a Unix socket: frames
// of 4 bytes length (of what follows), 1 byte type, then the payload. Integers are in network byte
// order. A frame that is too long, or of unknown type, ends the conversation.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define FRAME_MAX_REQUEST  (1 << 16) // bytes of type and payload, to the daemon
#define FRAME_MAX_RESPONSE (1 << 24) // from it

enum frame_type {
	// to the daemon
	FRAME_HELLO = 1, // "key=value\n" lines: user, script (0, 1), json (0, 1); first and once
	FRAME_LINE,      // a command line, or the answer to a question
	FRAME_HELP,      // a line up to the `?`
	FRAME_COMPLETE,  // a line up to the Tab
	FRAME_INTERRUPT, // Ctrl+C
	FRAME_RETURN,    // Ctrl+Z
	// from the daemon
	FRAME_OUTPUT = 65, // text
	FRAME_PROMPT,      // text; the next line may come
	FRAME_QUESTION,    // text; the next line is its answer
	FRAME_HELP_TEXT,   // what `?` shows
	FRAME_COMPLETIONS, // "begin\nword\nword\n": where the partial word begins; what it can be
	FRAME_STATUS,      // 1 byte: 0, or 1 after an error; the line is done
	FRAME_PAGE,        // 2 bytes: lines per screen; 0: do not page
	FRAME_CLOSED,      // the session is over
	FRAME_PROGRESS,    // text to be shown in place until anything else comes; to terminals only
};
void frame_put(struct buf *out, enum frame_type type, const void *p, size_t n);

// Takes the first whole frame in b, from *at on. 1: there is one, *at is behind it; 0: not yet;
// -1: too long.
struct frame_view {
	enum frame_type type;
	const uint8_t *p; // in b
	size_t n;
};
int frame_take(const struct buf *b, size_t *at, size_t max, struct frame_view *ret);
