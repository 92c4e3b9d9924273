// The log: formats one line, escapes what could disturb a terminal or forge a line, and hands it
// to the sink (standard error unless somebody set another). The text of a line often holds what a
// peer sent (RFC 9003 section 6, RFC 4271 NOTIFICATION data), hence the escaping. State at file
// scope is unavoidable: a log that needed a handle could not be called from everywhere.
#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

#define LINE_MAX_BYTES 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // guards sink and the order of lines
static log_sink *current_sink;
static void *current_arg;
static atomic_int lowest_level = LOG_LEVEL_INFO;

static void sink_stderr(enum log_level level, const char *line)
{
	static const char *const names[] = {"debug", "info", "warning", "error"};
	struct timespec now;
	struct tm tm;
	char when[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	fprintf(stderr, "%s.%03ldZ %s %s\n", when, now.tv_nsec / 1000000, names[level], line);
}

// Control characters of ASCII and of Unicode's second block (C2 80 to C2 9F) are not printable.
static bool printable(const uint8_t *p, size_t n)
{
	if (n == 1)
		return *p >= 0x20 && *p != 0x7f;
	return n > 1 && !(p[0] == 0xc2 && p[1] < 0xa0);
}

static void escape(const char *in, char *out, size_t size)
{
	const uint8_t *p = (const uint8_t *)in;
	size_t left = strlen(in), at = 0;

	while (left && at + 5 < size) {
		size_t n = text_utf8_length(p, left);
		if (printable(p, n)) {
			memcpy(out + at, p, n);
			at += n;
		} else {
			n = 1;
			at += (size_t)snprintf(out + at, size - at, "\\x%02x", *p);
		}
		p += n;
		left -= n;
	}
	out[at] = '\0';
}

static void emit(enum log_level level, const char *format, va_list ap)
{
	char raw[LINE_MAX_BYTES], line[LINE_MAX_BYTES];

	vsnprintf(raw, sizeof(raw), format, ap);
	escape(raw, line, sizeof(line));
	pthread_mutex_lock(&lock);
	if (current_sink)
		current_sink(level, line, current_arg);
	else
		sink_stderr(level, line);
	pthread_mutex_unlock(&lock);
}

void log_set_sink(log_sink *sink, void *arg)
{
	pthread_mutex_lock(&lock);
	current_sink = sink;
	current_arg = arg;
	pthread_mutex_unlock(&lock);
}

void log_set_level(enum log_level lowest)
{
	atomic_store_explicit(&lowest_level, (int)lowest, memory_order_relaxed);
}

void log_line(enum log_level level, const char *format, ...)
{
	if ((int)level < atomic_load_explicit(&lowest_level, memory_order_relaxed))
		return;
	va_list ap;
	va_start(ap, format);
	emit(level, format, ap);
	va_end(ap);
}

void die(const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	emit(LOG_LEVEL_ERROR, format, ap);
	va_end(ap);
	abort();
}
