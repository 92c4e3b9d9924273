// One line per event, to standard error by default: time, level, subject, text. Lines never carry
// control characters of foreign origin: they are escaped (RFC 9003 section 6 asks for it).
// Thread-safe.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

typedef void log_sink(enum log_level level, const char *line, void *arg);

void log_set_sink(log_sink *sink, void *arg); // NULL: standard error again
void log_set_level(enum log_level lowest);
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define log_debug(...)   log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_error(...)   log_line(LOG_LEVEL_ERROR, __VA_ARGS__)

// Ends the process: what object, what was expected, what was found.
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
