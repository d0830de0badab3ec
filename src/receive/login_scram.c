/* SCRAM-SHA-256 and -PLUS in a session (RFC 5802, 7677): lookup has the keys, and proves. */
#include "auth/base64.h"
#include "auth/scram.h"
#include "receive/login.h"
#include <openssl/rand.h>

#define NONCE_BYTES   18U
#define CHALLENGE_MAX 1024U
#define MESSAGE_MAX   8192U

struct exchange {
	struct scram_first first;
	struct scram_final final;
	struct span nonce;     /* ours */
	struct span challenge; /* what we said */
	struct span said;      /* the client's first message */
	uint64_t talk;         /* with who has the keys, where it is not lookup itself */
	unsigned char binding[TLS_BINDING_MAX];
	size_t binding_len;
};

/* What the client binds itself to must be there, and be what its mechanism says. */
static bool bind_to(struct login_talk *t, struct exchange *x)
{
	const struct session *s = t->session;
	const struct encrypt_ops *encrypt = s->server->encrypt;
	enum scram_binding b = x->first.binding;
	bool is_plus = t->mechanism == SASL_SCRAM_SHA_256_PLUS;

	if (!is_plus)
		return b == SCRAM_BINDING_NONE || b == SCRAM_BINDING_NOT_OFFERED;
	if (b != SCRAM_BINDING_END_POINT && b != SCRAM_BINDING_EXPORTER)
		return false;
	ssize_t n = encrypt->binding(s->server->encrypt_self, s->stream,
		b == SCRAM_BINDING_EXPORTER ? TLS_BINDING_EXPORTER : TLS_BINDING_END_POINT,
		x->binding);

	x->binding_len = n > 0 ? (size_t)n : 0;
	return n > 0;
}

/* It says that it can bind and thinks that we can't, though we said so: somebody is between us. */
static bool is_downgraded(const struct login_talk *t, const struct exchange *x)
{
	char room[LOGIN_OFFER_MAX];

	return x->first.binding == SCRAM_BINDING_NOT_OFFERED &&
	       span_find_span(login_offer(t->session, room), SPAN_LIT("-PLUS")) >= 0;
}

static enum reply_id read_first(struct login_talk *t, struct exchange *x)
{
	struct span message = arena_copy(&t->arena, buf_span(&t->response));
	struct buf name = BUF_INIT(SASL_NAME_MAX);
	enum reply_id refusal = SAY_AUTH_BAD_RESPONSE;

	x->said = message;
	if (scram_first_read(message, &x->first) == 0 && bind_to(t, x) &&
		scram_name(x->first.name, &name) == 0)
		refusal = login_begin_try(t, buf_span(&name));
	buf_done(&name);
	return refusal;
}

static bool make_nonce(struct login_talk *t, struct exchange *x)
{
	unsigned char bytes[NONCE_BYTES];
	struct buf text = BUF_INIT(64);
	bool is_random = RAND_bytes(bytes, sizeof bytes) == 1;

	(void)base64_encode(span_of(bytes, sizeof bytes), &text);
	x->nonce = arena_copy(&t->arena, buf_span(&text));
	buf_done(&text);
	return is_random;
}

/* "r=" both nonces "," ...: the words of who has the keys, for the client as they are. */
static enum reply_id pass_on(struct login_talk *t, struct exchange *x)
{
	struct span rest = t->answer.challenge;

	if (rest.len > CHALLENGE_MAX || !span_take_span(&rest, SPAN_LIT("r=")) ||
		!span_take_span(&rest, x->first.nonce) || !span_take_until(&rest, ',', &x->nonce))
		return SAY_INTERNAL_ERROR;
	x->challenge = t->answer.challenge;
	x->talk = t->answer.talk;
	return login_ask(t, x->challenge);
}

static enum reply_id challenge(struct login_talk *t, struct exchange *x)
{
	struct buf text = BUF_INIT(CHALLENGE_MAX);

	if (t->answer.challenge.len > 0)
		return pass_on(t, x);

	if (!make_nonce(t, x))
		return SAY_INTERNAL_ERROR;
	(void)scram_challenge(&x->first, x->nonce, t->answer.salt, t->answer.iterations, &text);
	x->challenge = arena_copy(&t->arena, buf_span(&text));
	bool fits = !text.error;

	buf_done(&text);
	return fits ? login_ask(t, x->challenge) : SAY_INTERNAL_ERROR;
}

/* r = the client's nonce and ours, c = what it said at first and the channel. */
static bool is_of_this(const struct exchange *x)
{
	struct span nonce = x->final.nonce;

	return span_take_span(&nonce, x->first.nonce) && span_equal(nonce, x->nonce) &&
	       scram_is_bound(&x->final, x->first.gs2, span_of(x->binding, x->binding_len));
}

static enum reply_id prove(struct login_talk *t, struct exchange *x)
{
	struct span message = arena_copy(&t->arena, buf_span(&t->response));
	struct buf signed_text = BUF_INIT(MESSAGE_MAX);

	if (scram_final_read(message, &x->final) < 0)
		return SAY_AUTH_BAD_RESPONSE;
	if (!is_of_this(x) || is_downgraded(t, x))
		return login_is_wrong(t, clock_now());
	(void)scram_message(&x->first, x->challenge, &x->final, &signed_text);
	enum reply_id refusal =
		signed_text.error
			? SAY_AUTH_BAD_RESPONSE
			: login_judge(t, &(struct ipc_lookup_auth){.step = IPC_AUTH_PROOF,
						 .message = buf_span(&signed_text),
						 .said = message,
						 .talk = x->talk,
						 .proof = span_of(x->final.proof, SCRAM_KEY)});

	buf_done(&signed_text);
	return refusal;
}

/* The client must see that we know the password too, before it believes that it is us. */
static enum reply_id prove_ourselves(struct login_talk *t)
{
	struct buf text = BUF_INIT(128);
	const struct ipc_lookup_authed right = t->answer;

	(void)buf_add_str(&text, "v=");
	(void)base64_encode(right.signature, &text);
	enum reply_id refusal = login_ask(t, buf_span(&text));

	buf_done(&text);
	if (refusal || t->session->is_closing)
		return refusal;
	return t->response.len == 0 ? REPLY_ID_NONE : SAY_AUTH_BAD_RESPONSE;
}

enum reply_id login_scram(struct login_talk *t)
{
	struct exchange *x = ARENA_NEW(&t->arena, struct exchange);
	enum reply_id refusal = read_first(t, x);

	if (!refusal)
		refusal = login_judge(
			t, &(struct ipc_lookup_auth){.step = IPC_AUTH_SALT, .said = x->said});
	if (!refusal)
		refusal = challenge(t, x);
	if (refusal || t->session->is_closing)
		return refusal;
	refusal = prove(t, x);
	return refusal ? refusal : prove_ourselves(t);
}
