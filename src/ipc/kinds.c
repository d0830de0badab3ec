#include "ipc/kinds.h"
#include "ipc/messages/commit.h"
#include "ipc/messages/control.h"
#include "ipc/messages/deferrals.h"
#include "ipc/messages/diagnose.h"
#include "ipc/messages/facts.h"
#include "ipc/messages/job.h"
#include "ipc/messages/keys.h"
#include "ipc/messages/login.h"
#include "ipc/messages/lookup.h"
#include "ipc/messages/mailbox.h"
#include "ipc/messages/plain.h"
#include "ipc/messages/resolve.h"
#include "ipc/messages/role.h"
#include "ipc/messages/sites.h"
#include "ipc/messages/trace.h"
#include "ipc/messages/web.h"

const struct ipc_kind ipc_kinds[] = {
	{IPC_ROLE_START, &ipc_role_start_type, IPC_FDS_MAX, false},
	{IPC_ROLE_PEER, &ipc_role_peer_type, 1, false},
	{IPC_ROLE_CONFIG, &ipc_empty_type, IPC_FDS_MAX, false},
	{IPC_ROLE_STOP, &ipc_empty_type, 0, false},
	{IPC_ROLE_READY, &ipc_empty_type, 0, false},
	{IPC_ROLE_CONNECT, &ipc_role_connect_type, 0, false},
	{IPC_ROLE_SIFT, &ipc_role_sift_type, 1, false},

	{IPC_QUEUE_HELLO, &ipc_queue_hello_type, 0, false},
	{IPC_QUEUE_WELCOME, &ipc_queue_welcome_type, 0, false},
	{IPC_CONTENT_MAKE, &ipc_content_name_type, 0, false},
	{IPC_CONTENT_DISCARD, &ipc_content_name_type, 0, false},
	{IPC_COMMIT, &ipc_commit_type, 0, true},
	{IPC_COMMIT_PART, &ipc_content_name_type, 0, true},
	{IPC_RESULT, &ipc_result_type, 1, false},
	{IPC_QUEUE_ROOM, &ipc_queue_room_type, 0, false},

	{IPC_DELIVER_HELLO, &ipc_deliver_hello_type, 0, false},
	{IPC_JOB, &ipc_job_type, 1, true},
	{IPC_JOB_DOT, &ipc_job_dot_type, 0, false},
	{IPC_OUTCOME, &ipc_outcome_type, 0, false},
	{IPC_OUTCOME_ACK, &ipc_job_dot_type, 0, false},
	{IPC_SLOT_END, &ipc_slot_end_type, 0, false},

	{IPC_FACTS_ENTER, &ipc_facts_enter_type, 0, false},
	{IPC_FACTS_VERDICT, &ipc_facts_verdict_type, 0, false},
	{IPC_FACTS_LEAVE, &ipc_facts_enter_type, 0, false},
	{IPC_FACTS_RATE, &ipc_facts_rate_type, 0, false},
	{IPC_FACTS_RATED, &ipc_facts_rated_type, 0, false},
	{IPC_FACTS_GREY, &ipc_facts_grey_type, 0, false},
	{IPC_FACTS_SEEN, &ipc_facts_seen_type, 0, false},
	{IPC_FACTS_PASSED, &ipc_facts_grey_type, 0, false},
	{IPC_FACTS_LEARN, &ipc_facts_learn_type, 0, false},
	{IPC_FACTS_DEFERRED, &ipc_facts_deferred_type, 0, false},
	{IPC_FACTS_ACCEPTED, &ipc_facts_accepted_type, 0, false},
	{IPC_FACTS_WATCH, &ipc_facts_watch_type, 0, false},
	{IPC_FACTS_LOAD, &ipc_facts_load_type, 0, false},
	{IPC_FACTS_TRY, &ipc_facts_try_type, 0, false},
	{IPC_FACTS_PATIENCE, &ipc_facts_patience_type, 0, false},
	{IPC_FACTS_TRIED, &ipc_facts_try_type, 0, false},

	{IPC_CONTROL_LIST, &ipc_control_list_type, 0, false},
	{IPC_CONTROL_MESSAGE, &ipc_control_message_type, 0, false},
	{IPC_CONTROL_CHANGE, &ipc_control_change_type, 0, false},
	{IPC_CONTROL_AUDIT, &ipc_empty_type, 0, false},
	{IPC_CONTROL_FINDING, &ipc_control_finding_type, 0, false},
	{IPC_CONTROL_CONTENT, &ipc_content_name_type, 0, false},
	{IPC_CONTROL_BYTES, &ipc_empty_type, 0, true},
	{IPC_CONTROL_END, &ipc_control_end_type, 0, false},
	{IPC_CONTROL_IDS, &ipc_control_ids_type, 0, true},
	{IPC_CONTROL_TRACE, &ipc_content_name_type, 0, false},
	{IPC_CONTROL_TRY, &ipc_control_try_type, 0, false},
	{IPC_CONTROL_ENDED, &ipc_control_ended_type, 0, false},
	{IPC_CONTROL_SITES, &ipc_control_sites_type, 0, false},
	{IPC_CONTROL_SITE, &ipc_control_site_type, 0, false},
	{IPC_CONTROL_COMPACT, &ipc_empty_type, 0, false},
	{IPC_CONTROL_PROGRESS, &ipc_control_progress_type, 0, false},
	{IPC_CONTROL_PROFILE, &ipc_control_profile_type, 0, false},
	{IPC_CONTROL_DIAGNOSE, &ipc_control_diagnose_type, 0, false},
	{IPC_CONTROL_VERDICT, &ipc_control_verdict_type, 0, false},
	{IPC_CONTROL_CHECK, &ipc_control_check_type, 0, false},

	{IPC_CONTROL_DEFERRALS, &ipc_control_deferrals_type, 0, false},
	{IPC_CONTROL_METER, &ipc_control_meter_type, 0, false},
	{IPC_CONTROL_LOST, &ipc_control_lost_type, 0, false},
	{IPC_CONTROL_LET_IN, &ipc_control_let_in_type, 0, false},

	{IPC_RESOLVE_ASK, &ipc_resolve_ask_type, 0, false},
	{IPC_RESOLVE_ANSWER, &ipc_resolve_answer_type, 0, false},
	{IPC_RESOLVE_ASK_ALL, &ipc_resolve_ask_all_type, 0, false},
	{IPC_RESOLVE_ANSWERS, &ipc_resolve_answers_type, 0, false},
	{IPC_LOOKUP_ASK, &ipc_lookup_ask_type, 0, false},
	{IPC_LOOKUP_ANSWER, &ipc_lookup_answer_type, 0, false},
	{IPC_LOOKUP_RCPT, &ipc_lookup_rcpt_type, 0, false},
	{IPC_LOOKUP_RECIPIENTS, &ipc_lookup_recipients_type, 0, false},
	{IPC_LOOKUP_SENDER, &ipc_lookup_ask_type, 0, false},
	{IPC_LOOKUP_AUTH, &ipc_lookup_auth_type, 0, false},
	{IPC_LOOKUP_AUTHED, &ipc_lookup_authed_type, 0, false},
	{IPC_LOOKUP_POLICY, &ipc_lookup_policy_type, 0, false},
	{IPC_LOOKUP_ADVICE, &ipc_lookup_advice_type, 0, false},
	{IPC_KEYS_GET, &ipc_keys_get_type, 0, false},
	{IPC_KEYS_CHAINS, &ipc_keys_chains_type, 0, false},
	{IPC_KEYS_SIGN, &ipc_keys_sign_type, 0, false},
	{IPC_KEYS_SIGNATURE, &ipc_keys_signature_type, 0, false},
	{IPC_KEYS_TICKETS, &ipc_empty_type, 0, false},
	{IPC_KEYS_TICKET_KEYS, &ipc_keys_ticket_keys_type, 0, false},
	{IPC_KEYS_DKIM, &ipc_keys_dkim_type, 0, false},
	{IPC_KEYS_DKIM_SIGNED, &ipc_keys_dkim_signed_type, 0, false},
	{IPC_MAILBOX_STORE, &ipc_mailbox_store_type, 1, true},
	{IPC_MAILBOX_STORED, &ipc_mailbox_stored_type, 0, false},
	{IPC_DIAGNOSE_LOOK, &ipc_diagnose_look_type, 0, false},
	{IPC_DIAGNOSE_LOOKED, &ipc_diagnose_looked_type, 0, false},
	{IPC_DIAGNOSE_ALARM, &ipc_diagnose_alarm_type, 0, false},
	{IPC_DIAGNOSE_MAIL, &ipc_diagnose_mail_type, 0, false},
	{IPC_DIAGNOSE_MAILED, &ipc_diagnose_mailed_type, 0, false},
	{IPC_WEB_LOOK, &ipc_empty_type, 0, false},
	{IPC_WEB_SEEN, &ipc_web_seen_type, 0, false},
	{IPC_WEB_LIST, &ipc_control_list_type, 0, false},
	{IPC_WEB_MESSAGES, &ipc_web_messages_type, 0, false},
	{IPC_WEB_METERS, &ipc_empty_type, 0, false},
	{IPC_WEB_METERED, &ipc_web_metered_type, 0, false},
};
const size_t ipc_kinds_n = sizeof ipc_kinds / sizeof ipc_kinds[0];
