// Channels between loops. Senders append to a vector under a lock; the first of them to find the
// receiver asleep posts a wake-up to its loop. The receiver takes the whole vector at once and
// delivers from it without the lock. It stops after a few milliseconds and posts itself again, so
// that a flood from one side does not keep the receiver from its timers and sockets.
#include "loop/loop.h"
#include "loop/private.h"

#include <stdatomic.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/vec.h"

#define SLICE_US 4000

struct channel {
	struct loop *loop; // the receiver's
	channel_fn *fn;
	void *arg;
	size_t high_water;
	atomic_size_t waiting;
	struct post post;
	pthread_mutex_t lock; // guards incoming
	struct vec incoming;
	struct vec batch; // receiver's: delivered up to at
	size_t at;
	bool delivering, freed;
};

static void finish(struct channel *c)
{
	pthread_mutex_destroy(&c->lock);
	vec_free(&c->incoming);
	vec_free(&c->batch);
	mem_free(c);
}

// Takes over what has come in, unless messages of an earlier round are left.
static void receive(struct channel *c)
{
	if (c->at < c->batch.count)
		return;
	vec_clear(&c->batch);
	c->at = 0;
	pthread_mutex_lock(&c->lock);
	struct vec filled = c->incoming;
	c->incoming = c->batch;
	c->batch = filled;
	pthread_mutex_unlock(&c->lock);
}

// What is sent while this runs is for a later round: its sender finds the vector empty and posts.
static void deliver(void *arg)
{
	struct channel *c = arg;
	uint64_t until = loop_clock() + SLICE_US;

	receive(c);
	c->delivering = true;
	c->loop->delivering = c;
	while (!c->freed && c->at < c->batch.count) {
		atomic_fetch_sub_explicit(&c->waiting, 1, memory_order_relaxed);
		c->fn(c->arg, c->batch.item[c->at++]);
		if (loop_clock() >= until)
			break;
	}
	c->delivering = false;
	c->loop->delivering = NULL;
	if (c->freed)
		finish(c);
	else if (channel_waiting(c))
		// Also for what came while messages of an earlier round were left: its sender's post was
		// the one that has just run.
		post_queue(c->loop, &c->post);
}

// Who delivered when the copy was made will not come back to it.
void channel_detach(struct channel *c)
{
	c->delivering = false;
	if (!c->freed && channel_waiting(c))
		post_queue(c->loop, &c->post);
}

struct channel *channel_new(struct loop *receiver, size_t high_water, channel_fn *fn, void *arg)
{
	struct channel *c = MEM_NEW(struct channel);

	c->loop = receiver;
	c->fn = fn;
	c->arg = arg;
	c->high_water = high_water;
	pthread_mutex_init(&c->lock, NULL);
	list_init(&c->post.link);
	c->post.fn = deliver;
	c->post.arg = c;
	return c;
}

void channel_send(struct channel *c, void *message)
{
	turn_enter();
	pthread_mutex_lock(&c->lock);
	bool wake = !c->incoming.count;
	vec_add(&c->incoming, message);
	atomic_fetch_add_explicit(&c->waiting, 1, memory_order_relaxed);
	// Within the lock: a receiver that has emptied the vector may free the channel.
	if (wake)
		post_queue(c->loop, &c->post);
	pthread_mutex_unlock(&c->lock);
	turn_leave();
}

size_t channel_waiting(const struct channel *c)
{
	return atomic_load_explicit(&c->waiting, memory_order_relaxed);
}

bool channel_full(const struct channel *c)
{
	return channel_waiting(c) > c->high_water;
}

void channel_free(struct channel *c)
{
	if (!c)
		return;
	post_remove(c->loop, &c->post);
	if (channel_waiting(c))
		log_debug("channel: freed with %zu messages in it", channel_waiting(c));
	c->freed = true;
	if (!c->delivering)
		finish(c);
}
