#include "base/id.h"
#include <errno.h>

struct id id_make(uint64_t wall_ms, uint16_t instance, uint32_t generation, uint32_t counter)
{
	return (struct id){
		.high = (wall_ms & UINT64_C(0xffffffffffff)) << 16 | instance,
		.low = (uint64_t)generation << 32 | counter,
	};
}

uint64_t id_wall_ms(struct id id)
{
	return id.high >> 16;
}

bool id_is_zero(struct id id)
{
	return (id.high | id.low) == 0;
}

bool id_equal(struct id a, struct id b)
{
	return a.high == b.high && a.low == b.low;
}

int id_compare(struct id a, struct id b)
{
	if (a.high != b.high)
		return a.high < b.high ? -1 : 1;
	return a.low < b.low ? -1 : a.low > b.low;
}

static unsigned take5(struct id *v)
{
	unsigned digit = (unsigned)(v->low & 31);

	v->low = v->low >> 5 | v->high << 59;
	v->high >>= 5;
	return digit;
}

const char *id_text(struct id id, char out[ID_TEXT_LEN + 1])
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

	for (int i = ID_TEXT_LEN - 1; i >= 0; i--)
		out[i] = digits[take5(&id)];
	out[ID_TEXT_LEN] = '\0';
	return out;
}

static int digit_value(char c)
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

	c = byte_lower(c);
	if (c == 'o')
		c = '0';
	if (c == 'i' || c == 'l')
		c = '1';
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

int id_parse(struct span text, struct id *ret)
{
	struct id id = {0};

	if (text.len != ID_TEXT_LEN)
		return -EBADMSG;
	for (size_t i = 0; i < text.len; i++) {
		int digit = digit_value(text.at[i]);

		/* 26 digits hold 130 bits: the first must stay below 8. */
		if (digit < 0 || (i == 0 && digit > 7))
			return -EBADMSG;
		id.high = id.high << 5 | id.low >> 59;
		id.low = id.low << 5 | (unsigned)digit;
	}
	*ret = id;
	return 0;
}

static void put64(uint64_t v, unsigned char *out)
{
	for (int i = 7; i >= 0; i--, v >>= 8)
		out[i] = (unsigned char)(v & 255);
}

static uint64_t get64(const unsigned char *in)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | in[i];
	return v;
}

void id_to_bytes(struct id id, unsigned char out[ID_BYTES])
{
	put64(id.high, out);
	put64(id.low, out + 8);
}

struct id id_from_bytes(const unsigned char in[ID_BYTES])
{
	return (struct id){get64(in), get64(in + 8)};
}
