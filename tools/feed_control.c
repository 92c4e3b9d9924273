// The command channel. See feed_control.h; `help` lists the commands, which are rows of one table.
//
// A client is a pair of descriptors. Its lines are taken one at a time; `wait` and `measure` hold
// back the client's following lines until they have ended, other clients go on.
#include "feed_control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "feed_nlri.h"
#include "feed_text.h"

enum { WORDS_MAX = 64, CLIENTS_MAX = 32, LINE_MAX_BYTES = 1 << 20 };

struct client {
	int in, out; // out -1: gone; in -1: no more lines will come
	struct buf lines;
	struct buf reply;
	char *waiting; // the line of a `wait` under way, owned
	uint64_t wait_started, wait_until;
	bool measuring;
};

struct control {
	struct feed *feed;
	int listen_fd;
	struct client client[CLIENTS_MAX];
	unsigned count;
};

struct control *control_new(struct feed *f)
{
	struct control *c = MEM_NEW(struct control);
	c->feed = f;
	c->listen_fd = -1;
	return c;
}

static void wake_on(struct control *c, int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
	epoll_ctl(c->feed->epoll, EPOLL_CTL_ADD, fd, &e); // fails for plain files, which need none
}

static struct client *client_add(struct control *c, int in, int out)
{
	if (c->count == CLIENTS_MAX)
		return NULL;
	struct client *k = &c->client[c->count++];
	*k = (struct client){.in = in, .out = out};
	if (in >= 0) {
		fcntl(in, F_SETFL, fcntl(in, F_GETFL) | O_NONBLOCK);
		wake_on(c, in);
	}
	return k;
}

void control_listen(struct control *c, const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (strlen(path) >= sizeof(a.sun_path))
		give_up("%s: path too long", path);
	strcpy(a.sun_path, path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 8) < 0)
		give_up("%s: %s", path, strerror(errno));
	c->listen_fd = fd;
	wake_on(c, fd);
}

void control_lines(struct control *c, int fd_in, int fd_out, const char *text)
{
	struct client *k = client_add(c, fd_in, fd_out);
	if (k && text)
		buf_text(&k->lines, text);
}

bool control_idle(const struct control *c)
{
	for (unsigned i = 0; i < c->count; i++) {
		const struct client *k = &c->client[i];
		if (k->in >= 0 || k->lines.len || k->waiting || k->measuring)
			return false;
	}
	return true;
}

// --- commands -----------------------------------------------------------------------------------

struct call {
	struct control *control;
	struct feed *feed;
	struct client *client;
	struct peer *peer; // of the first word, for commands that take one
	char **word;       // after the command and its peer
	unsigned count;
	struct buf *reply; // one JSON object; left empty: {"ok":true}
	const char *error; // instead of a reply
};

static int call_family(const struct call *c, unsigned at)
{
	return at < c->count ? family_by_name(c->word[at]) : 0;
}

static void do_status(struct call *c)
{
	struct peer *p = c->count ? feed_peer(c->feed, c->word[0]) : NULL;
	if (p)
		peer_json(c->reply, p);
	else if (c->count)
		c->error = "no such peer";
	else
		status_json(c->reply, c->feed);
}

// Takes "family F" and a family that fits the prefix out of the words.
static int prefix_family(struct call *c, struct prefix *ret)
{
	int bytes, family = -1;
	if (!c->count)
		return -1;
	if (prefix_parse(c->word[0], &bytes, ret))
		family = bytes == 4 ? 0 : 1;
	for (unsigned i = 1; i + 1 < c->count; i++)
		if (strcmp(c->word[i], "family") == 0) {
			family = family_by_name(c->word[i + 1]);
			memmove(c->word + i, c->word + i + 2,
				(c->count - i - 2) * sizeof(*c->word));
			c->count -= 2;
		}
	return family >= 0 && nlri_parse(family, &c->feed->blobs, c->word[0], ret) ? family : -1;
}

static void do_announce(struct call *c)
{
	struct prefix prefix;
	struct buf b = {0};
	struct peer *p = c->peer;
	int family = prefix_family(c, &prefix);
	if (family < 0) {
		c->error = "bad prefix or family";
		return;
	}
	if (c->count == 2 && strcmp(c->word[1], "table") == 0) {
		if (!sender_announce(p, family, &prefix, 0))
			c->error = "not in the table";
		return;
	}
	bool internal = p->remote_as == p->o.as;
	c->error = attributes_parse(&b, c->word + 1, c->count - 1, internal ? 0 : p->o.as);
	if (!c->error && internal && !attribute_find(b.data, b.len, 5, &(size_t){0})) {
		char *local_pref[] = {"attribute", "40050400000064"};
		buf_clear(&b);
		memcpy(c->word + c->count, local_pref, sizeof(local_pref));
		c->error = attributes_parse(&b, c->word + 1, c->count + 1, 0);
	}
	if (!c->error)
		sender_announce(p, family, &prefix, blob_add(&c->feed->blobs, b.data, b.len));
	buf_free(&b);
}

static void do_withdraw(struct call *c)
{
	struct prefix prefix;
	int family = prefix_family(c, &prefix);
	if (family < 0)
		c->error = "bad prefix or family";
	else
		sender_withdraw(c->peer, family, &prefix);
}

static void refresh_send(struct call *c, uint8_t subtype, uint64_t *counter)
{
	int family = call_family(c, 0);
	if (family < 0) {
		c->error = "no such family";
		return;
	}
	wire_refresh(&c->peer->out, family, subtype);
	++*counter;
}

static void do_refresh(struct call *c)
{
	refresh_send(c, REFRESH_PLAIN, &c->peer->sent.refreshes);
}

static void do_borr(struct call *c)
{
	refresh_send(c, REFRESH_BORR, &c->peer->sent.borr);
}

static void do_eorr(struct call *c)
{
	refresh_send(c, REFRESH_EORR, &c->peer->sent.eorr);
}

static void do_eor(struct call *c)
{
	int family = call_family(c, 0);
	if (family < 0) {
		c->error = "no such family";
		return;
	}
	wire_end_of_rib(&c->peer->out, family);
	c->peer->sent.end_of_rib++;
}

static void do_feed(struct call *c)
{
	for (int f = 0; f < FEED_FAMILIES; f++)
		if (c->peer->families & 1u << f && (!c->count || call_family(c, 0) == f))
			sender_pass(c->peer, f, false);
}

static void do_prepare(struct call *c)
{
	c->peer->as4 = c->peer->state == PEER_ESTABLISHED ? c->peer->as4 : c->peer->o.as4;
	sender_prepare(c->peer);
}

static void do_raw(struct call *c)
{
	struct buf b = {0};
	if (!c->count || !hex_parse(&b, c->word[0]))
		c->error = "bad hex";
	else
		buf_put(&c->peer->out, b.data, b.len);
	buf_free(&b);
}

static void do_drop(struct call *c)
{
	struct buf data = {0};
	if (c->count >= 3 && !hex_parse(&data, c->word[2]))
		c->error = "bad hex";
	else if (c->count >= 2)
		peer_notify(c->peer, (uint8_t)atoi(c->word[0]), (uint8_t)atoi(c->word[1]),
			    data.data, data.len);
	else
		peer_drop(c->peer, 0, "dropped by command");
	buf_free(&data);
}

static void do_up(struct call *c)
{
	peer_up(c->peer);
}

static void do_down(struct call *c)
{
	peer_notify(c->peer, 6, 2, NULL, 0);
	peer_down(c->peer);
}

static void do_pause(struct call *c)
{
	peer_pause(c->peer, true);
}

static void do_resume(struct call *c)
{
	peer_pause(c->peer, false);
}

static void do_churn(struct call *c)
{
	c->peer->churn_per_second = c->count ? (uint32_t)atoi(c->word[0]) : 0;
	c->peer->churn_due = c->feed->now;
}

static void do_mark(struct call *c)
{
	for (int f = 0; f < FEED_FAMILIES; f++)
		holding_mark(&c->peer->holding[f], c->feed);
}

static void do_route(struct call *c)
{
	struct prefix prefix;
	int family = prefix_family(c, &prefix);
	if (family < 0) {
		c->error = "bad prefix or family";
		return;
	}
	const struct holding *h = &c->peer->holding[family];
	uint32_t id = dict_find(&c->feed->tables[family].dict, &prefix, prefix_hash(&prefix));
	if (id >= h->size || !h->item[id].attr) {
		buf_text(c->reply, "{\"ok\":true,\"held\":false}");
		return;
	}
	size_t n;
	const uint8_t *p = blob_get(&c->feed->blobs, h->item[id].attr, &n);
	buf_text(c->reply, "{\"ok\":true,\"held\":true,\"attributes\":");
	if (c->peer->o.light)
		buf_text(c->reply, "{}");
	else
		attributes_json(c->reply, p, n, c->peer->as4);
	buf_text(c->reply, "}");
}

// Everything held, one line per prefix in no order: family prefix attributes-in-hex.
static void do_dump(struct call *c)
{
	FILE *file = c->count ? fopen(c->word[0], "w") : NULL;
	struct buf b = {0};
	uint64_t lines = 0;
	if (!file) {
		c->error = "cannot write that file";
		return;
	}
	for (int f = 0; f < FEED_FAMILIES; f++) {
		const struct holding *h = &c->peer->holding[f];
		for (uint32_t id = 0; id < h->size; id++) {
			char text[256];
			size_t n = 0;
			if (!h->item[id].attr)
				continue;
			const uint8_t *p =
				c->peer->o.light ? NULL
						 : blob_get(&c->feed->blobs, h->item[id].attr, &n);
			buf_clear(&b);
			buf_hex(&b, p, n);
			nlri_text(f, &c->feed->blobs, &c->feed->tables[f].dict.keys[id], text);
			fprintf(file, "%s %s %s\n", feed_families[f].name, text, buf_cstr(&b));
			lines++;
		}
	}
	if (fclose(file) != 0)
		c->error = "cannot write that file";
	buf_free(&b);
	buf_format(c->reply, "{\"ok\":true,\"lines\":%llu}", (unsigned long long)lines);
}

// The prefixes that a feeding peer sends at present, in the form of dump, with our attributes.
static void do_sample(struct call *c)
{
	int family = call_family(c, 0);
	if (family < 0) {
		c->error = "no such family";
		return;
	}
	const struct table *t = &c->feed->tables[family];
	uint32_t want = c->count > 1 ? (uint32_t)atoi(c->word[1]) : 10;
	buf_text(c->reply, "{\"ok\":true,\"prefixes\":[");
	for (uint32_t i = 0; i < want && i < t->routes; i++) {
		char text[256];
		uint32_t id = (uint32_t)((uint64_t)i * t->routes / want);
		if (want > t->routes)
			id = i;
		nlri_text(family, &c->feed->blobs, &t->dict.keys[id], text);
		buf_format(c->reply, "%s\"%s\"", i ? "," : "", text);
	}
	buf_text(c->reply, "]}");
}

static void do_wait(struct call *c)
{
	c->client->wait_started = feed_clock();
	c->client->wait_until = c->client->wait_started + 30000000;
	for (unsigned i = 0; i + 1 < c->count; i++)
		if (strcmp(c->word[i], "timeout") == 0)
			c->client->wait_until =
				c->client->wait_started + (uint64_t)(atof(c->word[i + 1]) * 1e6);
	c->client->waiting = mem_text(""); // control_line puts the line here
}

static void do_measure(struct call *c)
{
	c->error = measure_start(c->feed, c->word, c->count);
	c->client->measuring = !c->error;
}

static void do_quit(struct call *c)
{
	c->feed->quit = true;
}

static void do_help(struct call *c);

static const struct command {
	const char *name;
	bool peer; // its first word is a peer's name
	void (*run)(struct call *c);
	const char *help;
} commands[] = {
	{"status", false, do_status, "[PEER]"},
	{"wait", false, do_wait, "PEER KEY OP VALUE [and ...] [timeout S]; OP: = != < > <= >="},
	{"announce", true, do_announce, "PEER PREFIX table | ATTRIBUTES [family F]"},
	{"withdraw", true, do_withdraw, "PEER PREFIX [family F]"},
	{"feed", true, do_feed, "PEER [FAMILY]: sends the table (again)"},
	{"prepare", true, do_prepare, "PEER: encodes the table beforehand"},
	{"refresh", true, do_refresh, "PEER [FAMILY]: sends ROUTE-REFRESH"},
	{"borr", true, do_borr, "PEER [FAMILY]"},
	{"eorr", true, do_eorr, "PEER [FAMILY]"},
	{"eor", true, do_eor, "PEER [FAMILY]"},
	{"raw", true, do_raw, "PEER HEX: writes bytes as they are"},
	{"drop", true, do_drop, "PEER [CODE SUBCODE [HEX]]: closes, with a NOTIFICATION if given"},
	{"up", true, do_up, "PEER"},
	{"down", true, do_down, "PEER: closes and stays down"},
	{"pause", true, do_pause, "PEER: reads no more"},
	{"resume", true, do_resume, "PEER"},
	{"churn", true, do_churn, "PEER CHANGES-PER-SECOND"},
	{"mark", true, do_mark, "PEER: counts `seen` from now on"},
	{"route", true, do_route, "PEER PREFIX [family F]: what the peer told us of it"},
	{"dump", true, do_dump, "PEER FILE: all that the peer told us"},
	{"sample", true, do_sample, "PEER [FAMILY [N]]: prefixes of the table"},
	{"measure", false, do_measure, "PEER do ACTION... goal \"TERMS\" ...: see the source"},
	{"quit", false, do_quit, ""},
	{"help", false, do_help, ""},
};
enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static void do_help(struct call *c)
{
	buf_text(c->reply, "{\"ok\":true,\"commands\":[");
	for (unsigned i = 0; i < COMMANDS; i++) {
		char line[160];
		snprintf(line, sizeof(line), "%s %s", commands[i].name, commands[i].help);
		buf_text(c->reply, i ? "," : "");
		json_text(c->reply, line);
	}
	buf_text(c->reply, "]}");
}

// --- lines --------------------------------------------------------------------------------------

// Cuts a line into words in place; "double quotes" keep blanks.
static unsigned words_split(char *line, char **word)
{
	unsigned n = 0;
	for (char *s = line; n < WORDS_MAX;) {
		while (*s == ' ' || *s == '\t')
			s++;
		if (!*s || *s == '#')
			break;
		char end = *s == '"' ? '"' : ' ';
		word[n++] = end == '"' ? ++s : s;
		while (*s && *s != end && (end == '"' || *s != '\t'))
			s++;
		if (!*s)
			break;
		*s++ = 0;
	}
	return n;
}

static void reply_end(struct call *c)
{
	if (c->error) {
		buf_clear(c->reply);
		buf_text(c->reply, "{\"ok\":false,\"error\":");
		json_text(c->reply, c->error);
		buf_text(c->reply, "}");
	} else if (!c->reply->len) {
		buf_text(c->reply, "{\"ok\":true}");
	}
}

static void reply_send(struct client *k, struct buf *reply)
{
	buf_put(&k->reply, reply->data, reply->len);
	buf_text(&k->reply, "\n");
}

static void control_line(struct control *control, struct client *k, char *line)
{
	char *word[WORDS_MAX + 4], *copy = mem_text(line);
	struct buf reply = {0};
	unsigned n = words_split(line, word), i = 0;
	struct call c = {.control = control, .feed = control->feed, .client = k, .reply = &reply};
	while (n && i < COMMANDS && strcmp(commands[i].name, word[0]) != 0)
		i++;
	if (n && i == COMMANDS) {
		c.error = "unknown command; try help";
	} else if (n) {
		unsigned skip = commands[i].peer ? 2 : 1;
		c.peer = commands[i].peer && n > 1 ? feed_peer(c.feed, word[1]) : NULL;
		c.word = word + skip;
		c.count = n > skip ? n - skip : 0;
		if (commands[i].peer && !c.peer)
			c.error = "no such peer";
		else
			commands[i].run(&c);
	}
	if (k->waiting) {
		mem_free(k->waiting);
		k->waiting = copy;
		copy = NULL;
	} else if (n && !k->measuring) {
		reply_end(&c);
		reply_send(k, &reply);
	}
	buf_free(&reply);
	mem_free(copy);
}

static bool compare(double a, const char *operator, double b)
{
	static const char *const names[] = {"=", "!=", "<", ">", "<=", ">="};
	const bool results[] = {a == b, a != b, a<b, a> b, a <= b, a >= b};
	for (int i = 0; i < 6; i++)
		if (strcmp(names[i], operator) == 0)
			return results[i];
	return false;
}

// 1: all conditions hold, 0: not yet, -1: one of them makes no sense.
static int wait_holds(struct feed *f, const char *line)
{
	char *word[WORDS_MAX], *copy = mem_text(line);
	unsigned n = words_split(copy, word);
	int result = 1;
	for (unsigned i = 1; i < n && result >= 0; i += 5) {
		double value;
		if (strcmp(word[i], "timeout") == 0)
			break;
		const struct peer *p = feed_peer(f, word[i]);
		if (!p || i + 3 >= n || !peer_value(p, word[i + 1], &value))
			result = -1;
		else if (!compare(value, word[i + 2], atof(word[i + 3])))
			result = 0;
		if (i + 4 < n && strcmp(word[i + 4], "timeout") == 0)
			break;
	}
	mem_free(copy);
	return result;
}

static void client_wait(struct control *c, struct client *k)
{
	struct buf reply = {0};
	uint64_t now = feed_clock();
	int holds = wait_holds(c->feed, k->waiting);
	if (holds == 0 && now < k->wait_until)
		return;
	buf_format(&reply, "{\"ok\":%s,\"seconds\":%.6f", holds == 1 ? "true" : "false",
		   (double)(now - k->wait_started) / 1e6);
	if (holds != 1) {
		buf_text(&reply, ",\"error\":");
		json_text(&reply, holds < 0 ? "bad condition" : "timeout");
	}
	buf_text(&reply, "}");
	reply_send(k, &reply);
	buf_free(&reply);
	mem_free(k->waiting);
	k->waiting = NULL;
}

static void client_turn(struct control *c, struct client *k)
{
	struct buf report = {0};
	if (k->waiting)
		client_wait(c, k);
	if (k->measuring && measure_done(c->feed, &report)) {
		k->measuring = false;
		reply_send(k, &report);
	}
	buf_free(&report);
	while (k->lines.len && !k->waiting && !k->measuring) {
		char *end = memchr(k->lines.data, '\n', k->lines.len);
		size_t n = end ? (size_t)(end - (char *)k->lines.data) : k->lines.len;
		if (!end && k->in >= 0)
			break;
		char *line = mem_text_n((char *)k->lines.data, n);
		n += end != NULL;
		memmove(k->lines.data, k->lines.data + n, k->lines.len - n);
		k->lines.len -= n;
		control_line(c, k, line);
		mem_free(line);
	}
}

// Replies are small beside a socket's buffer, except dumps of status; the client reads them.
static void client_flush(struct client *k)
{
	size_t at = 0;
	while (at < k->reply.len && k->out >= 0) {
		ssize_t n = write(k->out, k->reply.data + at, k->reply.len - at);
		if (n < 0 && errno == EAGAIN) {
			struct pollfd p = {.fd = k->out, .events = POLLOUT};
			if (poll(&p, 1, 1000) == 1)
				continue;
		}
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	buf_clear(&k->reply);
}

static void client_read(struct control *c, struct client *k)
{
	ssize_t n = read(k->in, buf_room(&k->lines, 65536), 65536);
	if (n > 0)
		k->lines.len += (size_t)n;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) ||
	    k->lines.len > LINE_MAX_BYTES) {
		epoll_ctl(c->feed->epoll, EPOLL_CTL_DEL, k->in, NULL);
		if (k->in != k->out && k->in > 2)
			close(k->in);
		k->in = -1;
	}
}

static void client_remove(struct control *c, unsigned i)
{
	struct client *k = &c->client[i];
	if (k->out > 2)
		close(k->out);
	buf_free(&k->lines);
	buf_free(&k->reply);
	mem_free(k->waiting);
	c->client[i] = c->client[--c->count];
}

void control_turn(struct control *c)
{
	int fd = c->listen_fd >= 0 ? accept4(c->listen_fd, NULL, NULL, SOCK_CLOEXEC) : -1;
	if (fd >= 0 && !client_add(c, fd, fd))
		close(fd);
	for (unsigned i = 0; i < c->count; i++) {
		struct client *k = &c->client[i];
		if (k->in >= 0)
			client_read(c, k);
		client_turn(c, k);
		client_flush(k);
		if (k->in < 0 && !k->lines.len && !k->waiting && !k->measuring && k->out > 2)
			client_remove(c, i--);
	}
}

// --- the other side -----------------------------------------------------------------------------

int control_ask(const char *path, char **lines, int count)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), status = 0;
	struct buf all = {0};
	if (strlen(path) >= sizeof(a.sun_path))
		give_up("%s: path too long", path);
	strcpy(a.sun_path, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		give_up("%s: %s", path, strerror(errno));
	for (int i = 0; i < count; i++) {
		buf_text(&all, lines[i]);
		buf_text(&all, "\n");
	}
	for (size_t at = 0; at < all.len;) {
		ssize_t n = send(fd, all.data + at, all.len - at, MSG_NOSIGNAL);
		if (n <= 0)
			give_up("%s: %s", path, strerror(errno));
		at += (size_t)n;
	}
	shutdown(fd, SHUT_WR);
	FILE *in = fdopen(fd, "r");
	char *line = NULL;
	size_t cap = 0;
	while (in && getline(&line, &cap, in) > 0) {
		fputs(line, stdout);
		if (strncmp(line, "{\"ok\":false", 11) == 0)
			status = 1;
	}
	free(line);
	if (in)
		fclose(in);
	buf_free(&all);
	return status;
}
