// For the tests of this room: what must hold inside a rib at any moment, whatever is under way.
// Part of no program.
#pragma once

#include "base/buf.h"
#include "rib/rib.h"

// Appends what is wrong: entries of a group that needs no sweep which are not its outcomes, and
// destinations that are held more or less often than there are reasons for it.
void inside_check(struct rib *r, struct buf *trouble);
