#include "wire/json.h"

#include <cjson/cJSON.h>
#include <time.h>

const struct cJSON *json_at(const struct cJSON *object, const char *key)
{
	const struct cJSON *j = object ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;

	return j && !cJSON_IsNull(j) ? j : NULL;
}

const char *json_text(const struct cJSON *object, const char *key)
{
	const struct cJSON *j = json_at(object, key);

	return j && cJSON_IsString(j) && j->valuestring ? j->valuestring : "";
}

int64_t json_int(const struct cJSON *object, const char *key)
{
	const struct cJSON *j = json_at(object, key);

	/* A double holds every whole number up to this one. */
	if (!j || !cJSON_IsNumber(j) || !(j->valuedouble > -0x1p53 && j->valuedouble < 0x1p53))
		return 0;
	return (int64_t)j->valuedouble;
}

bool json_true(const struct cJSON *object, const char *key)
{
	return cJSON_IsTrue(json_at(object, key));
}

int64_t json_time(const struct cJSON *object, const char *key)
{
	struct tm tm = {0};
	const char *end = strptime(json_text(object, key), "%Y-%m-%dT%H:%M:%SZ", &tm);

	return end && !*end ? (int64_t)timegm(&tm) * 1000 : 0;
}

struct cJSON *json_parse(struct str text)
{
	return text.n ? cJSON_ParseWithLength(text.p, text.n) : NULL;
}

void json_free(struct cJSON *j)
{
	cJSON_Delete(j);
}

void json_freep(struct cJSON **j)
{
	cJSON_Delete(*j);
}
