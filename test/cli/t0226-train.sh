#!/usr/bin/env bash
# queue.slots: several entries are tested at once, each on the merge of the one before it; they
# land in their order. One that is red in the middle is sent back, and a kill changes nothing.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"

# As 'hold', for the agents that come after the first.
hold_agents()
{
	exec 5>"$T/second" && flock 5
	exec 6>"$T/later" && flock 6
}

# Four checks wait side by side: first, then bad, then two more.
fill()
{
	scene "$1"
	: >"$T/gates"
	for title in first bad third fourth; do
		task "$title"
		does "$title" 'flock -s "$T/later" true; echo x >"$GANGER_TITLE"; git add -A; git commit -qm x'
	done
	does first 'echo x >first; git add -A; git commit -qm x'
	does bad 'flock -s "$T/second" true; echo x >"bad$GANGER_ATTEMPT"; rm -f bad1.broken
if [ "$GANGER_ATTEMPT" = 1 ]; then echo x >bad1.broken; fi; git add -A; git commit -qm x'
	hold
	hold_agents
	start -c queue.slots=4 -c queue.check="$check"
	ok 'the first is tested' wait_lines "$T/gates" 1
	flock -u 5
	ok 'the second beside it' wait_lines "$T/gates" 2
	flock -u 6
	ok 'and two more' wait_lines "$T/gates" 4
}

# The base passes at once; a merge says where it is, and waits. (No agent is told to wait for it.)
check='ls | grep -q -e first || exit 0
echo "$GANGER_SLOT $PWD" >>"'$T'/gates"; flock -s "'$T'/gate" true; [ ! -e bad1.broken ]'

fill train
is "$(cut -d ' ' -f 1 "$T/gates" | sort -u | wc -l)" 4 'each has a number of its own'
is "$(cut -d ' ' -f 2 "$T/gates" | sort -u | wc -l)" 4 'and a worktree'
is "$(landings | wc -w)" 0 'nothing has landed'
release
ended
code_is 0 'all of them land'
is "$(landings | wc -w)" 4 'each once'
is "$(landings | cut -d ' ' -f 1)" "${id[first]}" 'the first before the others'
is "$(ran bad) $(ran first) $(ran third) $(ran fourth)" '2 1 1 1' 'the red one was sent back, alone'
is "$(git show "epic/$epic:bad2")" x 'it went on from its own commits'
not_ok 'and mended them' has bad1.broken
nothing_left 'nothing is left'

# kill -9 while four are tested.
fill killed
killed
is "$(landings | wc -w)" 0 'nothing has landed'
start -c queue.slots=4 -c queue.check="$check"
ok 'the next one adopts the checks' wait_file "$T/run.err" 'adopted process'
release
ended
code_is 0 'all of them land'
is "$(landings | tr ' ' '\n' | sort -u | wc -l) $(landings | wc -w)" '4 4' 'each once'
is "$(ran bad) $(ran first) $(ran third) $(ran fourth)" '2 1 1 1' 'no agent ran twice for it'
nothing_left 'nothing is left'

done_testing
