/*
 * behaviour - what a lab peer does at each stage of a session, read from short names.
 *
 * A behaviour is a list of atoms with commas between them: "greylist-5",
 * "no-pipelining,451-data", `550-rcpt="5.1.1 No such user"`. Atoms that say
 * nothing about a thing leave it as it was, so behaviours can be laid over
 * each other. Texts belong to the arena that was given. Never logs or waits.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

enum lab_stage {
	LAB_CONNECT,
	LAB_HELO,
	LAB_MAIL,
	LAB_RCPT,
	LAB_DATA,
	LAB_BODY, /* after so many bytes of content */
	LAB_EOD,  /* after the end of the content */
	LAB_RSET,
	LAB_NOOP,
	LAB_QUIT,
	LAB_STAGES,
};

enum lab_act { LAB_NORMAL, LAB_REPLY, LAB_RAW, LAB_CLOSE, LAB_RESET, LAB_HANG };

enum lab_shape {
	LAB_PLAIN,
	LAB_MULTILINE,   /* so many lines, 3 by default */
	LAB_CODEONLY,    /* "250" */
	LAB_NOTEXT,      /* "250 " */
	LAB_NUL,         /* NUL bytes in the text */
	LAB_EIGHTBIT,    /* Latin-1 and broken UTF-8 in the text */
	LAB_LONGLINE,    /* one line of 1 MB */
	LAB_ENDLESS,     /* lines that never end the reply */
	LAB_ENDLESSLINE, /* a line that never ends */
	LAB_LF,          /* bare LF ends the line */
	LAB_MIXEDCODES,  /* the lines before the last carry another code */
	LAB_TWODIGIT,    /* "25 text" */
	LAB_NOCODE,      /* text without a code */
	LAB_TWICE,       /* the reply, and another that nobody asked for */
	LAB_SHAPES,
};

enum lab_extension {
	LAB_PIPELINING = 1,
	LAB_SIZE = 2,
	LAB_8BITMIME = 4,
	LAB_SMTPUTF8 = 8,
	LAB_CHUNKING = 16,
	LAB_DSN = 32,
	LAB_STATUSCODES = 64,
	LAB_ALL_EXTENSIONS = 127,
};

enum lab_style { LAB_STYLE_NONE, LAB_POSTGREY, LAB_HMS, LAB_SECONDS, LAB_MINUTES, LAB_UNSTATED };

struct lab_step {
	enum lab_act act;
	unsigned code;     /* LAB_REPLY */
	struct span text;  /* after the code, or LAB_RAW's bytes; empty: a text that fits */
	bool take;         /* the message is recorded as taken all the same */
	bool close_after;  /* the session ends after the reply */
	uint64_t after;    /* LAB_BODY: bytes of content before it happens */
	unsigned delay_ms; /* before the reply */
	enum lab_shape shape;
	unsigned shape_n;
	unsigned first_tries; /* only for the first so many tries of a triple; 0: always */
};

struct lab_behaviour {
	struct lab_step at[LAB_STAGES];
	unsigned hidden;    /* extensions not offered */
	unsigned lies;      /* extensions offered and not kept */
	unsigned ehlo_code; /* refuses EHLO with it; 0: takes it */
	uint64_t size;      /* largest message, as SIZE says; 0: none stated */
	unsigned max_recipients, max_messages, max_connections; /* 0: no limit */
	enum lab_style greylist_style;
	unsigned greylist_s;
	unsigned byte_ms; /* replies byte by byte, so many milliseconds apart */
	bool bytewise;
	unsigned rate;    /* bytes a second in each direction; 0: as fast as can be */
	unsigned idle_ms; /* 421 after so much idling; 0: never */
	bool mixed;       /* recipients get 250, 451, 550 in turn */
	bool data_anyway; /* 354 without any recipient */
};

/*
 * Lays what spec says over *b. 0, or -EINVAL: then *b is part done and *ret_bad
 * is the atom that was not understood. Texts ("=...") are kept in texts; NULL:
 * they are left out.
 */
int lab_behaviour_read(
	struct span spec, struct arena *texts, struct lab_behaviour *b, struct span *ret_bad);
/* Lays upper over *b: what upper says wins. */
void lab_behaviour_lay(struct lab_behaviour *b, const struct lab_behaviour *upper);
/* One line an atom: its form and what it does. */
void lab_behaviour_list(struct buf *out);
const char *lab_stage_name(enum lab_stage stage);
