#include "lab/atoms.h"
#include <errno.h>

/* What the words of an atom that stand in capitals in its form were. */
struct words {
	unsigned number, code;
	enum lab_stage stage;
	enum lab_shape shape;
	enum lab_style style;
	unsigned extension;
	struct span text;
};

struct name {
	const char *name;
	unsigned value;
};

static const struct name stages[] = {{"connect", LAB_CONNECT}, {"helo", LAB_HELO},
	{"mail", LAB_MAIL}, {"rcpt", LAB_RCPT}, {"data", LAB_DATA}, {"body", LAB_BODY},
	{"eod", LAB_EOD}, {"rset", LAB_RSET}, {"noop", LAB_NOOP}, {"quit", LAB_QUIT}, {0}};
static const struct name shapes[] = {{"multiline", LAB_MULTILINE}, {"codeonly", LAB_CODEONLY},
	{"notext", LAB_NOTEXT}, {"nul", LAB_NUL}, {"eightbit", LAB_EIGHTBIT},
	{"longline", LAB_LONGLINE}, {"endless", LAB_ENDLESS}, {"endlessline", LAB_ENDLESSLINE},
	{"lf", LAB_LF}, {"mixedcodes", LAB_MIXEDCODES}, {"twodigit", LAB_TWODIGIT},
	{"nocode", LAB_NOCODE}, {"twice", LAB_TWICE}, {0}};
static const struct name styles[] = {{"postgrey", LAB_POSTGREY}, {"hms", LAB_HMS},
	{"seconds", LAB_SECONDS}, {"minutes", LAB_MINUTES}, {"unstated", LAB_UNSTATED}, {0}};
static const struct name extensions[] = {{"pipelining", LAB_PIPELINING}, {"size", LAB_SIZE},
	{"8bitmime", LAB_8BITMIME}, {"smtputf8", LAB_SMTPUTF8}, {"chunking", LAB_CHUNKING},
	{"dsn", LAB_DSN}, {"statuscodes", LAB_STATUSCODES}, {"extensions", LAB_ALL_EXTENSIONS},
	{0}};

const char *lab_stage_name(enum lab_stage stage)
{
	return stages[stage].name;
}

static void do_nothing(struct lab_behaviour *b, const struct words *w)
{
	(void)b;
	(void)w;
}

static void do_reject(struct lab_behaviour *b, const struct words *w)
{
	b->at[LAB_RCPT] = (struct lab_step){.act = LAB_REPLY, .code = 550, .text = w->text};
}

static struct lab_step *act(struct lab_behaviour *b, const struct words *w, enum lab_act what)
{
	struct lab_step *step = &b->at[w->stage];

	step->act = what;
	step->code = w->code;
	step->text = w->text;
	step->after = w->number;
	return step;
}

static void do_code(struct lab_behaviour *b, const struct words *w)
{
	(void)act(b, w, LAB_REPLY);
}

static void do_close(struct lab_behaviour *b, const struct words *w)
{
	(void)act(b, w, LAB_CLOSE);
}

static void do_reset(struct lab_behaviour *b, const struct words *w)
{
	(void)act(b, w, LAB_RESET);
}

static void do_hang(struct lab_behaviour *b, const struct words *w)
{
	(void)act(b, w, LAB_HANG);
}

static void do_raw(struct lab_behaviour *b, const struct words *w)
{
	(void)act(b, w, LAB_RAW);
}

static void take(struct lab_behaviour *b, const struct words *w, enum lab_act what)
{
	struct words eod = *w;

	eod.stage = LAB_EOD;
	act(b, &eod, what)->take = true;
}

static void do_take_code(struct lab_behaviour *b, const struct words *w)
{
	take(b, w, LAB_REPLY);
}

static void do_take_close(struct lab_behaviour *b, const struct words *w)
{
	take(b, w, LAB_CLOSE);
}

static void do_take_reset(struct lab_behaviour *b, const struct words *w)
{
	take(b, w, LAB_RESET);
}

static void do_take_hang(struct lab_behaviour *b, const struct words *w)
{
	take(b, w, LAB_HANG);
}

static void do_close_after(struct lab_behaviour *b, const struct words *w)
{
	b->at[w->stage].close_after = true;
}

static void do_delay(struct lab_behaviour *b, const struct words *w)
{
	b->at[w->stage].delay_ms = w->number;
}

static void do_greylist(struct lab_behaviour *b, const struct words *w)
{
	b->greylist_s = w->number;
	b->greylist_style = w->style ? w->style : LAB_POSTGREY;
}

static void do_tempfail(struct lab_behaviour *b, const struct words *w)
{
	struct words at = *w;

	if (at.stage != LAB_DATA && at.stage != LAB_EOD)
		at.stage = LAB_RCPT;
	at.code = 451;
	act(b, &at, LAB_REPLY)->first_tries = w->number;
}

static void do_shape(struct lab_behaviour *b, const struct words *w)
{
	b->at[w->stage].shape = w->shape;
	b->at[w->stage].shape_n = w->number;
}

static void do_shape_all(struct lab_behaviour *b, const struct words *w)
{
	for (int i = 0; i < LAB_STAGES; i++) {
		b->at[i].shape = w->shape;
		b->at[i].shape_n = w->number;
	}
}

static void do_no(struct lab_behaviour *b, const struct words *w)
{
	b->hidden |= w->extension;
}

static void do_lie(struct lab_behaviour *b, const struct words *w)
{
	b->lies |= w->extension;
}

static void do_no_ehlo(struct lab_behaviour *b, const struct words *w)
{
	b->ehlo_code = w->code ? w->code : 500;
}

static void do_size(struct lab_behaviour *b, const struct words *w)
{
	b->size = w->number;
}

static void do_rcpts(struct lab_behaviour *b, const struct words *w)
{
	b->max_recipients = w->number;
}

static void do_messages(struct lab_behaviour *b, const struct words *w)
{
	b->max_messages = w->number;
}

static void do_throttle(struct lab_behaviour *b, const struct words *w)
{
	b->max_connections = w->number;
}

static void do_bytewise(struct lab_behaviour *b, const struct words *w)
{
	b->bytewise = true;
	b->byte_ms = w->number;
}

static void do_slow(struct lab_behaviour *b, const struct words *w)
{
	b->rate = w->number;
}

static void do_idle(struct lab_behaviour *b, const struct words *w)
{
	b->idle_ms = w->number;
}

static void do_mixed(struct lab_behaviour *b, const struct words *w)
{
	(void)w;
	b->mixed = true;
}

static void do_anyway(struct lab_behaviour *b, const struct words *w)
{
	(void)w;
	b->data_anyway = true;
}

/* Words in capitals stand for a value of that kind. The first form that fits is taken. */
static const struct row {
	const char *form;
	void (*apply)(struct lab_behaviour *b, const struct words *w);
	const char *help;
} rows[] = {
	{"accept", do_nothing, "takes everything (so does a name that is not known)"},
	{"reject", do_reject, "550 to the recipient"},
	{"greylist-N", do_greylist, "450 for N seconds to each client, sender, recipient"},
	{"greylist-N-STYLE", do_greylist,
		"the wait stated as: postgrey hms seconds minutes unstated"},
	{"tempfail-N", do_tempfail, "451 to the first N tries of a recipient"},
	{"tempfail-N-STAGE", do_tempfail, "the same at stage data or eod"},
	{"mixed", do_mixed, "recipients get 250, 451, 550 in turn"},
	{"anyway", do_anyway, "354 to DATA even without a recipient"},
	{"close-after-STAGE", do_close_after, "replies, then closes"},
	{"close-STAGE", do_close, "closes without a reply"},
	{"close-STAGE-N", do_close, "stage body: after N bytes of content"},
	{"reset-STAGE", do_reset, "resets the connection without a reply"},
	{"reset-STAGE-N", do_reset, "stage body: after N bytes of content"},
	{"hang-STAGE", do_hang, "says nothing more (at most --max-time)"},
	{"hang-STAGE-N", do_hang, "stage body: stops reading after N bytes"},
	{"take-close", do_take_close, "takes the message, closes without a reply"},
	{"take-reset", do_take_reset, "takes the message, resets the connection"},
	{"take-hang", do_take_hang, "takes the message and says nothing more"},
	{"take-CODE", do_take_code, "takes the message and says CODE all the same"},
	{"delay-STAGE-N", do_delay, "replies N milliseconds late"},
	{"raw-STAGE", do_raw, "says exactly the bytes given: raw-rcpt=\"250-a\\r\\n250 b\\r\\n\""},
	{"SHAPE", do_shape_all, "replies look so: multiline codeonly notext nul eightbit longline"},
	{"SHAPE-N", do_shape_all, "multiline: with N lines"},
	{"SHAPE-STAGE", do_shape, "endless endlessline lf mixedcodes twodigit nocode twice"},
	{"SHAPE-STAGE-N", do_shape, "at one stage only"},
	{"no-ehlo", do_no_ehlo, "500 to EHLO, takes HELO"},
	{"no-ehlo-CODE", do_no_ehlo, "CODE to EHLO, takes HELO"},
	{"no-EXTENSION", do_no, "not offered: pipelining size 8bitmime smtputf8 chunking dsn"},
	{"lie-EXTENSION", do_lie, "offered and not kept; extensions: all of them"},
	{"size-N", do_size, "takes N bytes at most and says so"},
	{"rcpts-N", do_rcpts, "452 4.5.3 to more than N recipients"},
	{"messages-N", do_messages, "421 to MAIL after N messages of a session"},
	{"throttle-N", do_throttle, "421 to more than N sessions at once"},
	{"idle-N", do_idle, "421 after N milliseconds without a command"},
	{"bytewise", do_bytewise, "replies byte by byte"},
	{"bytewise-N", do_bytewise, "N milliseconds between the bytes"},
	{"slow-N", do_slow, "N bytes a second in each direction"},
	{"CODE-STAGE", do_code,
		"says CODE at a stage (421: and closes), text: 451-rcpt=\"4.7.1 ...\""},
	{"CODE-STAGE-N", do_code, "stage body: after N bytes of content"},
};

void lab_behaviour_list(struct buf *out)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		(void)buf_printf(out, "%-20s %s\n", rows[i].form, rows[i].help);
	(void)buf_add_str(out, "stages:");
	for (const struct name *n = stages; n->name; n++)
		(void)buf_printf(out, " %s", n->name);
	(void)buf_add_byte(out, '\n');
}

static bool read_name(const struct name *names, struct span word, unsigned *ret)
{
	for (; names->name; names++)
		if (span_equal_nocase(word, span_str(names->name))) {
			*ret = names->value;
			return true;
		}
	return false;
}

static bool read_value(struct span kind, struct span word, struct words *w)
{
	unsigned value = 0;

	if (span_equal(kind, SPAN_LIT("N")))
		return span_take_number(&word, 1, 9, &w->number) && word.len == 0;
	if (span_equal(kind, SPAN_LIT("CODE")))
		return span_take_number(&word, 3, 3, &w->code) && word.len == 0;
	if (span_equal(kind, SPAN_LIT("STAGE")) && read_name(stages, word, &value)) {
		w->stage = value;
		return true;
	}
	if (span_equal(kind, SPAN_LIT("SHAPE")) && read_name(shapes, word, &value)) {
		w->shape = value;
		return true;
	}
	if (span_equal(kind, SPAN_LIT("STYLE")) && read_name(styles, word, &value)) {
		w->style = value;
		return true;
	}
	return span_equal(kind, SPAN_LIT("EXTENSION")) &&
	       read_name(extensions, word, &w->extension);
}

static struct span take_word(struct span *s)
{
	struct span word = *s;

	if (!span_take_until(s, '-', &word))
		*s = span_slice(*s, s->len, 0);
	return word;
}

static bool fits(const char *form, struct span atom, struct words *w)
{
	struct span rest = span_str(form);

	while (rest.len > 0 && atom.len > 0) {
		struct span kind = take_word(&rest), word = take_word(&atom);
		bool is_value = kind.at[0] >= 'A' && kind.at[0] <= 'Z';

		if (is_value ? !read_value(kind, word, w) : !span_equal_nocase(kind, word))
			return false;
	}
	return rest.len == 0 && atom.len == 0;
}

int lab_atom_read(struct span atom, struct span text, struct lab_behaviour *b)
{
	if (atom.len == 0 || atom.at[atom.len - 1] == '-')
		return -EINVAL;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct words w = {.text = text};

		if (fits(rows[i].form, atom, &w)) {
			rows[i].apply(b, &w);
			return 0;
		}
	}
	return -EINVAL;
}
