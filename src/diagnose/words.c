#include "diagnose/words.h"
#include "diagnose/sentence.h"
#include <time.h>

static const char *const whose_words[REPLY_LANGS][VERDICT_WHOSE] = {
	[REPLY_LANG_EN] = {"It can't be told yet whose side it is on", "It is on our side",
		"It is on the side of one who sends through us", "It is on the other side",
		"It is in the network in between", "It is nobody's fault: waiting is enough"},
	[REPLY_LANG_DE] = {"Auf wessen Seite es liegt, ist noch nicht zu sagen",
		"Es liegt auf unserer Seite", "Es liegt bei jemandem, der über uns sendet",
		"Es liegt auf der anderen Seite", "Es liegt im Netz dazwischen",
		"Niemand ist schuld: Warten genügt"},
};

static const char *const family_words[REPLY_LANGS][FAMILIES] = {
	[REPLY_LANG_EN] = {"hosts can't be reached", "names can't be looked up",
		"our name or reverse name is refused", "our address has a bad name",
		"the sender can't be verified", "we are slowed down", "encryption fails",
		"the other server is in trouble", "a mailbox does not take mail",
		"there is no such recipient", "we are asked to wait", "content is refused",
		"mail is refused by policy", "something here is not right"},
	[REPLY_LANG_DE] = {"Server sind nicht erreichbar", "Namen lassen sich nicht auflösen",
		"unser Name oder Rückwärtsname wird abgelehnt",
		"unsere Adresse hat einen schlechten Ruf", "der Absender ist nicht zu prüfen",
		"wir werden gebremst", "die Verschlüsselung misslingt",
		"der andere Server hat Schwierigkeiten", "ein Postfach nimmt keine Mail an",
		"den Empfänger gibt es nicht", "wir werden gebeten zu warten",
		"der Inhalt wird abgelehnt", "Mail wird aus Grundsatz abgelehnt",
		"hier stimmt etwas nicht"},
};

static const char *const scope_words[REPLY_LANGS][VERDICT_SCOPES] = {
	[REPLY_LANG_EN] = {"this server", "one recipient", "one message", "one sender", "one site",
		"one of our addresses", "one provider", "everything that goes out"},
	[REPLY_LANG_DE] = {"dieser Server", "ein Empfänger", "eine Nachricht", "ein Absender",
		"ein Ziel", "eine unserer Adressen", "ein Anbieter", "alles, was hinausgeht"},
};

static const char *const advice_words[REPLY_LANGS][ADVICES] = {
	[REPLY_LANG_EN] =
		{
			[ADVICE_WAIT] = "Nothing: it passes, and abide tries again by itself.",
			[ADVICE_CHECK] = "Mend what the check shows.",
			[ADVICE_PORT25] = "Look whether anything gets out to port 25: your own "
					  "firewall first, then ask "
					  "your provider.",
			[ADVICE_RESOLVER] =
				"Look at the resolver: does it run, is it reached, does it answer?",
			[ADVICE_NETWORK] = "Look at what stands between this server and the world: "
					   "firewalls, filters, "
					   "mail gateways.",
			[ADVICE_PTR] = "Have the reverse name of our address set by whoever gave "
				       "it to you.",
			[ADVICE_DELIST] = "Find out who sends what they should not, stop it, and "
					  "then ask the lists to "
					  "take our address off.",
			[ADVICE_SENDER_DOMAIN] =
				"Look at the DNS of the sender's domain: SPF, DKIM, MX.",
			[ADVICE_SLOW_DOWN] =
				"Send less at a time: spread large mailings over more hours.",
			[ADVICE_TLS] = "Look at the clock of this server, and at the TLS settings "
				       "of the route.",
			[ADVICE_TELL_THEM] =
				"Tell the other postmaster: abide letter writes the mail.",
			[ADVICE_TELL_RECIPIENT] =
				"Nothing here: the recipient can be told another way.",
			[ADVICE_TELL_SENDER] = "Tell the sender what was refused.",
			[ADVICE_LOOK_AT_MAIL] = "Look who sends what through this server: an "
						"account may be abused.",
			[ADVICE_LOCAL] = "Correct the configuration of this server (hostname, "
					 "helo, credentials).",
			[ADVICE_INSIDE] = "Look at what has the mailboxes here (LMTP server, "
					  "folders): does it run, is it reached, has it room?",
			[ADVICE_DELIST_THERE] =
				"Ask that operator to take our address off its own list (the reply "
				"says where); look whether spam was sent from here, and tell our "
				"provider if all of its network is listed.",
		},
	[REPLY_LANG_DE] =
		{
			[ADVICE_WAIT] =
				"Nichts: Es geht vorüber, und abide versucht es von selbst wieder.",
			[ADVICE_CHECK] = "Richten Sie, was die Prüfung zeigt.",
			[ADVICE_PORT25] = "Sehen Sie nach, ob etwas nach außen zu Port 25 kommt: "
					  "zuerst die eigene "
					  "Firewall, dann fragen Sie den Provider.",
			[ADVICE_RESOLVER] = "Sehen Sie nach dem Resolver: Läuft er, ist er "
					    "erreichbar, antwortet er?",
			[ADVICE_NETWORK] = "Sehen Sie nach, was zwischen diesem Server und der "
					   "Welt steht: Firewalls, "
					   "Filter, Gateways.",
			[ADVICE_PTR] = "Lassen Sie den Rückwärtsnamen unserer Adresse setzen, von "
				       "dem, der sie vergeben hat.",
			[ADVICE_DELIST] =
				"Finden Sie heraus, wer verschickt, was er nicht soll, unterbinden "
				"Sie es, und "
				"bitten Sie dann die Listen, unsere Adresse zu streichen.",
			[ADVICE_SENDER_DOMAIN] =
				"Sehen Sie nach dem DNS der Absenderdomain: SPF, DKIM, MX.",
			[ADVICE_SLOW_DOWN] = "Senden Sie weniger auf einmal: Verteilen Sie große "
					     "Aussendungen auf mehr "
					     "Stunden.",
			[ADVICE_TLS] = "Sehen Sie nach der Uhr dieses Servers und den "
				       "TLS-Einstellungen der Route.",
			[ADVICE_TELL_THEM] = "Schreiben Sie dem anderen Postmaster: abide letter "
					     "verfasst den Brief.",
			[ADVICE_TELL_RECIPIENT] = "Hier nichts: Der Empfänger ist auf anderem Weg "
						  "zu benachrichtigen.",
			[ADVICE_TELL_SENDER] = "Sagen Sie dem Absender, was abgelehnt wurde.",
			[ADVICE_LOOK_AT_MAIL] = "Sehen Sie nach, wer was über diesen Server "
						"verschickt: Ein Konto kann "
						"missbraucht sein.",
			[ADVICE_LOCAL] = "Berichtigen Sie die Konfiguration dieses Servers "
					 "(hostname, helo, Zugangsdaten).",
			[ADVICE_INSIDE] =
				"Sehen Sie nach dem, was hier die Postfächer hat (LMTP-Server, "
				"Ordner): Läuft es, ist es erreichbar, hat es Platz?",
			[ADVICE_DELIST_THERE] =
				"Bitten Sie diesen Betreiber, unsere Adresse von seiner eigenen "
				"Liste zu "
				"streichen (die Antwort sagt, wo); sehen Sie nach, ob von hier "
				"Spam "
				"ausging, und sagen Sie es unserem Provider, wenn sein ganzes Netz "
				"darauf steht.",
		},
};

const char *words_family(enum verdict_family family, enum reply_lang lang)
{
	return family_words[lang][family];
}

void words_over(const struct alarm *a, enum reply_lang lang, struct buf *out)
{
	(void)buf_printf(out, "%s: %s (%s", lang == REPLY_LANG_DE ? "Das war es" : "It was this",
		family_words[lang][a->family], scope_words[lang][a->scope]);
	if (a->who[0] && a->scope != VERDICT_EVERYTHING)
		(void)buf_printf(out, ": %s", a->who);
	(void)buf_add_str(out, ").");
}

const char *words_whose(enum verdict_whose whose, enum reply_lang lang)
{
	return whose_words[lang][whose];
}

const char *words_check(enum diagnose_check check, enum reply_lang lang)
{
	return sentence_phrase(SENTENCE_CHECK_PTR + check, lang);
}

void words_time(int64_t seconds, struct buf *out)
{
	time_t t = (time_t)seconds;
	struct tm tm;
	char text[40];

	if (gmtime_r(&t, &tm) && strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &tm) > 0)
		(void)buf_add_str(out, text);
}

void words_verdict(const struct verdict *v, enum reply_lang lang, struct buf *out)
{
	bool is_german = lang == REPLY_LANG_DE;

	(void)buf_printf(out, "%s: %s (%s", whose_words[lang][v->whose],
		family_words[lang][v->family], scope_words[lang][v->scope]);
	if (v->who.len > 0)
		(void)buf_printf(out, ": %.*s", SPAN_F(v->who));
	(void)buf_add_str(out, ")");
	if (v->scope != VERDICT_SERVER) {
		(void)buf_add_str(out, is_german ? ", seit " : ", since ");
		words_time(v->since, out);
	}
	(void)buf_add_str(out, ".");
}

void words_advice(const struct verdict *v, enum reply_lang lang, struct buf *out)
{
	if (v->advice != ADVICE_CHECK || !v->check) {
		(void)buf_add_str(out, advice_words[lang][v->advice]);
		return;
	}
	(void)buf_printf(out, "%s: ", words_check(v->check->check, lang));
	sentence_write(v->check->showed, lang, out);
	(void)buf_add_str(out, lang == REPLY_LANG_DE ? ". Abhilfe: " : ". To mend it: ");
	sentence_write(v->check->mend, lang, out);
	(void)buf_add_byte(out, '.');
}

void words_start(const struct verdict *v, enum reply_lang lang, struct buf *out)
{
	bool is_german = lang == REPLY_LANG_DE;

	switch (v->start) {
	case START_SUDDEN:
		(void)buf_add_str(out, is_german
					       ? "Es begann plötzlich: Davor kam dort Mail an."
					       : "It began at once: mail was taken there before.");
		break;
	case START_VOLUME:
		(void)buf_printf(out,
			is_german ? "Es begann %u Minuten, nachdem sich die Menge dorthin "
				    "verdoppelt hatte."
				  : "It began %u min after the volume there had doubled.",
			v->start_minutes);
		break;
	case START_EVENT:
		(void)buf_printf(out,
			is_german ? "Es begann %u Minuten nach diesem Ereignis: "
				  : "It began %u min after ",
			v->start_minutes);
		sentence_write(v->event, lang, out);
		(void)buf_add_byte(out, '.');
		break;
	case START_CREEPING:
		(void)buf_add_str(
			out, is_german ? "Es begann mit einem kleinen Teil und wurde mehr."
				       : "It began with a small part, and has become more.");
		break;
	case START_FIRST:
		(void)buf_add_str(out, is_german ? "Davor wurde dorthin nichts gesendet."
						 : "Nothing was sent there before.");
		break;
	default:
		break;
	}
}
