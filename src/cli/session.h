// Inside cli/: a session and the command that it runs.
//
//   idle ──line──► statement ──► (question) ──► done
//     ▲            command   ──► running ──► (question) ──► done
//     └──────────────────────── status, prompt ◄────────────┘
#pragma once

#include "base/list.h"
#include "cli/enter.h"
#include "cli/filter.h"

struct cli {
	struct cli_setup setup;
	unsigned next_number;
	const struct cli_session *exclusive; // who alone may change the configuration; NULL: all
};

enum asking {
	ASKING_NOTHING,
	ASKING_STATEMENT, // may it be entered?
	ASKING_LEAVE,     // commit before leaving the configuration views?
	ASKING_CALL,      // a command's question
	ASKING_LINES,     // for lines that a command takes
};

#define HISTORY_MAX 256
struct history {
	char *line[HISTORY_MAX]; // owned; oldest first
	unsigned count, max;
};

// The command that runs. Its memory ends with it.
struct running {
	struct cli_call call; // first: what run() gets is cast back
	struct filter_chain filters;
	bool inside; // run(), resume() or an answer is on the stack: freed when it returns
	bool later, done, failed, cancelled;
	void (*answered)(struct cli_call *c, bool yes);
	void (*line)(struct cli_call *c, const char *text);
	void (*after)(struct cli_session *s, bool failed); // instead of the prompt; NULL
};

struct cli_session {
	struct cli *cli;
	struct cli_session_ops ops;
	void *arg;
	char *user; // owned
	struct cli_session_mode mode;
	unsigned number;
	bool config;    // in the configuration views, with a candidate
	bool immediate; // every statement is committed at once
	bool silent;    // no questions, no paging (mmi-mode)
	struct place place;
	struct conf_candidate candidate;
	struct running *running; // NULL: idle
	enum asking asking;
	char *question;           // owned; asked again after a bad answer. ASKING_LINES: their name
	struct statement pending; // ASKING_STATEMENT
	struct buf message;       // of the statement being entered
	struct history history;
	unsigned screen_length;
	bool closing;
};

// --- session.c
void session_put(struct cli_session *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void session_finish(struct cli_session *s, int status); // the line is done: status and prompt
void session_ask(struct cli_session *s, enum asking what, const char *question);
bool session_interactive(const struct cli_session *s);
void session_prompt_text(const struct cli_session *s, struct buf *out);
void session_enter_config(struct cli_session *s, bool immediate);
void session_leave_config(struct cli_session *s); // asks first when there are changes
void session_close(struct cli_session *s);
void session_restart_candidate(struct cli_session *s);
// --- call.c
void call_start(struct cli_session *s, const struct row *row, struct conf_line *line, bool undo,
		struct filter_chain *filters, void (*after)(struct cli_session *s, bool failed));
void call_commit(struct cli_session *s, void (*after)(struct cli_session *s, bool failed));
void call_cancel(struct cli_session *s);
void call_answer(struct cli_session *s, bool yes);
void call_line(struct cli_session *s, const char *text);
void call_resume(struct cli_session *s);
// --- history.c
void history_add(struct history *h, const char *line);
void history_limit(struct history *h, unsigned max);
