// What of loop.h has to do with time and order, over the simulated clock: timers, tasks, posts,
// signals, channels. Each is an event of the world, or in the case of tasks a ring that a round
// goes through. Posts and messages arrive a microsecond after they were sent: two parties that
// answer each other without end do not stop the clock.
#include "sim/sim.h"
#include "sim/world.h"

#include <string.h>

#include "base/mem.h"

// --- loops -----------------------------------------------------------------------------------------

struct handler {
	struct list link; // in loop.signals
	int number;
	loop_fn *fn;
	void *arg;
};

struct post {
	struct list link; // in world.posts; owned
	struct loop *loop;
	struct event event;
	loop_fn *fn;
	void *arg;
};

struct loop *loop_new(void)
{
	struct loop *l = MEM_NEW(struct loop);

	list_add(&world()->loops, &l->link);
	list_init(&l->tasks);
	list_init(&l->tasks_now);
	list_init(&l->signals);
	return l;
}

static void post_free(struct post *p)
{
	event_drop(&p->event);
	list_remove(&p->link);
	mem_free(p);
}

void posts_free(struct world *w, const struct loop *l)
{
	struct list *next;

	for (struct list *i = w->posts.next; i != &w->posts; i = next) {
		struct post *p = LIST_ENTRY(i, struct post, link);
		next = i->next;
		if (!l || p->loop == l)
			post_free(p);
	}
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	posts_free(world(), l);
	while (!list_empty(&l->signals)) {
		struct handler *h = LIST_ENTRY(l->signals.next, struct handler, link);
		list_remove(&h->link);
		mem_free(h);
	}
	list_remove(&l->link);
	mem_free(l);
}

uint64_t loop_now(struct loop *l)
{
	return world()->round;
}

uint64_t loop_clock(void)
{
	struct world *w = world();
	return w->now += w->clock_cost;
}

void loop_vrf_devices(struct loop *l, const char *const *names, unsigned count, bool *ret)
{
	for (unsigned i = 0; i < count; i++)
		ret[i] = *names[i] && !strcmp(l->device, names[i]);
}

int64_t loop_wall(struct loop *l)
{
	return INT64_C(1700000000000000) + (int64_t)world()->now;
}

uint64_t loop_random(struct loop *l)
{
	return random_next(&world()->program);
}

static void post_run(struct event *e)
{
	struct post *p = LIST_ENTRY(e, struct post, event);
	loop_fn *fn = p->fn;
	void *arg = p->arg;

	post_free(p);
	fn(arg);
}

void loop_post(struct loop *l, loop_fn *fn, void *arg)
{
	struct post *p = MEM_NEW(struct post);

	p->loop = l;
	p->fn = fn;
	p->arg = arg;
	p->event.fn = post_run;
	p->event.message = true;
	list_add(&world()->posts, &p->link);
	event_queue(&p->event, world()->now + 1);
}

void loop_on_signal(struct loop *l, int number, loop_fn *fn, void *arg)
{
	struct handler *h = MEM_NEW(struct handler);

	*h = (struct handler){.number = number, .fn = fn, .arg = arg};
	list_add(&l->signals, &h->link);
}

void sim_signal(struct loop *l, int number)
{
	for (struct list *i = l->signals.next; i != &l->signals; i = i->next) {
		struct handler *h = LIST_ENTRY(i, struct handler, link);
		if (h->number == number)
			loop_post(l, h->fn, h->arg);
	}
}

// --- timers -----------------------------------------------------------------------------------------

struct timer {
	struct event event;
	loop_fn *fn;
	void *arg;
};

static void timer_fire(struct event *e)
{
	struct timer *t = LIST_ENTRY(e, struct timer, event);
	t->fn(t->arg);
}

struct timer *timer_new(struct loop *l, loop_fn *fn, void *arg)
{
	struct timer *t = MEM_NEW(struct timer);

	t->event.fn = timer_fire;
	t->event.idle = true;
	t->fn = fn;
	t->arg = arg;
	world()->objects++;
	return t;
}

void timer_free(struct timer *t)
{
	if (!t)
		return;
	timer_stop(t);
	world()->objects--;
	mem_free(t);
}

void timer_start(struct timer *t, uint64_t us)
{
	event_queue(&t->event, world()->now + (us < SIM_MS ? SIM_MS : us));
}

void timer_stop(struct timer *t)
{
	event_drop(&t->event);
}

bool timer_running(const struct timer *t)
{
	return t->event.at;
}

uint64_t timer_left(const struct timer *t)
{
	uint64_t now = world()->now;
	uint64_t due = t->event.due % NEVER;
	return t->event.at && due > now ? due - now : 0;
}

// --- tasks -----------------------------------------------------------------------------------------

struct task {
	struct loop *loop;
	struct list link; // in loop.tasks or loop.tasks_now while it runs
	bool running, again;
	task_fn *fn;
	void *arg;
};

struct task *task_new(struct loop *l, task_fn *fn, void *arg)
{
	struct task *t = MEM_NEW(struct task);

	*t = (struct task){.loop = l, .fn = fn, .arg = arg};
	list_init(&t->link);
	world()->objects++;
	return t;
}

void task_free(struct task *t)
{
	if (!t)
		return;
	task_stop(t);
	if (t->loop->current == t)
		t->loop->current = NULL;
	world()->objects--;
	mem_free(t);
}

void task_start(struct task *t)
{
	t->again = true;
	if (t->running)
		return;
	t->running = true;
	list_add(&t->loop->tasks, &t->link);
}

void task_stop(struct task *t)
{
	t->again = t->running = false;
	list_remove(&t->link);
}

bool task_running(const struct task *t)
{
	return t->running;
}

void tasks_detach(struct loop *l)
{
	list_move_all(&l->tasks_now, &l->tasks);
	while (!list_empty(&l->tasks))
		task_stop(LIST_ENTRY(l->tasks.next, struct task, link));
	l->current = NULL;
}

uint64_t loop_longest_round(struct loop *l)
{
	uint64_t longest = l->longest;

	l->longest = 0;
	return longest;
}

bool tasks_run(struct loop *l)
{
	bool any = !list_empty(&l->tasks);
	uint64_t began = world()->now;

	list_move_all(&l->tasks, &l->tasks_now);
	while (!list_empty(&l->tasks_now)) {
		struct task *t = LIST_ENTRY(l->tasks_now.next, struct task, link);
		list_remove(&t->link);
		list_add(&l->tasks, &t->link);
		l->current = t;
		t->again = false;
		bool more = t->fn(t->arg);
		if (l->current && !more && !t->again)
			task_stop(t);
		l->current = NULL;
	}
	if (world()->now - began > l->longest)
		l->longest = world()->now - began;
	return any;
}

// --- channels --------------------------------------------------------------------------------------

struct channel {
	struct event event;
	struct vec incoming;
	struct vec batch; // delivered up to at
	size_t at;
	size_t waiting; // in both
	size_t high_water;
	channel_fn *fn;
	void *arg;
	bool delivering, freed;
};

static void channel_finish(struct channel *c)
{
	vec_free(&c->incoming);
	vec_free(&c->batch);
	mem_free(c);
}

static void channel_deliver(struct event *e)
{
	struct channel *c = LIST_ENTRY(e, struct channel, event);

	if (c->at == c->batch.count) {
		vec_free(&c->batch);
		c->batch = c->incoming;
		c->incoming = (struct vec){0};
		c->at = 0;
	}
	c->delivering = true;
	world()->delivering = c;
	while (c->at < c->batch.count && !c->freed) {
		c->waiting--;
		c->fn(c->arg, c->batch.item[c->at++]);
	}
	c->delivering = false;
	world()->delivering = NULL;
	if (c->freed)
		channel_finish(c);
	else if (c->waiting && !c->event.at) // only in a copy that was made in between
		event_queue(&c->event, world()->now + 1);
}

// Who delivered when the copy was made will not come back to it.
void channel_detach(struct channel *c)
{
	c->delivering = false;
	if (!c->freed && c->waiting && !c->event.at)
		event_queue(&c->event, world()->now + 1);
}

struct channel *channel_new(struct loop *receiver, size_t high_water, channel_fn *fn, void *arg)
{
	struct channel *c = MEM_NEW(struct channel);

	c->high_water = high_water;
	c->fn = fn;
	c->arg = arg;
	c->event.fn = channel_deliver;
	c->event.message = true;
	world()->objects++;
	return c;
}

void channel_send(struct channel *c, void *message)
{
	vec_add(&c->incoming, message);
	c->waiting++;
	if (!c->event.at)
		event_queue(&c->event, world()->now + 1);
}

size_t channel_waiting(const struct channel *c)
{
	return c->waiting;
}

bool channel_full(const struct channel *c)
{
	return c->waiting > c->high_water;
}

void channel_free(struct channel *c)
{
	if (!c)
		return;
	event_drop(&c->event);
	c->freed = true;
	world()->objects--;
	if (!c->delivering)
		channel_finish(c);
}
