// What of a session's configuration calls for a new session when it changes: what a peer can notice
// of a connection that stands. How connections come about is not part of it.
#include "sess/sess.h"

#include <string.h>

bool sess_config_equal(const struct sess_config *a, const struct sess_config *b)
{
	return ip_equal(&a->remote, &b->remote) && ip_equal(&a->local, &b->local) &&
	       a->remote_port == b->remote_port && a->listen_port == b->listen_port &&
	       !strcmp(a->interface, b->interface) && a->local_as == b->local_as &&
	       a->remote_as == b->remote_as && a->router_id == b->router_id &&
	       a->real_local_as == b->real_local_as && a->internal == b->internal &&
	       a->confed == b->confed && a->families == b->families &&
	       a->hold_time == b->hold_time && a->keepalive == b->keepalive &&
	       a->min_hold_time == b->min_hold_time && a->refresh == b->refresh &&
	       a->as4 == b->as4 && a->conventional == b->conventional &&
	       a->extended_message == b->extended_message &&
	       a->enhanced_refresh == b->enhanced_refresh &&
	       a->graceful_restart == b->graceful_restart && a->shutdown == b->shutdown &&
	       a->ttl == b->ttl && a->gtsm_hops == b->gtsm_hops &&
	       !strcmp(a->password, b->password);
}
