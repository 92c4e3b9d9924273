// NOTIFICATION: the text shown is printable and UTF-8 whatever came, and writing keeps the contents.
#include "message.h"

#include "base/log.h"
#include "base/text.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_message m;
	struct notification n;
	struct buf b = {0};

	if (!fuzz_message_take(data, size, BGP_NOTIFICATION, &m))
		return 0;
	if (!notification_decode(m.bytes, m.n, &n))
		die("notification: refused");
	size_t length = strnlen(n.shutdown_text, sizeof(n.shutdown_text));
	if (length == sizeof(n.shutdown_text) ||
	    !text_is_utf8((const uint8_t *)n.shutdown_text, length))
		die("notification: its text is no text");
	for (size_t i = 0; i < length; i++)
		if ((uint8_t)n.shutdown_text[i] < 0x20 || n.shutdown_text[i] == 0x7f)
			die("notification: its text has control characters");
	notification_encode(&b, n.code, n.subcode, n.data.p, n.data.len, m.options.max);
	if (b.len != m.n || memcmp(b.data, m.bytes, m.n))
		die("notification: written anew it is another");
	buf_clear(&b);
	shutdown_data(&b, n.shutdown_text);
	if (b.len > 129)
		die("notification: a shutdown text of %zu octets", b.len);
	buf_free(&b);
	fuzz_message_free(&m);
	return 0;
}
