// Inside conf/ only: records of the history as bytes.
#pragma once

#include "conf/history.h"

enum record_kind {
	RECORD_CHANGE,    // words and a difference
	RECORD_WHOLE,     // words and a whole configuration
	RECORD_WORDS,     // words alone: the configuration is no longer kept
	RECORD_AMENDMENT, // words that replace those of an earlier record
};
struct record {
	enum record_kind kind;
	struct conf_commit commit; // words owned
	const char *body;          // difference or configuration
	size_t body_size;
};
// Appends the record; returns where in it the body begins. words: which of them, as bits.
size_t record_write(const struct record *r, unsigned words, struct buf *out);
// The record at `at`, if it is whole and what it says of itself true; *ret_size is its length. Body
// points into file. ret_words: which are named, as bits.
bool record_read(const struct buf *file, size_t at, struct record *ret, unsigned *ret_words,
		 size_t *ret_size);
void commit_free(struct conf_commit *c); // its words

// history.c, for the store
struct file_ops;
struct conf_history *history_new(const char *path); // NULL: in memory
void history_free(struct conf_history *h);
// Reads what is there; records of commits above `last` never came to be. Returns the last number.
uint32_t history_open(struct conf_history *h, const struct file_ops *ops, uint32_t last);
// What runs without a commit: at start.
void history_begin(struct conf_history *h, const struct file_ops *ops, uint32_t number,
		   const struct conf_tree *t);
void history_running(struct conf_history *h, const struct conf_tree *t); // tree of the last record
bool history_empty(const struct conf_history *h);
// On disk when this returns true; history_withdraw takes it back.
bool history_append(struct conf_history *h, const struct file_ops *ops, const struct conf_commit *c,
		    const struct conf_tree *t, const struct buf *difference, struct buf *error);
void history_withdraw(struct conf_history *h, const struct file_ops *ops);
void history_settle(struct conf_history *h, const struct file_ops *ops); // drops what is too old
