// The law's question to explanations of the exchange: does each tell what is lent. Part of no program.
#pragma once

#include "base/buf.h"
#include "vpn/town.h"

// Every destination of every table. Appends what is explained otherwise; returns the words heard.
unsigned town_explain_all(struct town *t, struct buf *trouble);
