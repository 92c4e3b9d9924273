// afresh: the terminal of afreshd. With a terminal it edits lines and pages; with -c, or with standard input
// that is no terminal, it runs a script and stops at the first error with exit status 1.
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"

#define DEFAULT_SOCKET "/run/afresh/afresh.sock"

static const struct option long_options[] = {{"json", no_argument, NULL, 'j'},
					     {"help", no_argument, NULL, 'h'},
					     {"version", no_argument, NULL, 'v'},
					     {0}};

static void usage(FILE *to)
{
	fprintf(to,
		"usage: afresh [-s SOCKET] [-c \"COMMAND; COMMAND\"] [--json]\n"
		"  -s SOCKET   of the daemon (" DEFAULT_SOCKET ")\n"
		"  -c TEXT     run these commands; without it, and with standard input that is\n"
		"              no terminal, commands are read from there, line by line\n"
		"  --json      display commands give JSON\n");
}

static void on_interrupt(int number)
{
	interrupted = 1;
}

int main(int argc, char **argv)
{
	const char *path = DEFAULT_SOCKET;
	struct script_source source = {0};
	struct connection connection;
	bool json = false;
	int option, status;

	while ((option = getopt_long(argc, argv, "s:c:h", long_options, NULL)) != -1) {
		switch (option) {
		case 's':
			path = optarg;
			break;
		case 'c':
			source.text = optarg;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			usage(stdout);
			return 0;
		case 'v':
			puts("afresh " AFRESH_VERSION);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return 2;
	}
	bool script = source.text || !isatty(STDIN_FILENO);
	// Without SA_RESTART: the signal must end a wait. A script dies of it, as programs do.
	struct sigaction action = {.sa_handler = on_interrupt};
	if (!script) {
		sigaction(SIGINT, &action, NULL);
		signal(SIGTSTP, SIG_IGN); // Ctrl+Z is `return`
	}
	if (!connection_open(&connection, path) || !connection_hello(&connection, script, json)) {
		fprintf(stderr, "afresh: %s: %s\n", path, strerror(errno));
		connection_close(&connection);
		return 1;
	}
	status = script ? script_run(&connection, &source) : terminal_run(&connection);
	connection_close(&connection);
	return status;
}
