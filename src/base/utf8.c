#include "base/utf8.h"

#include <string.h>

/*
 * What may follow a leading byte: how many bytes in all, and the range of the second one,
 * which keeps out overlong forms, surrogates and what lies above U+10FFFF.
 */
static const struct {
	unsigned char first, last;
	unsigned char length;
	unsigned char low, high;
} leads[] = {
	{0x00, 0x7f, 1, 0x00, 0x00},
        {0xc2, 0xdf, 2, 0x80, 0xbf},
        {0xe0, 0xe0, 3, 0xa0, 0xbf},
	{0xe1, 0xec, 3, 0x80, 0xbf},
        {0xed, 0xed, 3, 0x80, 0x9f},
        {0xee, 0xef, 3, 0x80, 0xbf},
	{0xf0, 0xf0, 4, 0x90, 0xbf},
        {0xf1, 0xf3, 4, 0x80, 0xbf},
        {0xf4, 0xf4, 4, 0x80, 0x8f},
};

size_t utf8_length(const char *p, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t row = 0, length;

	if (!n)
		return 0;
	while (row < sizeof(leads) / sizeof(leads[0]) && u[0] > leads[row].last)
		row++;
	if (row == sizeof(leads) / sizeof(leads[0]) || u[0] < leads[row].first)
		return 0;
	length = leads[row].length;
	if (length > n)
		return 0;
	if (length > 1 && (u[1] < leads[row].low || u[1] > leads[row].high))
		return 0;
	for (size_t i = 2; i < length; i++) {
		if (u[i] < 0x80 || u[i] > 0xbf)
			return 0;
	}
	return length;
}

void utf8_mend(char *s)
{
	size_t n = strlen(s), tail = 0;

	/* The leading byte is among the last three, or what is there was no character before. */
	while (tail < 3 && tail < n && ((unsigned char)s[n - 1 - tail] & 0xc0) == 0x80)
		tail++;
	if (tail == n || (unsigned char)s[n - 1 - tail] < 0xc0)
		return;
	if (!utf8_length(s + n - 1 - tail, tail + 1))
		s[n - 1 - tail] = '\0';
}
