#include "lab/content.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <unistd.h>

static EVP_MD *sha256;

bool lab_content_ready(void)
{
	unsigned char out[LAB_DIGEST];
	unsigned len = 0;

	if (!sha256)
		sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	return sha256 && EVP_Digest("", 0, out, &len, sha256, NULL) == 1;
}

static struct lab_hasher *hasher_new(void)
{
	EVP_MD_CTX *h = EVP_MD_CTX_new();

	if (h && EVP_DigestInit_ex2(h, sha256, NULL) != 1) {
		EVP_MD_CTX_free(h);
		h = NULL;
	}
	return (struct lab_hasher *)h;
}

int lab_content_init(struct lab_content *c, const char *keep)
{
	*c = (struct lab_content){.keep = -1, .state = 2};
	c->all = hasher_new();
	c->body = hasher_new();
	if (keep)
		c->keep = open(keep, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (c->all && c->body && (!keep || c->keep >= 0))
		return 0;
	int rc = keep && c->keep < 0 ? -errno : -ENOMEM;

	lab_content_done(c);
	return rc;
}

void lab_content_done(struct lab_content *c)
{
	EVP_MD_CTX_free((EVP_MD_CTX *)c->all);
	EVP_MD_CTX_free((EVP_MD_CTX *)c->body);
	if (c->keep >= 0)
		(void)close(c->keep);
	*c = (struct lab_content){.keep = -1};
}

static void digest(struct lab_content *c, struct span s)
{
	(void)EVP_DigestUpdate((EVP_MD_CTX *)c->all, s.at, s.len);
	if (c->in_body)
		(void)EVP_DigestUpdate((EVP_MD_CTX *)c->body, s.at, s.len);
	while (c->keep >= 0 && s.len > 0) {
		ssize_t n = write(c->keep, s.at, s.len);

		if (n <= 0)
			return;
		s = span_slice(s, (size_t)n, s.len);
	}
}

static void end_line(struct lab_content *c)
{
	c->lines++;
	if (c->line > c->max_line)
		c->max_line = c->line;
	if (c->line == 2)
		c->in_body = true;
	c->line = 0;
}

/* Counts flaws and finds line ends in a run of content, and digests it line by line. */
static void take_run(struct lab_content *c, struct span s)
{
	size_t from = 0;

	c->size += s.len;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char b = (unsigned char)s.at[i];

		if (c->last_cr && b != '\n')
			c->bare_cr++;
		c->line++;
		if (b == '\n' && c->last_cr) {
			digest(c, span_slice(s, from, i + 1 - from));
			from = i + 1;
			end_line(c);
		} else if (b == '\n') {
			c->bare_lf++;
		}
		c->nul += b == 0;
		c->eightbit += b >= 0x80;
		c->last_cr = b == '\r';
	}
	digest(c, span_slice(s, from, s.len - from));
}

void lab_content_chunk(struct lab_content *c, struct span in)
{
	take_run(c, in);
}

/*
 * state: 0 in a line, 1 after CR, 2 after CRLF (at the start of a line), 3 after
 * CRLF "." and 4 after CRLF "." CR. The dot of a stuffed line is left out; what was
 * held back in 3 and 4 and proves to be content is given to take_run then.
 */
size_t lab_content_data(struct lab_content *c, struct span in)
{
	size_t from = 0;

	for (size_t i = 0; i < in.len; i++) {
		char b = in.at[i];

		switch (c->state) {
		case 2:
			if (b == '.') {
				take_run(c, span_slice(in, from, i - from));
				from = i + 1;
				c->state = 3;
				continue;
			}
			break;
		case 3:
			if (b == '\r') {
				from = i + 1;
				c->state = 4;
				continue;
			}
			break;
		case 4:
			if (b == '\n') {
				c->ended = true;
				return i + 1;
			}
			take_run(c, SPAN_LIT("\r"));
			if (b == '\r') {
				c->state = 1;
				continue;
			}
			c->state = 1;
			break;
		default:
			break;
		}
		c->state = b == '\r' ? 1 : b == '\n' && c->state == 1 ? 2 : 0;
	}
	if (c->state < 3)
		take_run(c, span_slice(in, from, in.len - from));
	return in.len;
}

static void hex(EVP_MD_CTX *h, char out[65])
{
	unsigned char bytes[LAB_DIGEST];

	if (EVP_DigestFinal_ex(h, bytes, NULL) != 1)
		memset(bytes, 0, sizeof bytes);
	for (size_t i = 0; i < LAB_DIGEST; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

void lab_content_digests(struct lab_content *c)
{
	if (c->line > c->max_line)
		c->max_line = c->line;
	hex((EVP_MD_CTX *)c->all, c->all_hex);
	hex((EVP_MD_CTX *)c->body, c->body_hex);
}
