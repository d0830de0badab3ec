/* The header of a letter: who is to get it, and what it lacks to be a message. */
#include "main/letter.h"
#include "base/clock.h"
#include "mail/header.h"
#include <sys/random.h>

static bool field_names(const struct mail_field *f, bool is_resent)
{
	static const char *const names[] = {
		"To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc"};

	for (size_t i = is_resent ? 3 : 0; i < (is_resent ? 6U : 3U); i++)
		if (mail_field_is(f, names[i]))
			return true;
	return false;
}

static bool is_resent(const struct letter *l)
{
	struct mail_header h;
	struct mail_field f;

	mail_header_init(&h, buf_span(&l->header));
	while (mail_header_next(&h, &f))
		if (field_names(&f, true))
			return true;
	return false;
}

int letter_recipients(struct letter *l, struct arena *arena, struct mailbox_list *ret)
{
	bool resent = is_resent(l);
	struct mail_header h;
	struct mail_field f;
	struct span at;

	mail_header_init(&h, buf_span(&l->header));
	for (int rc = 0; mail_header_next(&h, &f);) {
		if (field_names(&f, resent))
			rc = mailbox_list_read(f.value, arena, ret, &l->error, &at);
		if (rc == 0)
			continue;
		size_t end = (size_t)(at.at - l->header.at);

		l->line = 1;
		for (size_t i = 0; i < end; i++)
			l->line += l->header.at[i] == '\n';
		return rc;
	}
	return 0;
}

/* A quoted-string; UTF-8 stands for itself where the session may say SMTPUTF8, else it is encoded. */
static void add_phrase(struct buf *out, struct span name)
{
	static const char hex[] = "0123456789ABCDEF";
	bool is_ascii = true;

	name = span_slice(name, 0, 200);
	for (size_t i = 0; i < name.len; i++)
		is_ascii = is_ascii && (unsigned char)name.at[i] < 127;
	if (is_ascii) {
		(void)buf_add_byte(out, '"');
		for (size_t i = 0; i < name.len; i++) {
			if (name.at[i] == '"' || name.at[i] == '\\')
				(void)buf_add_byte(out, '\\');
			(void)buf_add_byte(out, name.at[i] < ' ' ? ' ' : name.at[i]);
		}
		(void)buf_add_byte(out, '"');
		return;
	}
	/* RFC 2047 5 (3): encoded-words of at most 75 characters, whole UTF-8 sequences in each. */
	size_t start = out->len;

	(void)buf_add_str(out, "=?UTF-8?Q?");
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.at[i];

		if (out->len - start > 60 && (c & 0xc0) != 0x80) {
			(void)buf_add_str(out, "?=\r\n =?UTF-8?Q?");
			start = out->len - 10;
		}
		if (byte_is_alpha((char)c) || byte_is_digit((char)c))
			(void)buf_add_byte(out, (char)c);
		else if (c == ' ')
			(void)buf_add_byte(out, '_');
		else
			(void)buf_printf(out, "=%c%c", hex[c >> 4], hex[c & 15]);
	}
	(void)buf_add_str(out, "?=");
}

static void add_message_id(struct buf *out, struct span hostname)
{
	uint64_t random[2] = {0};

	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		random[0] = (uint64_t)clock_now();
	(void)buf_printf(out, "Message-ID: <%llx.%016llx%016llx@%.*s>\r\n",
		(unsigned long long)clock_wall_ms(), (unsigned long long)random[0],
		(unsigned long long)random[1], SPAN_F(hostname));
}

int letter_complete(struct letter *l, const struct letter_author *author)
{
	struct buf out = BUF_INIT(LETTER_HEADER_MAX + 4096);
	struct mail_facts facts;
	struct mail_header h;
	struct mail_field f;
	char date[CLOCK_TEXT_MAX];

	mail_facts_read(buf_span(&l->header), &facts);
	if (!facts.has_message_id)
		add_message_id(&out, author->hostname);
	if (!facts.has_date)
		(void)buf_printf(
			&out, "Date: %.*s\r\n", SPAN_F(clock_rfc5322(clock_wall_ms(), date)));
	if (!facts.has_from && author->address.len > 0) {
		(void)buf_add_str(&out, "From: ");
		if (author->name.len > 0)
			add_phrase(&out, author->name);
		(void)buf_printf(&out, "%s<%.*s>\r\n", author->name.len > 0 ? " " : "",
			SPAN_F(author->address));
	}
	mail_header_init(&h, buf_span(&l->header));
	while (mail_header_next(&h, &f))
		if (!mail_field_is(&f, "Bcc") && !mail_field_is(&f, "Resent-Bcc"))
			(void)buf_add(&out, span_of(l->header.at + f.offset, f.len));
	buf_done(&l->header);
	l->header = out;
	return out.error;
}
