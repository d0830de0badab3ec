/*
 * ldap_late - libldap's functions, loaded when they are first called (base/late.h).
 */
#include "base/late.h"
#include <ldap.h>

static struct late library = {.file = LIBLDAP};

/* LDAP_OPT_ON is its address, which the library compares with that of LDAP_OPT_OFF, NULL, alone. */
char ber_pvt_opt_on;

LATE(int, ldap_initialize, (LDAP * *ret, const char *uris), (ret, uris), LDAP_LOCAL_ERROR)
LATE(int, ldap_connect, (LDAP * ld), (ld), LDAP_LOCAL_ERROR)
LATE(int, ldap_set_option, (LDAP * ld, int option, const void *value), (ld, option, value),
	LDAP_OPT_ERROR)
LATE(int, ldap_get_option, (LDAP * ld, int option, void *ret), (ld, option, ret), LDAP_OPT_ERROR)
LATE(int, ldap_start_tls, (LDAP * ld, LDAPControl **server, LDAPControl **client, int *ret_message),
	(ld, server, client, ret_message), LDAP_LOCAL_ERROR)
LATE(int, ldap_install_tls, (LDAP * ld), (ld), LDAP_LOCAL_ERROR)
LATE(int, ldap_sasl_bind,
	(LDAP * ld, const char *dn, const char *mechanism, struct berval *password,
		LDAPControl *server[], LDAPControl *client[], int *ret_message),
	(ld, dn, mechanism, password, server, client, ret_message), LDAP_LOCAL_ERROR)
LATE(int, ldap_unbind_ext, (LDAP * ld, LDAPControl **server, LDAPControl **client),
	(ld, server, client), LDAP_LOCAL_ERROR)
LATE(int, ldap_search_ext,
	(LDAP * ld, const char *base, int scope, const char *filter, char **names, int only_names,
		LDAPControl **server, LDAPControl **client, struct timeval *most, int entries,
		int *ret_message),
	(ld, base, scope, filter, names, only_names, server, client, most, entries, ret_message),
	LDAP_LOCAL_ERROR)
LATE(int, ldap_abandon_ext, (LDAP * ld, int message, LDAPControl **server, LDAPControl **client),
	(ld, message, server, client), LDAP_LOCAL_ERROR)
LATE(int, ldap_result, (LDAP * ld, int message, int all, struct timeval *most, LDAPMessage **ret),
	(ld, message, all, most, ret), -1)
LATE(int, ldap_parse_result,
	(LDAP * ld, LDAPMessage *reply, int *ret_code, char **ret_dn, char **ret_text,
		char ***ret_referrals, LDAPControl ***ret_controls, int free_reply),
	(ld, reply, ret_code, ret_dn, ret_text, ret_referrals, ret_controls, free_reply),
	LDAP_LOCAL_ERROR)
LATE(int, ldap_msgfree, (LDAPMessage * reply), (reply), 0)
LATE(LDAPMessage *, ldap_first_entry, (LDAP * ld, LDAPMessage *found), (ld, found), NULL)
LATE(LDAPMessage *, ldap_next_entry, (LDAP * ld, LDAPMessage *entry), (ld, entry), NULL)
LATE(char *, ldap_get_dn, (LDAP * ld, LDAPMessage *entry), (ld, entry), NULL)
LATE(struct berval **, ldap_get_values_len, (LDAP * ld, LDAPMessage *entry, const char *name),
	(ld, entry, name), NULL)
LATE_VOID(ldap_value_free_len, (struct berval * *values), (values))
LATE_VOID(ldap_memfree, (void *at), (at))
LATE(char *, ldap_err2string, (int error), (error), (char *)LIBLDAP " can't be loaded")
