// Inside conf/ only: keys of statements as bytes (see line.c).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"

const uint8_t *conf_line_key(const struct conf_line *l);
// Like memcmp; a key that is the beginning of another comes first.
int conf_line_compare(const struct conf_line *a, const uint8_t *key, size_t size);
void conf_key_word(struct buf *key, const char *text, bool keyword);
void conf_key_object(struct buf *key, unsigned order, const char *object); // the beginning of a key
void conf_node_unref(struct conf_node *n);                                 // NULL is allowed
