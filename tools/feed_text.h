// Attributes and JSON as text, both ways.
#pragma once

#include "feed_table.h"

// "bgpfeed: ...", and the process ends with status 1: what a user can mend.
void give_up(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

void json_text(struct buf *b, const char *s); // quoted and escaped
// {"origin":"igp","as_path":"1 2 {3 4}","next_hop":"192.0.2.1",...}; unknown ones as hex by number.
void attributes_json(struct buf *b, const uint8_t *p, size_t n, bool as4);
// Words of an announcement, from word[0] on, each a keyword and mostly a value:
//   origin igp|egp|incomplete · as-path "1 2 {3 4}"|none · next-hop A · med N · local-pref N · atomic
//   aggregator AS:A4 · community "a:b c:d no-export" · large "a:b:c ..." · ext HEX · rt "100:1 100:2"
//   pmsi HEX · originator A4 · cluster "A4 A4" · attribute HEX (whole attributes, as on the wire)
// default_as: the AS path when none is given; 0: empty. Returns NULL, or what is wrong.
const char *attributes_parse(struct buf *out, char **word, unsigned count, uint32_t default_as);
bool hex_parse(struct buf *out, const char *text);
