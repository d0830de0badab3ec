#include "receive/server.h"
#include "ipc/role.h"
#include "receive/content.h"

/* A reply of EHLO or HELP, an address, or a Received field with long names. */
#define SMALL_TEXT_MAX (16U * 1024)

void server_init(struct server *v)
{
	*v = (struct server){.born = (uint32_t)(clock_wall_ms() / 1000)};
	list_init(&v->sessions);
	list_init(&v->active);
	load_init(&v->load, -1);
	task_gate_init(&v->left);
	pool_init(&v->replies, SMALL_TEXT_MAX);
	pool_init(&v->contents, CONTENT_HELD_MAX);
}

void server_done(struct server *v)
{
	load_done(&v->load);
	pool_done(&v->replies);
	pool_done(&v->contents);
}

const struct conf *server_conf(const struct server *v)
{
	return v->role ? role_conf_now(v->role) : v->conf;
}

const struct conf *server_conf_get(struct server *v)
{
	return v->role ? role_conf_get(v->role) : v->conf;
}

void server_conf_put(struct server *v, const struct conf *conf)
{
	if (v->role)
		role_conf_put(conf);
}
