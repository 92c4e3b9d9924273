// Doubly linked ring with the links inside the members. A member that is in no list points at itself.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

#define LIST_ENTRY(link, type, member) ((type *)((char *)(link)-offsetof(type, member)))

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

// Puts the member before the position (with the head as position: at the end).
static inline void list_add(struct list *position, struct list *member)
{
	member->prev = position->prev;
	member->next = position;
	position->prev->next = member;
	position->prev = member;
}

// Moves all members of from, in their order, to the end of to.
static inline void list_move_all(struct list *from, struct list *to)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

static inline void list_remove(struct list *member)
{
	member->prev->next = member->next;
	member->next->prev = member->prev;
	list_init(member);
}
