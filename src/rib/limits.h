// Sizes of the rib's pieces. Private to rib/. With RIB_SMALL they are tiny, so that the tests reach
// with a few routes what otherwise takes a full table.
#pragma once

#ifdef RIB_SMALL
#define ADJ_OUT_CHUNK_BITS   2
#define ADJ_OUT_SEGMENT_BITS 2
#define WINDOW_ITEMS         8u
#define WINDOW_ITEMS_LEAST   2u
#define WINDOW_BYTES         128u
#define LOG_SLACK            6u
#define LOG_PLACES           0u
#define SLICE                2u
#define LABELS_LEAST         2u
#else
#define ADJ_OUT_CHUNK_BITS   12
#define ADJ_OUT_SEGMENT_BITS 13
#define WINDOW_ITEMS         32768u // destinations at most in one parcel
#define WINDOW_ITEMS_LEAST   512u
#define WINDOW_BYTES         262144u // what a parcel should have at most, about
#define LOG_SLACK            65536u  // places that a log may have whatever the table's size
#define LOG_PLACES           2u      // and for each destination
#define SLICE                256u    // destinations between two looks at the clock
#define LABELS_LEAST         1024u   // pairs with a label of ours before unused ones are dropped
#endif
