// bgpfeed plays BGP neighbours: any number of them in one process, feeding a table (synthetic or from
// an MRT dump), listening, or both; it answers ROUTE-REFRESH, counts everything, and measures. It shares
// no protocol code with the speaker that it is pointed at.
//
// feed_table.* prefixes, attribute sets, tables · feed_synth.c, feed_mrt.c where tables come from ·
// feed_wire.* messages · feed_session.c, feed_send.c, feed_receive.c one peer's three sides ·
// feed_control.c, feed_status.c, feed_measure.c commands, reports, measurements. One thread, one
// epoll; this file holds the options and the loop.
#include "feed_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/mem.h"
#include "feed_control.h"
#include "feed_text.h"

// Signals can reach the loop only through these.
static volatile sig_atomic_t signal_quit, signal_status;

static const char usage[] =
	"Usage: bgpfeed --peer KEY=VALUE,... [--peer ...] [OPTION...]\n"
	"       bgpfeed --ask SOCKET COMMAND...\n"
	"\n"
	"Plays BGP neighbours: feeds tables, listens, counts, measures.\n"
	"\n"
	"  --peer OPTIONS        one neighbour; options separated by commas:\n"
	"      name=NAME             default: the local address\n"
	"      local=ADDRESS         bound to; remote=ADDRESS[:PORT] or [ADDRESS]:PORT, port 179\n"
	"      as=NUMBER             default 65001; router-id=A4\n"
	"      role=feed|listen|probe\n"
	"      families=F+F...       ipv4-unicast (default) ipv6-unicast ipv4-multicast ipv6-multicast\n"
	"                            vpnv4 vpnv6 vpn-target mvpn mvpn6\n"
	"      refresh=yes|no  enhanced=yes|no  as4=yes|no  extended=yes|no  capabilities=yes|no\n"
	"      hold=SECONDS          default 90; retry=MILLISECONDS, default 1000\n"
	"      passive=yes|no        accepts (port=NUMBER, default 179) in place of connecting\n"
	"      start=now|held|down   held: feeds on the command `feed`; down: connects on `up`\n"
	"      variant=NUMBER        peers with different numbers send different paths\n"
	"      slice=I/N             feeds the part I (from 0) of N of each table\n"
	"      next-hop=A4  next-hop6=A6  end-of-rib=yes|no  light=yes|no  receive-buffer=BYTES\n"
	"      prefix=A4/LEN         of a probe; default 198.51.100.0/24\n"
	"  --routes N --routes6 N --routes-multicast N   sizes of the synthetic tables\n"
	"  --routes-vpn N        VPNv4 routes, spread over --instances K (1000) distinguishers and targets 65000:k\n"
	"  --seed S              of the synthetic tables (1)\n"
	"  --mrt FILE            tables from a TABLE_DUMP or TABLE_DUMP_V2 dump, plain, gzip or bzip2\n"
	"  --mrt-peer INDEX      whose routes; default: the peer with most\n"
	"  --mark AS:VALUE       watches a community (up to 8): how many held prefixes carry it\n"
	"  --churn N             changes a second, of every feeding peer\n"
	"  --probe-interval MS   of probing peers (20)\n"
	"  --prepare             encodes tables before connecting\n"
	"  --socket PATH         command channel; --stdin: commands from standard input\n"
	"  --run COMMAND         runs commands (may be repeated), then ends\n"
	"  --json FILE           status as JSON at the end (and at SIGUSR1); - is standard output\n"
	"  --help, --version\n";

// --- options ------------------------------------------------------------------------------------

static bool address_parse(const char *text, unsigned default_port, void *ret)
{
	char host[64];
	unsigned port = default_port;
	struct sockaddr_in in4 = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	int used = 0;
	if (sscanf(text, "[%63[0-9a-fA-F:.]]%n", host, &used) == 1 && used) {
		if (text[used] && sscanf(text + used, ":%u", &port) != 1)
			return false;
	} else if (sscanf(text, "%63[0-9.]%n", host, &used) == 1 &&
		   (!text[used] || text[used] == ':') && strchr(host, '.')) {
		if (text[used] && sscanf(text + used, ":%u", &port) != 1)
			return false;
	} else {
		snprintf(host, sizeof(host), "%s", text);
	}
	if (inet_pton(AF_INET, host, &in4.sin_addr) == 1) {
		in4.sin_port = htons((uint16_t)port);
		memcpy(ret, &in4, sizeof(in4));
		return true;
	}
	if (inet_pton(AF_INET6, host, &in6.sin6_addr) == 1) {
		in6.sin6_port = htons((uint16_t)port);
		memcpy(ret, &in6, sizeof(in6));
		return true;
	}
	return false;
}

static unsigned families_parse(const char *text)
{
	char copy[128], *save;
	unsigned families = 0;
	snprintf(copy, sizeof(copy), "%s", text);
	for (char *w = strtok_r(copy, "+", &save); w; w = strtok_r(NULL, "+", &save)) {
		int f = family_by_name(w);
		if (f < 0)
			give_up("%s: no such family", w);
		families |= 1u << f;
	}
	return families;
}

static bool yes(const char *key, const char *value)
{
	if (strcmp(value, "yes") == 0)
		return true;
	if (strcmp(value, "no") == 0)
		return false;
	give_up("%s=%s: yes or no is expected", key, value);
}

// The options that are yes or no, by place in struct peer_options.
static bool *peer_switch(struct peer_options *o, const char *key)
{
	const struct {
		const char *key;
		bool *place;
	} switches[] = {
		{"refresh", &o->refresh},
		{"enhanced", &o->enhanced},
		{"as4", &o->as4},
		{"extended", &o->extended},
		{"passive", &o->passive},
		{"capabilities", &o->capabilities},
		{"end-of-rib", &o->end_of_rib},
		{"light", &o->light},
	};
	for (size_t i = 0; i < sizeof(switches) / sizeof(*switches); i++)
		if (strcmp(switches[i].key, key) == 0)
			return switches[i].place;
	return NULL;
}

static bool peer_words(struct peer_options *o, const char *key, const char *value)
{
	if (strcmp(key, "role") == 0) {
		o->feed = strcmp(value, "feed") == 0;
		o->probe = strcmp(value, "probe") == 0;
		return o->feed || o->probe || strcmp(value, "listen") == 0;
	}
	if (strcmp(key, "start") == 0) {
		o->held_start = strcmp(value, "held") == 0;
		o->start_down = strcmp(value, "down") == 0;
		return o->held_start || o->start_down || strcmp(value, "now") == 0;
	}
	if (strcmp(key, "slice") == 0)
		return sscanf(value, "%u/%u", &o->slice, &o->slices) == 2 && o->slice < o->slices;
	if (strcmp(key, "name") == 0)
		snprintf(o->name, sizeof(o->name), "%s", value);
	else if (strcmp(key, "families") == 0)
		o->families = families_parse(value);
	else
		return false;
	return true;
}

static bool peer_addresses(struct peer_options *o, const char *key, const char *value)
{
	int bytes;
	if (strcmp(key, "local") == 0)
		return address_parse(value, 0, &o->local);
	if (strcmp(key, "remote") == 0)
		return address_parse(value, 179, &o->remote);
	if (strcmp(key, "router-id") == 0)
		return inet_pton(AF_INET, value, &o->router_id) == 1;
	if (strcmp(key, "next-hop") == 0)
		return inet_pton(AF_INET, value, o->next_hop4) == 1;
	if (strcmp(key, "next-hop6") == 0)
		return inet_pton(AF_INET6, value, o->next_hop6) == 1;
	if (strcmp(key, "prefix") == 0)
		return prefix_parse(value, &bytes, &o->probe_prefix) && bytes == 4;
	return false;
}

static bool peer_numbers(struct peer_options *o, const char *key, const char *value, unsigned *port)
{
	char *end;
	unsigned long v = strtoul(value, &end, 10);
	if (*end || end == value)
		return false;
	if (strcmp(key, "as") == 0)
		o->as = (uint32_t)v;
	else if (strcmp(key, "hold") == 0)
		o->hold = (uint16_t)v;
	else if (strcmp(key, "retry") == 0)
		o->retry_ms = (uint32_t)v;
	else if (strcmp(key, "variant") == 0)
		o->variant = (unsigned)v;
	else if (strcmp(key, "receive-buffer") == 0)
		o->receive_buffer = (uint32_t)v;
	else if (strcmp(key, "port") == 0)
		*port = (unsigned)v;
	else
		return false;
	return true;
}

// What follows from the rest when it was not given: name, router id, next hops, the listening port.
static void peer_defaults(struct peer_options *o, unsigned number, unsigned port)
{
	static const uint8_t none[16];
	bool v4 = o->local.sa.sa_family == AF_INET;
	const void *address = v4 ? (const void *)&o->local.in4.sin_addr : &o->local.in6.sin6_addr;
	uint32_t id = htonl(0x0aff0000u + number + 1); // 10.255.0.n
	if (!o->name[0])
		inet_ntop(v4 ? AF_INET : AF_INET6, address, o->name, sizeof(o->name));
	if (v4 && o->local.in4.sin_addr.s_addr)
		memcpy(&id, address, 4);
	if (!o->router_id)
		o->router_id = id;
	if (memcmp(o->next_hop4, none, 4) == 0)
		memcpy(o->next_hop4, &id, 4);
	if (memcmp(o->next_hop6, none, 16) == 0 && !v4) {
		memcpy(o->next_hop6, address, 16);
	} else if (memcmp(o->next_hop6, none, 16) == 0) {
		memcpy(o->next_hop6, "\x20\x01\x0d\xb8", 4);
		memcpy(o->next_hop6 + 12, &id, 4);
	}
	if (o->passive)
		o->local.in4.sin_port = htons((uint16_t)port); // at the same place in both versions
}

static void option_peer(struct feed *f, const char *text)
{
	struct peer_options o = {
		.as = 65001,
		.hold = 90,
		.families = 1,
		.capabilities = true,
		.refresh = true,
		.enhanced = true,
		.as4 = true,
		.end_of_rib = true,
		.retry_ms = 1000,
		.local.in4.sin_family = AF_INET,
		.probe_prefix = {.b = {198, 51, 100}, .len = 24},
	};
	char *copy = mem_text(text), *save;
	unsigned port = 179;
	for (char *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		char *value = strchr(w, '=');
		if (!value)
			give_up("--peer %s: KEY=VALUE is expected", w);
		*value++ = 0;
		bool *place = peer_switch(&o, w);
		if (place)
			*place = yes(w, value);
		else if (!peer_words(&o, w, value) && !peer_addresses(&o, w, value) &&
			 !peer_numbers(&o, w, value, &port))
			give_up("--peer: %s=%s is not understood", w, value);
	}
	mem_free(copy);
	if (!o.remote.sa.sa_family)
		give_up("--peer: remote= is missing");
	if (o.local.sa.sa_family != o.remote.sa.sa_family && !o.local.in4.sin_addr.s_addr)
		o.local.sa.sa_family = o.remote.sa.sa_family;
	peer_defaults(&o, f->peer_count, port);
	if (feed_peer(f, o.name))
		give_up("--peer: %s is there twice; give names", o.name);
	peer_new(f, &o);
	if (o.probe)
		f->probe_hash = prefix_hash(&o.probe_prefix);
}

static void option_mark(struct feed *f, const char *text)
{
	unsigned a, b;
	if (sscanf(text, "%u:%u", &a, &b) != 2 || f->blobs.watched_count == FEED_MARKS)
		give_up("--mark %s: AS:VALUE is expected, eight at most", text);
	f->blobs.watched[f->blobs.watched_count++] = a << 16 | b;
}

struct settings {
	uint32_t routes[FEED_FAMILIES], instances;
	uint64_t seed;
	const char *mrt, *socket;
	int mrt_peer;
	uint32_t churn, probe_ms;
	bool prepare, from_stdin;
	struct buf run;
};

enum {
	OPT_PEER = 256,
	OPT_ROUTES,
	OPT_ROUTES6,
	OPT_ROUTES_MC,
	OPT_ROUTES_VPN,
	OPT_INSTANCES,
	OPT_SEED,
	OPT_MRT,
	OPT_MRT_PEER,
	OPT_MARK,
	OPT_CHURN,
	OPT_PROBE,
	OPT_PREPARE,
	OPT_SOCKET,
	OPT_STDIN,
	OPT_RUN,
	OPT_JSON,
	OPT_ASK,
	OPT_HELP,
	OPT_VERSION
};
static const struct option options[] = {
	{"peer", 1, NULL, OPT_PEER},
	{"routes", 1, NULL, OPT_ROUTES},
	{"routes6", 1, NULL, OPT_ROUTES6},
	{"seed", 1, NULL, OPT_SEED},
	{"mrt", 1, NULL, OPT_MRT},
	{"mrt-peer", 1, NULL, OPT_MRT_PEER},
	{"mark", 1, NULL, OPT_MARK},
	{"churn", 1, NULL, OPT_CHURN},
	{"probe-interval", 1, NULL, OPT_PROBE},
	{"prepare", 0, NULL, OPT_PREPARE},
	{"socket", 1, NULL, OPT_SOCKET},
	{"stdin", 0, NULL, OPT_STDIN},
	{"run", 1, NULL, OPT_RUN},
	{"json", 1, NULL, OPT_JSON},
	{"ask", 1, NULL, OPT_ASK},
	{"help", 0, NULL, OPT_HELP},
	{"version", 0, NULL, OPT_VERSION},
	{"routes-multicast", 1, NULL, OPT_ROUTES_MC},
	{"routes-vpn", 1, NULL, OPT_ROUTES_VPN},
	{"instances", 1, NULL, OPT_INSTANCES},
	{NULL, 0, NULL, 0},
};

static void option_take(struct feed *f, struct settings *s, int option)
{
	switch (option) {
	case OPT_PEER:
		option_peer(f, optarg);
		break;
	case OPT_ROUTES:
		s->routes[0] = (uint32_t)atol(optarg);
		break;
	case OPT_ROUTES6:
		s->routes[1] = (uint32_t)atol(optarg);
		break;
	case OPT_ROUTES_MC:
		s->routes[2] = (uint32_t)atol(optarg);
		break;
	case OPT_ROUTES_VPN:
		s->routes[family_by_name("vpnv4")] = (uint32_t)atoi(optarg);
		break;
	case OPT_INSTANCES:
		s->instances = (uint32_t)atoi(optarg);
		break;
	case OPT_SEED:
		s->seed = strtoull(optarg, NULL, 10);
		break;
	case OPT_MRT:
		s->mrt = optarg;
		break;
	case OPT_MRT_PEER:
		s->mrt_peer = atoi(optarg);
		break;
	case OPT_MARK:
		option_mark(f, optarg);
		break;
	case OPT_CHURN:
		s->churn = (uint32_t)atol(optarg);
		break;
	case OPT_PROBE:
		s->probe_ms = (uint32_t)atol(optarg);
		break;
	case OPT_PREPARE:
		s->prepare = true;
		break;
	case OPT_SOCKET:
		s->socket = optarg;
		break;
	case OPT_STDIN:
		s->from_stdin = true;
		break;
	case OPT_RUN:
		buf_text(&s->run, optarg);
		buf_text(&s->run, "\n");
		break;
	case OPT_JSON:
		f->json_path = optarg;
		break;
	case OPT_HELP:
		fputs(usage, stdout);
		exit(0);
	case OPT_VERSION:
		puts("bgpfeed " AFRESH_VERSION);
		exit(0);
	default:
		fputs("Try bgpfeed --help.\n", stderr);
		exit(2);
	}
}

static void tables_load(struct feed *f, const struct settings *s)
{
	for (int i = 0; i < FEED_FAMILIES; i++) {
		f->tables[i].bytes = feed_families[i].bytes;
		const struct synth_size size = {s->routes[i], s->instances, s->seed};
		if (s->routes[i] && (!s->mrt || feed_families[i].kind != NLRI_PREFIX))
			table_synthesize(&f->tables[i], &f->blobs, i, &size);
	}
	char *error = s->mrt ? table_from_mrt(f->tables, &f->blobs, s->mrt, s->mrt_peer) : NULL;
	if (error)
		give_up("%s", error);
}

// --- the loop -----------------------------------------------------------------------------------

static void on_signal(int number)
{
	if (number == SIGUSR1)
		signal_status = 1;
	else
		signal_quit = 1;
}

static void status_write(struct feed *f)
{
	struct buf b = {0};
	FILE *out = stdout;
	f->now = feed_clock();
	status_json(&b, f);
	if (f->json_path && strcmp(f->json_path, "-") != 0)
		out = fopen(f->json_path, "w");
	if (out) {
		fprintf(out, "%s\n", buf_cstr(&b));
		fflush(out);
	}
	if (out && out != stdout)
		fclose(out);
	buf_free(&b);
}

// One announcement of the probe's prefix with the next sequence number, from each probing peer.
static void probe_turn(struct feed *f)
{
	if (!f->probe_hash || f->now < f->probe_due)
		return;
	f->probe_due = f->probe_due + f->probe_interval > f->now ? f->probe_due + f->probe_interval
								 : f->now + f->probe_interval;
	for (unsigned i = 0; i < f->peer_count; i++) {
		struct peer *p = f->peers[i];
		struct buf b = {0};
		if (!p->o.probe || p->state != PEER_ESTABLISHED)
			continue;
		uint32_t n = f->probe_next++ & 0xffff;
		buf_put(&b, "\x40\x01\x01\0\x40\x02\x06\x02\x01", 9);
		buf_u32(&b, p->o.as);
		buf_put(&b, "\xc0\x08\x04", 3);
		buf_u32(&b, 64998u << 16 | n);
		const struct wire_set set = {.attributes = b.data, .len = b.len, .verbatim = true};
		f->probe_sent[n] = feed_clock();
		wire_announce(&p->out, &p->style, 0, &set,
			      (struct wire_prefixes){&p->o.probe_prefix, NULL, 1});
		buf_free(&b);
		peer_send(p);
	}
}

static int loop_timeout(const struct feed *f)
{
	if (f->measure)
		return 1;
	if (f->probe_hash && f->probe_due > f->now && f->probe_due - f->now < 10000)
		return (int)((f->probe_due - f->now + 999) / 1000);
	return 10;
}

static void loop_turn(struct feed *f)
{
	struct epoll_event events[64];
	for (unsigned i = 0; i < f->peer_count; i++)
		peer_watch(f->peers[i]);
	int n = epoll_wait(f->epoll, events, 64, loop_timeout(f));
	f->now = feed_clock();
	for (int i = 0; i < n; i++) {
		uintptr_t tagged = (uintptr_t)events[i].data.ptr;
		struct peer *p = (struct peer *)(tagged & ~(uintptr_t)1);
		if (!p)
			continue;
		if (tagged & 1)
			peer_accept(p);
		else
			peer_event(p, events[i].events);
		measure_turn(f);
		probe_turn(f);
	}
	f->now = feed_clock();
	for (unsigned i = 0; i < f->peer_count; i++)
		peer_timers(f->peers[i]);
	probe_turn(f);
	measure_turn(f);
	control_turn(f->control);
	if (signal_status) {
		signal_status = 0;
		status_write(f);
	}
}

static void feed_end(struct feed *f)
{
	if (f->json_path)
		status_write(f);
	for (unsigned i = 0; i < f->peer_count; i++)
		if (f->peers[i]->fd >= 0)
			peer_notify(f->peers[i], 6, 2, NULL, 0);
}

int main(int argc, char **argv)
{
	static struct feed feed; // large, and as long-lived as the process
	struct feed *f = &feed;
	struct settings s = {.seed = 1, .instances = 1000, .mrt_peer = -1, .probe_ms = 20};
	struct sigaction action = {.sa_handler = on_signal};
	f->probe_next = 1;
	f->epoch = 1;
	f->started = f->now = feed_clock();
	f->epoll = epoll_create1(EPOLL_CLOEXEC);
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == OPT_ASK)
			return control_ask(optarg, argv + optind, argc - optind);
		option_take(f, &s, option);
	}
	if (optind < argc || !f->peer_count)
		option_take(f, &s, '?');
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	tables_load(f, &s);
	f->probe_interval = f->probe_hash ? (uint64_t)s.probe_ms * 1000 : 0;
	f->control = control_new(f);
	for (unsigned i = 0; i < f->peer_count; i++) {
		struct peer *p = f->peers[i];
		p->churn_per_second = p->o.feed ? s.churn : 0;
		p->as4 = p->o.as4;
		p->extended = false;
		p->remote_as = 0;
		if (s.prepare && p->o.feed)
			sender_prepare(p);
	}
	for (unsigned i = 0; i < f->peer_count; i++)
		if (!f->peers[i]->o.start_down)
			peer_up(f->peers[i]);
	if (s.socket)
		control_listen(f->control, s.socket);
	if (s.from_stdin)
		control_lines(f->control, 0, 1, NULL);
	if (s.run.len)
		control_lines(f->control, -1, 1, buf_cstr(&s.run));
	while (!f->quit && !signal_quit && !(s.run.len && control_idle(f->control)))
		loop_turn(f);
	feed_end(f);
	buf_free(&s.run);
	if (s.socket)
		unlink(s.socket);
	return 0;
}
