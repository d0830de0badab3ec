/*
 * reply_texts - all that abide says to people about replies, in each language.
 *
 * Const tables that the build makes of reply/texts.txt and its translations;
 * pure, allocates nothing. A text is a template (reply/template.h); one that
 * is not translated is there in English.
 */
#pragma once
#include "reply/id.h"
#include "reply/taxonomy.h"
#include "reply/variant_id.h"
#include "reply/words.h"

enum reply_lang { REPLY_LANG_EN, REPLY_LANG_DE, REPLY_LANGS };

/* What is said about a thing. */
enum reply_part {
	REPLY_HAPPENED, /* what has happened */
	REPLY_ADVICE,   /* what an administrator can do */
	REPLY_WRITER,   /* what the person who wrote the mail can do */
	REPLY_PARTS
};

enum reply_note {
	REPLY_NOTE_WORTH_AGAIN,
	REPLY_NOTE_HOPELESS,
	REPLY_NOTE_UNSURE,
	REPLY_NOTE_WHY_ENTRY,
	REPLY_NOTE_WHY_OWN,
	REPLY_NOTE_WHY_RULE,
	REPLY_NOTE_WHY_STATUS,
	REPLY_NOTE_WHY_WITHOUT,
	REPLY_NOTE_WHY_TOGETHER,
	REPLY_NOTE_WHY_NEXT,
	REPLY_NOTE_WHY_TRIAL,
	REPLY_NOTES
};

/* Headings and such of what a terminal shows. */
enum reply_label {
	REPLY_LABEL_HAPPENED,
	REPLY_LABEL_SIDE,
	REPLY_LABEL_DEED,
	REPLY_LABEL_ADVICE,
	REPLY_LABEL_WRITER,
	REPLY_LABEL_INNER,
	REPLY_LABEL_READING,
	REPLY_LABEL_SURE,
	REPLY_LABEL_FOR,
	REPLY_LABEL_HOST,
	REPLY_LABEL_STAGE,
	REPLY_LABEL_REPLY,
	REPLY_LABEL_ACTION,
	REPLY_LABEL_STATUS,
	REPLY_LABEL_WHY,
	REPLY_LABEL_NOTICE_SUBJECT, /* from here on: of the notice that a sender gets */
	REPLY_LABEL_NOTICE_SERVER,
	REPLY_LABEL_NOTICE_ONE,
	REPLY_LABEL_NOTICE_SEVERAL,
	REPLY_LABEL_NOTICE_WRITER,
	REPLY_LABEL_NOTICE_ADMIN,
	REPLY_LABEL_NOTICE_WORDS,
	REPLY_LABEL_NOTICE_DETAIL,
	REPLY_LABEL_NOTICE_ENGLISH,
	REPLY_LABEL_NOTICE_SUBJECT_DELAYED,
	REPLY_LABEL_NOTICE_SUBJECT_STILL, /* told before */
	REPLY_LABEL_NOTICE_SUBJECT_DELIVERED,
	REPLY_LABEL_NOTICE_SUBJECT_RELAYED,
	REPLY_LABEL_NOTICE_SUBJECT_EXPANDED,
	REPLY_LABEL_NOTICE_SUBJECT_NOW,
	REPLY_LABEL_NOTICE_DELAYED,
	REPLY_LABEL_NOTICE_STILL,
	REPLY_LABEL_NOTICE_CHANGE,
	REPLY_LABEL_NOTICE_DELIVERED,
	REPLY_LABEL_NOTICE_RELAYED,
	REPLY_LABEL_NOTICE_EXPANDED,
	REPLY_LABEL_NOTICE_NOW_DELIVERED,
	REPLY_LABEL_NOTICE_NOW_RELAYED,
	REPLY_LABEL_NOTICE_NEXT,
	REPLY_LABEL_NOTICE_SOON,
	REPLY_LABEL_NOTICE_AGAIN,
	REPLY_LABEL_NOTICE_MANY_NEXT,
	REPLY_LABEL_NOTICE_MANY_UNTIL,
	REPLY_LABEL_NOTICE_UNTIL,
	REPLY_LABEL_NOTICE_MORE,
	REPLY_LABEL_NOTICE_OTHERS,
	REPLY_LABEL_NOTICE_MANY,
	REPLY_LABEL_NOTICE_SUBJECT_MANY,
	REPLY_LABEL_NOTICE_RETURNED_HEADER,
	REPLY_LABEL_NOTICE_RETURNED_ALL,
	REPLY_LABEL_NOTICE_ABOUT,
	REPLY_LABEL_NOTICE_ABOUT_TIME,
	REPLY_LABEL_NOTICE_ADDRESS,
	REPLY_LABEL_PERSON_SUBJECT, /* from here on: of the mail that a postmaster gets */
	REPLY_LABEL_PERSON_SUBJECT_REFUSED,
	REPLY_LABEL_PERSON_SUBJECT_STUCK,
	REPLY_LABEL_PERSON_SUBJECT_OVER,
	REPLY_LABEL_PERSON_SUBJECT_ALARM,
	REPLY_LABEL_PERSON_SUBJECT_ALARM_OVER,
	REPLY_LABEL_PERSON_WAITS,
	REPLY_LABEL_PERSON_REFUSED,
	REPLY_LABEL_PERSON_STUCK,
	REPLY_LABEL_PERSON_OVER,
	REPLY_LABEL_PERSON_ALARM,
	REPLY_LABEL_PERSON_ALARM_OVER,
	REPLY_LABEL_PERSON_SITE,
	REPLY_LABEL_PERSON_PEER,
	REPLY_LABEL_PERSON_SOURCE,
	REPLY_LABEL_PERSON_RECIPIENT,
	REPLY_LABEL_PERSON_SENDER,
	REPLY_LABEL_PERSON_MESSAGE,
	REPLY_LABEL_PERSON_REPLY,
	REPLY_LABEL_PERSON_FOUND,
	REPLY_LABEL_PERSON_SUPPORTS,
	REPLY_LABEL_PERSON_CONTRADICTS,
	REPLY_LABEL_PERSON_ADVICE,
	REPLY_LABEL_PERSON_WAS,
	REPLY_LABEL_PERSON_MORE,
	REPLY_LABEL_PERSON_COMMANDS,
	REPLY_LABEL_PERSON_DIAGNOSE,
	REPLY_LABEL_PERSON_ONCE,
	REPLY_LABELS
};

enum reply_unit {
	REPLY_UNIT_DAY,
	REPLY_UNIT_DAYS,
	REPLY_UNIT_HOUR,
	REPLY_UNIT_HOURS,
	REPLY_UNIT_MINUTE,
	REPLY_UNIT_MINUTES,
	REPLY_UNIT_SECOND,
	REPLY_UNIT_SECONDS,
	REPLY_UNITS
};

/* "de", "de_AT.UTF-8": false for a language that there are no texts in. */
bool reply_lang_parse(struct span name, enum reply_lang *ret);

/* "" where there is nothing to say. */
const char *reply_cause_words(enum reply_lang lang, enum reply_cause cause, enum reply_part part);
/* NULL: what is said about the cause. */
const char *reply_variant_words(enum reply_lang lang, enum reply_variant v, enum reply_part part);
const char *reply_entry_words(enum reply_lang lang, enum reply_id id, enum reply_part part);

/* What a reply answers, as people say it; "" where that is not known. */
const char *reply_stage_words(enum reply_lang lang, enum reply_stage stage);
const char *reply_side_words(enum reply_lang lang, enum reply_side side);
/* What is done about a reply; states_wait: that says when. */
const char *reply_deed_words(enum reply_lang lang, enum reply_action action, bool states_wait);
const char *reply_note_words(enum reply_lang lang, enum reply_note note);
const char *reply_label_words(enum reply_lang lang, enum reply_label label);
const char *reply_unit_words(enum reply_lang lang, enum reply_unit unit);
/* For each kind of word, what stands in its place where it is absent. */
const char *const *reply_absent_words(enum reply_lang lang);
