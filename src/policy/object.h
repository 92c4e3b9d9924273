// Interned objects: what the store holds. Private to policy/.
//
// Each filter, route-policy and program starts with a struct object. Its content is a 128-bit hash
// of everything that can influence what it does: numbers and addresses by value, other objects by
// their number, which is given once in the life of a store. So two objects are the same object
// exactly when they do the same, at any depth, and an object that changed differs all the way up.
// What does not count: names, descriptions, and the distance between indexes.
//
// Counts are atomic. The last reference may go on any thread: only then the store's lock is taken.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"

struct policy_store;

enum object_kind {
	OBJECT_PREFIX_LIST = 1,
	OBJECT_ACL,
	OBJECT_PATH_FILTER,
	OBJECT_VALUE_FILTER, // communities of all widths
	OBJECT_VALUE_SET,    // community lists for apply
	OBJECT_TARGETS,
	OBJECT_RD_FILTER,
	OBJECT_TYPE_TEST,
	OBJECT_POLICY,
	OBJECT_PROGRAM,
};

struct object {
	struct object *next; // in the store's bucket
	struct policy_store *store;
	struct hash128 content;
	uint64_t number;
	atomic_uint_least32_t refs;
	enum object_kind kind;
	void (*destroy)(struct object *o); // releases contents and memory; not the object's entry
};

// The object of that content with a reference for the caller, or NULL: then make it and add it.
struct object *object_find(struct policy_store *s, struct hash128 content);
// Enters a new object with one reference for the caller.
void object_add(struct policy_store *s, struct object *o, enum object_kind kind,
		struct hash128 content, void (*destroy)(struct object *o));
void *object_ref(void *o);                           // NULL is allowed
void object_unref(void *o);                          // NULL is allowed
uint32_t store_object_count(struct policy_store *s); // for tests: what is still alive
