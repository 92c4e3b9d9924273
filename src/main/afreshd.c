// afreshd: reads the options, loads the configuration, starts the speaker and the door for
// terminals, and runs until a signal. Everything runs in this one control thread, but for the rib
// threads that the speaker starts.
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "cmd/app.h"
#include "main/server.h"

struct options {
	const char *config, *socket, *state;
	struct speaker_options speaker;
	bool check;
};

static const char usage[] =
	"usage: afreshd [-f CONFIG] [-s SOCKET] [-d STATE-DIR] [-l ADDRESS] [-p PORT] [-n RIB-THREADS] [-t]\n"
	"  -f CONFIG       configuration to start from (/etc/afresh/afresh.cfg)\n"
	"  -s SOCKET       where terminals connect (/run/afresh/afresh.sock)\n"
	"  -d STATE-DIR    where commits are kept (/var/lib/afresh)\n"
	"  -l ADDRESS      listen on and connect from this address (all)\n"
	"  -p PORT         TCP port (179)\n"
	"  -n RIB-THREADS  threads for the route tables; 0: none of their own (cores - 1)\n"
	"  -t              check the configuration and exit\n"
	"  --version       print the version and exit\n";

static unsigned default_threads(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	return cores > 1 ? (unsigned)cores - 1 : 1;
}

static unsigned option_number(const char *name, const char *text, uint64_t max)
{
	uint64_t v;
	if (text_number(text, 0, max, &v))
		return (unsigned)v;
	fprintf(stderr, "afreshd: %s %s: not a number from 0 to %u\n", name, text, (unsigned)max);
	exit(2);
}

static void options_read(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{"version", no_argument, NULL, 'V'}, {"help", no_argument, NULL, 'h'}, {0}};
	int c;
	*o = (struct options){.config = "/etc/afresh/afresh.cfg",
			      .socket = "/run/afresh/afresh.sock",
			      .state = "/var/lib/afresh",
			      .speaker = {.port = 179, .rib_threads = default_threads()}};
	while ((c = getopt_long(argc, argv, "f:s:d:l:p:n:th", longs, NULL)) != -1) {
		switch (c) {
		case 'f':
			o->config = optarg;
			break;
		case 's':
			o->socket = optarg;
			break;
		case 'd':
			o->state = optarg;
			break;
		case 'p':
			o->speaker.port = (uint16_t)option_number("-p", optarg, 65535);
			break;
		case 'n':
			o->speaker.rib_threads = option_number("-n", optarg, 64);
			break;
		case 't':
			o->check = true;
			break;
		case 'l':
			if (ip_parse(optarg, &o->speaker.listen))
				break;
			fprintf(stderr, "afreshd: -l %s: not an IP address\n", optarg);
			exit(2);
		case 'V':
			printf("afreshd (Afresh) %s\n", AFRESH_VERSION);
			exit(0);
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "afreshd: %s: no arguments are expected\n%s", argv[optind], usage);
		exit(2);
	}
}

// Reads and compiles what to start from; all errors at once. NULL: they have been printed.
static struct speaker_config *startup(struct app *a, struct conf_tree *tree)
{
	struct buf text = {0}, errors = {0};
	const char *name = "";
	struct speaker_config *config = NULL;
	if (!conf_store_startup(a->store, &text, &name, &errors)) {
		conf_tree_init(tree);
	} else if (!cli_load(a->grammar, buf_cstr(&text), text.len, name, a, tree, &errors)) {
		// The first commit has the next number: its verdicts must be newer than these.
		config = model_compile(a->model, tree, conf_store_number(a->store), &errors);
		if (config)
			log_info("configuration loaded from %s", name);
	}
	if (!config)
		fprintf(stderr, "%s", buf_cstr(&errors));
	buf_free(&text);
	buf_free(&errors);
	return config;
}

static bool peer_established(struct model_host *host, uint16_t instance, const struct ip *address)
{
	struct app *a = (struct app *)host;
	struct speaker_peer *p =
		a->speaker ? speaker_peer_find(a->speaker, instance, address) : NULL;
	return p && sess_get_state(speaker_peer_session(p)) == SESS_ESTABLISHED;
}

// Makes a directory with those above it; one that is there already is fine. What cannot be made shows
// when it is used, with the reason.
static void make_directories(const char *path)
{
	char *copy = mem_text(path);
	for (char *p = copy + 1; *p; p++)
		if (*p == '/') {
			*p = 0;
			mkdir(copy, 0755);
			*p = '/';
		}
	mkdir(copy, 0750);
	mem_free(copy);
}

static void make_socket_directory(const char *socket)
{
	const char *slash = strrchr(socket, '/');
	if (!slash || slash == socket)
		return;
	char *directory = mem_text_n(socket, (size_t)(slash - socket));
	make_directories(directory);
	mem_free(directory);
}

// The state directory is one daemon's: two that write one journal would lose each other's commits.
// The lock goes with the process. false: it is taken, and who asked has been told.
static bool lock_state(const char *directory)
{
	char *path = mem_format("%s/lock", directory);
	int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0640);
	bool taken = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
	if (taken)
		log_error("the state directory %s is in use by another afreshd: choose -d",
			  directory);
	mem_free(path);
	return !taken;
}

static void on_stop(void *arg)
{
	log_info("signal to stop");
	loop_stop(arg);
}

// Says why something that must be had alone cannot be had; `taken` is the advice when another has it.
static void refuse(const char *what, const char *which, int error, const char *taken)
{
	log_error("cannot open %s %s: %s%s", what, which, strerror(-error),
		  error == -EADDRINUSE ? taken : "");
}

static bool open_doors(struct app *a, const struct options *o, struct loop *l, struct server **ret)
{
	char where[IP_TEXT_MAX + 16], text[IP_TEXT_MAX];
	int error = speaker_listen(a->speaker);
	if (error) {
		snprintf(where, sizeof where, "%s port %u",
			 o->speaker.listen.bits ? ip_text(&o->speaker.listen, text)
						: "all addresses",
			 o->speaker.port);
		refuse("the BGP listener at", where, error,
		       "; another BGP speaker runs there: choose -p or -l");
		return false;
	}
	*ret = server_new(l, a->cli, o->socket, &error);
	if (!*ret)
		refuse("the terminals' socket", o->socket, error,
		       "; another afreshd runs with it: choose -s");
	return *ret != NULL;
}

// Starts the speaker and serves until a signal. Returns the exit status.
static int serve(struct app *a, const struct options *o, struct speaker_config *config,
		 const struct conf_tree *tree)
{
	struct loop *l = loop_new();
	struct server *server = NULL;
	struct soft_plan plan = {0};
	struct cli_setup setup;
	a->loop = l;
	cmd_setup(a, &setup);
	a->cli = cli_new(&setup);
	a->speaker = speaker_new(l, &o->speaker);
	bool ready = open_doors(a, o, l, &server);
	if (ready) {
		conf_store_start(a->store, tree);
		speaker_plan(a->speaker, config, &plan);
		speaker_apply(a->speaker, config, &plan);
		cmd_start(a);
		loop_on_signal(l, SIGTERM, on_stop, l);
		loop_on_signal(l, SIGINT, on_stop, l);
		log_info("ready, terminals at %s", o->socket);
		loop_run(l);
	}
	soft_plan_free(&plan);
	cmd_stop(a);
	server_free(server); // its file goes with the listener
	cli_free(a->cli);
	speaker_free(a->speaker);
	loop_free(l);
	return ready ? 0 : 1;
}

static int run(struct app *a, const struct options *o)
{
	struct conf_tree tree;
	int status = 0;
	struct speaker_config *config = startup(a, &tree);
	if (!config)
		status = 1;
	else if (o->check)
		printf("%s: the configuration is good\n", o->config);
	else
		status = serve(a, o, config, &tree);
	if (config)
		speaker_config_unref(config);
	conf_tree_free(&tree);
	return status;
}

int main(int argc, char **argv)
{
	struct options o;
	struct app a = {0};
	struct cli_schema schema = {0};
	options_read(argc, argv, &o);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ,
	       SIG_IGN); // a limit on file sizes is a full disk: a commit is refused, nobody dies
	if (!o.check) {
		make_directories(o.state);
		make_socket_directory(o.socket);
		if (!lock_state(o.state))
			return 1;
	}
	a.model = model_new();
	a.host = (struct model_host){.peer_established = peer_established, .model = a.model};
	cmd_schema(&schema);
	a.grammar = grammar_new(&schema);
	a.store = conf_store_open(o.check ? NULL : o.state, o.config);
	int status = run(&a, &o);
	conf_store_free(a.store);
	grammar_free(a.grammar);
	cmd_schema_free(&schema);
	model_free(a.model);
	return status;
}
