#include "shim/message.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LENGTH "Content-Length:"
#define SPACES 4096

static void begin(struct message *m)
{
	m->n_held = m->n_head = 0;
	m->left = 0;
	m->is_passing = m->is_dropped = false;
}

/* The value of Content-Length; false: there is none that makes sense. */
static bool length_parse(char *head, uint64_t *ret)
{
	char *save = NULL;

	for (char *line = strtok_r(head, "\r\n", &save); line;
	     line = strtok_r(NULL, "\r\n", &save)) {
		const char *p = line + sizeof(LENGTH) - 1;
		uint64_t n = 0;

		if (strncasecmp(line, LENGTH, sizeof(LENGTH) - 1) != 0)
			continue;
		p += strspn(p, " \t");
		if (*p < '0' || *p > '9' || strlen(p) > 12)
			return false;
		for (; *p >= '0' && *p <= '9'; p++)
			n = n * 10 + (uint64_t)(*p - '0');
		*ret = n;
		return n <= MESSAGE_MAX;
	}
	return false;
}

static bool is_named(const struct message *m, const char *method)
{
	char key[MESSAGE_PEEK];
	int n = snprintf(key, sizeof(key), "\"%s\"", method);

	return n > 0 && n < (int)sizeof(key) && strstr(m->held + m->n_head, key);
}

/* As much is held as it takes to know what it is. */
static bool settle(struct message *m)
{
	m->is_passing = true;
	m->held[m->n_held] = '\0';
	for (char **d = m->drop; d && *d; d++)
		m->is_dropped = m->is_dropped || is_named(m, *d);
	return m->is_dropped || m->pass(m->ctx, m->held, m->n_held);
}

/* One byte of the header. */
static bool take_head(struct message *m, char c)
{
	char head[MESSAGE_HEAD_MAX + 1];

	if (m->n_held >= MESSAGE_HEAD_MAX)
		return false;
	m->held[m->n_held++] = c;
	if (m->n_held < 4 || memcmp(m->held + m->n_held - 4, "\r\n\r\n", 4) != 0)
		return true;
	memcpy(head, m->held, m->n_held);
	head[m->n_held] = '\0';
	m->n_head = m->n_held;
	return length_parse(head, &m->left);
}

/* What belongs to the message that has begun, of n bytes. */
static bool take_body(struct message *m, const char *p, size_t n)
{
	size_t room = MESSAGE_PEEK - (m->n_held - m->n_head);

	if (m->is_passing) {
		m->left -= n;
		return m->is_dropped || m->pass(m->ctx, p, n);
	}
	if (n > room)
		n = room;
	memcpy(m->held + m->n_held, p, n);
	m->n_held += n;
	m->left -= n;
	return (m->left && n < room) || settle(m);
}

bool message_take(struct message *m, const char *p, size_t n)
{
	while (n) {
		uint64_t left = m->left;
		size_t most = n < left ? n : (size_t)left;

		if (!m->n_head) {
			if (!take_head(m, *p))
				return false;
			most = 1;
		} else if (!take_body(m, p, most)) {
			return false;
		} else {
			most = (size_t)(left - m->left);
		}
		p += most;
		n -= most;
		if (!m->n_head || m->left)
			continue;
		if (!m->is_passing && !settle(m)) /* it has no body */
			return false;
		begin(m);
	}
	return true;
}

bool message_break(struct message *m)
{
	char spaces[SPACES];
	bool ok = true;

	memset(spaces, ' ', sizeof(spaces));
	while (ok && m->is_passing && !m->is_dropped && m->left) {
		size_t n = m->left < sizeof(spaces) ? (size_t)m->left : sizeof(spaces);

		ok = m->pass(m->ctx, spaces, n);
		m->left -= n;
	}
	begin(m);
	return ok;
}

void message_drop(struct message *m)
{
	if (!m->n_held)
		return;
	m->is_dropped = true;
	if (m->n_head)
		m->is_passing = true;
}
