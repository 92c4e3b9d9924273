// Listening: one door for everybody, and one for each VPN instance that has a Linux VRF device of its
// name, since connections of a VRF reach only sockets that are bound to its device. Such an
// instance's own connections go out through the device too. Devices come and go by themselves: every
// few seconds, and at each commit, it is looked what there is. A session that stands stays as it
// is; what is only being tried is tried anew.
#include "speaker/private.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

#define LOOK_US 5000000

static struct speaker_door *door_open(struct speaker *s, uint16_t instance, const char *device,
				      int *ret_error)
{
	struct speaker_door *d = MEM_NEW(struct speaker_door);
	struct sess_place place = {.port = s->options.port};

	// The address of `-l` is not one of the VRF's.
	if (!*device)
		place.local = s->options.listen;
	snprintf(place.interface, sizeof(place.interface), "%s", device);
	d->speaker = s;
	d->instance = instance;
	memcpy(d->device, place.interface, sizeof(d->device));
	d->door = sess_door_new(s->loop, &place, speaker_find, d, ret_error);
	if (d->door)
		return d;
	mem_free(d);
	return NULL;
}

static void door_close(struct speaker_door *d)
{
	if (!d)
		return;
	sess_door_free(d->door);
	mem_free(d);
}

static struct speaker_door *device_door(const struct speaker *s, uint16_t instance)
{
	for (size_t i = 0; i < s->device_doors.count; i++) {
		struct speaker_door *d = s->device_doors.item[i];

		if (d->instance == instance)
			return d;
	}
	return NULL;
}

bool door_is_bound(const struct speaker *s, uint16_t instance)
{
	return device_door(s, instance) != NULL;
}

static struct speaker_door *door_of(const struct speaker_peer *p)
{
	return p->device[0] ? device_door(p->speaker, p->instance) : p->speaker->door;
}

void door_password(const struct speaker_peer *p, const char *password)
{
	const struct speaker_door *d = door_of(p);

	if (d)
		sess_door_password(d->door, &p->address, password);
}

static void passwords_put(const struct speaker *s, const struct speaker_door *d)
{
	for (size_t i = 0; i < s->peers.count; i++) {
		const struct speaker_peer *p = s->peers.item[i];

		if (p->config->session.password[0] && door_of(p) == d)
			sess_door_password(d->door, &p->address, p->config->session.password);
	}
}

int speaker_listen(struct speaker *s)
{
	int error = 0;

	if (s->door)
		return 0;
	s->door = door_open(s, INSTANCE_PUBLIC, "", &error);
	if (!s->door)
		return error;
	passwords_put(s, s->door);
	devices_look(s);
	return 0;
}

// --- devices ------------------------------------------------------------------------------------------
void peer_find_device(struct speaker_peer *p)
{
	const char *name = speaker_instance_name(p->speaker, p->instance);

	memset(p->device, 0, sizeof(p->device));
	if (p->instance != INSTANCE_PUBLIC && loop_vrf_device(p->speaker->loop, name))
		snprintf(p->device, sizeof(p->device), "%.15s", name);
}

static void peer_look(struct speaker_peer *p)
{
	struct sess_config session;
	char before[sizeof(p->device)];

	if (peer_established(p))
		return;
	memcpy(before, p->device, sizeof(before));
	peer_find_device(p);
	if (!strcmp(before, p->device))
		return;
	if (p->config->session.password[0])
		door_password(p, p->config->session.password);
	peer_session_of(p, p->config, &session);
	sess_configure(p->session, &session);
}

static void door_look(struct speaker *s, const struct instance_config *c, bool there)
{
	struct speaker_door *d = device_door(s, c->number);
	int error;

	if (there && !d && s->door) {
		d = door_open(s, c->number, c->name, &error);
		if (d)
			vec_add(&s->device_doors, d);
		else
			log_warning("cannot listen on device %s: %s", c->name, strerror(-error));
	} else if (d && !there) {
		vec_drop(&s->device_doors, d);
		door_close(d);
	}
}

static void doors_look(struct speaker *s, const struct speaker_config *c)
{
	const char **names = mem_alloc(c->instance_count * sizeof(*names));
	bool *there = mem_alloc(c->instance_count * sizeof(*there));

	for (unsigned i = 0; i < c->instance_count; i++)
		names[i] = c->instances[i].name; // the public one has none
	loop_vrf_devices(s->loop, names, c->instance_count, there);
	for (unsigned i = 0; i < c->instance_count; i++)
		door_look(s, &c->instances[i], there[i]);
	mem_free(names);
	mem_free(there);
}

static void doors_shut(struct speaker *s)
{
	for (size_t i = s->device_doors.count; i--;) {
		struct speaker_door *d = s->device_doors.item[i];

		if (s->config && speaker_config_instance_numbered(s->config, d->instance))
			continue;
		vec_remove(&s->device_doors, i);
		door_close(d);
	}
}

void devices_look(struct speaker *s)
{
	doors_shut(s);
	if (!s->config || s->config->instance_count < 2) {
		timer_stop(s->device_timer);
		return;
	}
	doors_look(s, s->config);
	for (size_t i = 0; i < s->peers.count; i++) {
		struct speaker_peer *p = s->peers.item[i];

		if (p->instance != INSTANCE_PUBLIC)
			peer_look(p);
	}
	timer_start(s->device_timer, LOOK_US);
}

void devices_due(void *speaker)
{
	devices_look(speaker);
}

void doors_free(struct speaker *s)
{
	door_close(s->door);
	s->door = NULL; // peers take their passwords back from it, if it is there
	while (s->device_doors.count)
		door_close(vec_pop(&s->device_doors));
	vec_free(&s->device_doors);
}
