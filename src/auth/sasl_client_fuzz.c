/* Challenges of a server that says anything: parts by newlines. */
#include "auth/sasl_client.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char random[SASL_CLIENT_NONCE];
	static const enum sasl_mechanism mechanisms[] = {
		SASL_PLAIN, SASL_LOGIN, SASL_SCRAM_SHA_256};
	struct buf out = BUF_INIT(16384);
	struct sasl_client c;
	int rc = 0;

	if (size < 1)
		return 0;
	struct span in = span_of((const char *)data + 1, size - 1), line;

	sasl_client_begin(
		&c, mechanisms[data[0] % 3], SPAN_LIT("u,=ser"), SPAN_LIT("pass"), random);
	if (sasl_client_begins(&c))
		rc = sasl_client_answer(&c, (struct span){0}, &out);
	while (rc == 0 && span_take_until(&in, '\n', &line))
		rc = sasl_client_answer(&c, line, &out);
	/* No server that does not know the password can make us believe that it does. */
	assert(c.mechanism != SASL_SCRAM_SHA_256 || !sasl_client_is_complete(&c));
	sasl_client_end(&c);
	buf_done(&out);
	return 0;
}
