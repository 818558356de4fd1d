#include "agent/rpc.h"

#define METHOD_NOT_FOUND (-32601)

static cJSON *message(void)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "jsonrpc", "2.0");
	return o;
}

static void add(cJSON *o, const char *key, cJSON *item)
{
	if (item)
		cJSON_AddItemToObject(o, key, item);
}

int64_t rpc_call(struct agent_talk *t, const char *method, cJSON *params)
{
	cJSON *o = message();
	int64_t id = t->next_id++;

	cJSON_AddNumberToObject(o, "id", (double)id);
	cJSON_AddStringToObject(o, "method", method);
	add(o, "params", params);
	talk_say(t, o);
	return id;
}

void rpc_notify(struct agent_talk *t, const char *method, cJSON *params)
{
	cJSON *o = message();

	cJSON_AddStringToObject(o, "method", method);
	add(o, "params", params);
	talk_say(t, o);
}

static cJSON *answer_to(const cJSON *request)
{
	const cJSON *id = rpc_get(request, "id");
	cJSON *o = message();

	add(o, "id", id ? cJSON_Duplicate(id, true) : cJSON_CreateNull());
	return o;
}

void rpc_reply(struct agent_talk *t, const cJSON *request, cJSON *result)
{
	cJSON *o = answer_to(request);

	add(o, "result", result ? result : cJSON_CreateObject());
	talk_say(t, o);
}

void rpc_refuse(struct agent_talk *t, const cJSON *request)
{
	cJSON *o = answer_to(request), *error = cJSON_AddObjectToObject(o, "error");

	cJSON_AddNumberToObject(error, "code", METHOD_NOT_FOUND);
	cJSON_AddStringToObject(error, "message", "not supported");
	talk_say(t, o);
}

bool rpc_is_request(const cJSON *o)
{
	return record_text(o, "method") && rpc_get(o, "id");
}

int64_t rpc_answered(const cJSON *o)
{
	return record_text(o, "method") ? 0 : record_count(o, "id");
}

void rpc_error(const cJSON *o, struct buf *ret)
{
	const cJSON *error = rpc_get(o, "error"), *data = rpc_get(error, "data");
	const char *text = record_text(error, "message");
	const char *more = cJSON_GetStringValue(data);

	more = more ? more : record_text(data, "details");
	more = more ? more : record_text(data, "message");
	if (!error || cJSON_IsNull(error))
		return;
	buf_puts(ret, text ? text : "it refused without a reason");
	if (more)
		buf_printf(ret, ": %s", more);
}

const cJSON *rpc_params(const cJSON *o)
{
	return rpc_get(o, "params");
}

const cJSON *rpc_result(const cJSON *o)
{
	return rpc_get(o, "result");
}

const cJSON *rpc_get(const cJSON *o, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(o, key);
}
