// What a decoder made of a message, as lines of text: the form in which the vectors state what they
// expect, and in which two decodings are compared.
#pragma once

#include "wire/wire.h"

void dump_fault(struct buf *b, const struct fault *f);
void dump_open(struct buf *b, const struct open *o);
void dump_update(struct buf *b, const struct update *u);
void dump_notification(struct buf *b, const struct notification *n);
void dump_refresh(struct buf *b, const struct refresh *r);

// Writes a decoded UPDATE anew, as this speaker would send it: all its runs, in messages of at most
// max octets. as4: number width of the session.
void update_rewrite(struct buf *b, const struct update *u, bool as4, unsigned max);
// Sends u through update_rewrite and update_decode again; the text of all that comes out must be
// the text of u. NULL: it was; else what went wrong, in the arena. extended: octets of a message.
const char *update_round_trip(const struct update *u, const struct update_context *x, unsigned max,
			      struct arena *a);
