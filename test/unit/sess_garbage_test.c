// Thousands of streams of random bytes, and of messages that are nearly right, into sessions in
// every state, cut anywhere. Nothing may be read out of bounds, left over or kept busy, and a
// session that was spoiled must come up again for a peer that behaves. Each case has its seed: a
// failure prints it.
#include "unit/sess_rig.h"

#include <string.h>

#include "base/random.h"

#define CASES 20000

static struct random dice;

static uint32_t upto(uint32_t n)
{
	return random_below(&dice, n + 1);
}

static size_t noise(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)random_next(&dice);
	return n;
}

// A message with a good marker, and mostly with a good length and type.
static size_t near_message(uint8_t *p)
{
	size_t n = BGP_HEADER + upto(upto(3) ? 60 : 5000);

	memset(p, 0xff, 16);
	noise(p + 16, n - 16);
	p[16] = (uint8_t)(n >> 8);
	p[17] = (uint8_t)n;
	p[18] = upto(20) ? (uint8_t)(1 + upto(4)) : p[18];
	if (!upto(30))
		p[17]++;
	if (!upto(40))
		p[upto(15)] ^= 1;
	return n;
}

static size_t good_message(struct rig *r, uint8_t *p)
{
	struct open o = rig_open(r);
	struct buf b = {0};

	switch (upto(4)) {
	case 0:
		open_encode(&b, &o);
		break;
	case 1:
		refresh_encode(&b, af_classic(), upto(2));
		break;
	default:
		keepalive_encode(&b);
	}
	size_t n = b.len;
	memcpy(p, b.data, n);
	if (!upto(3))
		p[upto((uint32_t)n - 1)] ^= (uint8_t)(1 << upto(7));
	buf_free(&b);
	return n;
}

static void spoil(struct rig *r, struct line *l)
{
	static uint8_t p[8192];

	for (unsigned i = upto(12); i-- && l->stream;) {
		size_t n = 0;
		switch (upto(2)) {
		case 0:
			n = noise(p, upto(100));
			break;
		case 1:
			n = near_message(p);
			break;
		default:
			n = good_message(r, p);
		}
		line_send(l, p, upto(9) ? n : upto((uint32_t)n));
		if (upto(1))
			sim_run_for(upto(20) * SIM_MS);
	}
}

static void come_up(struct rig *r)
{
	struct open o = rig_open(r);

	for (unsigned i = 0; i < r->line_count; i++)
		line_close(&r->lines[i]);
	rig_settle(r);
	sess_reset(r->s, CEASE_RESET, NULL);
	sim_run_for(1200 * SIM_MS);
	struct line *l = rig_line(r);
	rig_assert(r, SESS_OPENSENT);
	line_open(l, &o);
	line_keepalive(l);
	rig_settle(r);
	rig_assert(r, SESS_ESTABLISHED);
}

static void one_case(uint64_t seed)
{
	struct rig *r = rig_new(false);

	random_seed(&dice, seed);
	sim_link("10.0.0.1", "10.0.0.2")->jitter = upto(3) * SIM_MS;
	rig_door(r);
	struct line *l = rig_to(r, SESS_OPENSENT + upto(2));
	if (!upto(2))
		spoil(r, rig_dial(r));
	spoil(r, l);
	if (!upto(3)) {
		rig_settle(r);
		spoil(r, rig_dial(r));
	}
	if (!upto(4))
		line_close(l);
	sim_run_for(upto(3) * SIM_SECOND);
	come_up(r);
	rig_free(r);
}

static uint64_t current;

static void test_garbage(void **state)
{
	for (current = 1; current <= CASES; current++)
		one_case(current);
}

static int tell(void **state)
{
	if (current <= CASES)
		print_message("seed %lu\n", (unsigned long)current);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_garbage, tell),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
