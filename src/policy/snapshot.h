// A snapshot's inside. Private to policy/.
#pragma once

#include "base/map.h"
#include "policy/source.h"

// Belongs to the control thread, like its count; what it points at may be shared with others.
struct policy_snapshot {
	unsigned refs;
	bool nonexistent_allowed;
	struct map by_name[FILTER_KINDS + 1]; // of struct object, counted; last one: route-policies
};
