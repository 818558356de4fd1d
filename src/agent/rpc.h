#ifndef AGENT_RPC_H
#define AGENT_RPC_H

#include "agent/talk.h"

/* JSON-RPC 2.0 over a talk. All take over params and result, NULL: none. */

/* A request; returns its id, which counts up from 1. */
int64_t rpc_call(struct agent_talk *t, const char *method, cJSON *params);
void rpc_notify(struct agent_talk *t, const char *method, cJSON *params);
/* Answers to a request of the program's. */
void rpc_reply(struct agent_talk *t, const cJSON *request, cJSON *result);
void rpc_refuse(struct agent_talk *t, const cJSON *request);

/* A request of the program's, that waits for an answer. */
bool rpc_is_request(const cJSON *o);
/* The id of a call that this is the answer to; 0: it is none. */
int64_t rpc_answered(const cJSON *o);
/* Why a call was refused, in words; "": it was not. Put together from message and details. */
void rpc_error(const cJSON *o, struct buf *ret);

const cJSON *rpc_params(const cJSON *o);
const cJSON *rpc_result(const cJSON *o);
/* A member of an object; NULL where there is none. */
const cJSON *rpc_get(const cJSON *o, const char *key);

#endif
