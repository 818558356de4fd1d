/* What an agent tells of itself as JSON, for 'ganger logs'. The input: lines. */
#include "ui/cli/stream.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str rest = fuzz_text(data, n), line;
	bool open = false;

	while (str_next(&rest, '\n', &line)) {
		struct buf out CLEANUP(buf_done) = BUF_INIT;
		bool known = stream_text(&out, line, &open);

		/* Nothing of another line's is lost, and a terminal takes no orders. */
		CHECK(known || !out.n);
		CHECK(!out.n || open || out.p[out.n - 1] == '\n');
		for (size_t i = 0; i < out.n; i++)
			CHECK((unsigned char)out.p[i] >= ' ' || out.p[i] == '\n' ||
			      out.p[i] == '\t');
	}
	return 0;
}
