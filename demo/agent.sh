#!/bin/sh
# The demo's agent: it does what the body of its issue says, and makes the mistakes that stand
# there in brackets. It gets what any agent gets: the prompt on standard input, a worktree of
# its own as its folder, and GANGER_* in its environment.
set -eu
prompt=$(cat)

says()
{
	printf '%s\n' "$prompt" | grep -q "^\[.*$1"
}

# The text of a fenced block.
block()
{
	printf '%s\n' "$prompt" | sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/{/^\`\`\`/!p}"
}

echo "I read the issue: $GANGER_TITLE"
sleep 0.7
work=$(block sh)
if [ -z "${GANGER_FEEDBACK_FILE-}" ]; then # the first try
	if says 'hangs'; then
		echo 'I start a server and wait for it.'
		setsid sleep 1000 &
		sleep 1000
	elif says 'usage limit'; then
		echo 'session limit reached · try again in 3 seconds'
		exit 1
	elif says 'does nothing'; then
		echo 'All done! The feature is complete and the tests pass.'
		exit 0
	fi
else
	echo "I read why task $GANGER_TASK did not land: $(head -n 1 "$GANGER_FEEDBACK_FILE")"
	again=$(block 'sh again')
	work=${again:-$work}
fi
echo 'I write the code.'
sh -euc "$work"
sleep 0.7
echo 'I run the tests.'
make -s test
sleep 0.7
if ! says 'forgets to commit'; then
	git add -A
	git commit -q -m "$GANGER_TITLE"
fi
echo 'All done.'
