// Why a route does not get in, or is not told: one word for each rule that the ways in and out have
// (rib/import.c, rib/export.c, rib/route.c, rib/encode.c, vpn/). They decide by it, and explanations
// tell it, so that what is explained is what happens.
#pragma once

enum rib_bar {
	BAR_NONE, // it passes
	// in
	BAR_NO_IMPORT,
	BAR_FIRST_AS,
	BAR_AS_LOOP,
	BAR_OWN_ORIGINATOR,
	BAR_CLUSTER_LOOP,
	BAR_PATH_LIMIT,
	BAR_LIMIT,
	// both ways
	BAR_POLICY,
	// out
	BAR_NO_PATH,
	BAR_SUPPRESSED,
	BAR_NO_EXPORT_POLICY,
	BAR_NO_ADVERTISE,
	BAR_NO_EXPORT,
	BAR_NO_EXPORT_SUBCONFED,
	BAR_REFLECTION,
	BAR_SITE,
	BAR_NO_LABEL,
	BAR_SPLIT_HORIZON,
	BAR_NEXT_HOP,
	BAR_TOO_LONG,
	BAR_NO_SESSION,
	BAR_NO_FAMILY,
	// between tables
	BAR_NO_LINK,
	BAR_NO_TARGET,
	BAR_OWN_ROUTE,
	BAR_OWN_DISTINGUISHER,
	BAR_NOT_OWN,
	BAR_COUNT,
};

const char *rib_bar_word(enum rib_bar bar); // "as-loop": for programs
const char *rib_bar_text(enum rib_bar bar); // a sentence, for people
