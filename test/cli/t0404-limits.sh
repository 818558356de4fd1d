#!/usr/bin/env bash
# Why a run or an attempt went no further: money, tokens, a folder that is not there, no name.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
scene
task first
task second first
for title in first second; do
	does $title 'echo x >$GANGER_TASK
		echo "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"total_cost_usd\":0.6,\"usage\":{\"input_tokens\":100,\"output_tokens\":10}}"'
done
go --json -c limits.cost=0.5
code_is 1 'out of money with work left: exit 1'
is "$(jq -c '[.status, .completed, .failed, .cost_usd]' "$T/out")" '["stopped",1,0,0.6]' \
	'nothing has failed: it is stopped'
err_like 'limits\.cost is reached: nothing more is started' 'and says by what'
like "$(ganger status "$epic")" '^ended: stopped; limits\.cost is reached' 'so does the status'
go -c limits.cost=0.5
code_is 1 'it does not go on by itself'
is "$(ran second)" 0 'nothing was started'
go -c limits.tokens=100
code_is 1 'tokens are limited as well'
out_like 'limits\.tokens is reached' 'and named'
go -c limits.cost=2
code_is 0 'with more it goes on'
unlike "$(ganger status "$epic")" 'reached' 'and the reason is gone'

# What one task may cost: it ends its further attempts, and no other task's.
scene dear
task dear
task cheap
does dear 'echo "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":true,\"total_cost_usd\":0.3,\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}"; exit 1'
does cheap 'echo x >cheap; echo "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"total_cost_usd\":0.1,\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}"'
go -c limits.task_cost=0.5 -c limits.attempts=5
code_is 1 'a task that costs too much: exit 1'
is "$(ran dear)" 2 'an attempt that passes the limit is its last'
like "$(why dear)" '^limits\.task_cost is reached' 'and the reason is the limit'
is "$(state dear)" failed 'it has failed'
is "$(state cheap)" closed 'the other one has landed'

# What an agent does not tell holds it to nothing, which is said beforehand.
scene told
task one
# says KIND LIMIT [PATTERN]: what plan has to say of it; nothing.
says()
{
	run ganger -c "agents.it.kind=$1" -c "limits.$2=1" "${price[@]}" plan "$epic"
	[ "${3:-}" ] && out_like "^note: limits\\.$2 $3" "$1: limits.$2 ${3%% *} hold" && return
	unlike "$(cat "$T/out")" '^note: limits' "$1: limits.$2 holds${price[*]:+ with a price}"
}
price=()
for limit in cost task_cost; do
	says codex $limit "does not hold for agent 'it': kind 'codex' tells no cost; .* set agents\\.it\\.price_in and price_out$"
	says acp $limit "may not hold for agent 'it': not every program of kind 'acp' tells its cost$"
	says claude $limit
done
says codex attempt_cost "does not hold .* tells no cost while it works, and its command does not use .GANGER_ATTEMPT_COST"
says claude attempt_cost "does not hold"
says command tools "does not hold for agent 'it': kind 'command' tells no tools while it works$"
says command attempt_tokens "does not hold for agent 'it': kind 'command' tells no tokens while it works$"
says command tokens "may not hold"
for limit in tokens attempt_tokens tools; do
	says copilot $limit
done
price=(-c agents.it.price_out=3)
for limit in cost task_cost attempt_cost; do
	says copilot $limit
done
# By the price of its tokens a run has an end, too.
scene priced
task first
task second first
for title in first second; do
	does $title 'echo x >$GANGER_TASK
		echo "{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":500000,\"output_tokens\":10000}}"'
done
go --json -c limits.cost=0.5 -c agents.it.price_in=1 -c agents.it.price_out=10
is "$(jq -c '[.status, .completed, .cost_usd]' "$T/out")" '["stopped",1,0.6]' \
	'where tokens have a price, they count against limits.cost'

scene folder
task one
go -c agents.it.cwd=nowhere -c limits.attempts=1
code_is 1 'an agent that cannot be started: exit 1'
like "$(why one)" '^could not be started: .*nowhere' 'and the reason why'

# A wait of its own or none: each time it is said why there is another attempt.
scene again
task fails
does fails 'echo "attempt $GANGER_ATTEMPT"; exit 3'
go -c retry.delay=0 -c limits.attempts=3
for n in 1 2; do
	out_like "  ready +to be tried again: exit 3: attempt $n$" "after attempt $n, which is not waited for"
done
is "$(grep -c 'ready\|waiting' "$T/out")" 2 'once each'

# Nobody has told Git who the user is.
scene nobody
task commits
does commits 'echo x >x; git add x; git commit -qm "by the agent"'
rm "$HOME/.gitconfig"
go -c limits.attempts=1
code_is 0 'an agent can commit all the same'
is "$(git log -1 --format='%an <%ae>' "refs/ganger/$epic/${id[commits]}/1")" 'ganger <ganger@localhost>' \
	'as what ganger commits itself'
done_testing
