#!/usr/bin/env bash
# The epic's branch is protected on GitHub: that a push may be refused is said before anything is claimed,
# and where one was, the key that lands otherwise. Nothing is lost by it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
. "$(dirname "$0")/github.sh"

asks="takes changes to 'epic/1' only with a pull request, the check 'ci': it may refuse .* \\(forge.land: api"
rules='{"do": "rules", "rules": [
	{"type": "pull_request", "branches": ["epic/*"]},
	{"type": "required_status_checks", "branches": ["epic/*"],
		"parameters": {"required_status_checks": [{"context": "ci"}]}},
	{"type": "non_fast_forward"}]}'
# The classic kind, which says that it is there, and to administrators alone what it is.
person_protects()
{
	person "{\"do\": \"protect\", \"protection\": {\"epic/1\": $1}}"
}

hub_epic 1 '' protected
run ganger "${on_hub[@]}" plan 1
unlike "$(cat "$T/out")" '^note: ' 'a plan: nothing is asked, nothing is said'
person "$rules"
run ganger "${on_hub[@]}" plan 1
out_like "^note: the forge $asks" 'a plan says what will stop the run'
run ganger "${on_hub[@]}" -c forge.land=api plan 1
out_like "^note: each pull request into 'epic/1' is merged only with the check 'ci'$" 'with forge.land: api what will hold it up'
run ganger "${on_hub[@]}" run 1
code_is 2 'without --yes nothing is done'
err_like "$asks" 'what the forge asks of the branch is said where it is asked'
run ganger "${on_hub[@]}" -c forge.land=api run 1
unlike "$(cat "$T/err")" 'takes changes to' 'not where the forge lands'
err_like "each pull request into 'epic/1' is merged only with the check 'ci'$" '… but what will hold it up'
person '{"do": "guard", "branch": "epic/1"}'
before=$(wc -l <"$T/traffic")
go "${on_hub[@]}"
code_is 3 'a push is refused: a person is needed'
err_like "$asks" 'it was said'
first=$(tail -n +$((before + 1)) "$T/traffic" |
	jq -r 'select(.path // "" | test("/rules/branches/epic|/git/refs$")) | .method + " " + .path' | head -2)
is "$first" $'GET /repos/o/r/rules/branches/epic%2F1?per_page=100\nPOST /repos/o/r/git/refs' '… before anything was claimed'
like "$(why t2)" 'GH006: Protected branch update failed.*; forge.land: api lands through pull requests' 'and the reason has its words and the key'
is "$(ran t2)" 1 'the agent worked once'
# What was done is there, and lands by the key that was named.
person '{"do": "check", "name": "ci", "conclusion": "success"}'
go "${on_hub[@]}" -c forge.land=api
code_is 0 'forge.land: api: it lands'
is "$(ran t2) $(landings)" '1 2' 'with what was done before'
is "$(books)" '' 'no rule of conduct was broken'

hub_epic 1 '' classic
git -C "$bare" branch epic/1 main
person_protects '{"required_status_checks": [{"context": "build"}]}'
go "${on_hub[@]}"
hidden='what only its administrators may read, perhaps reviews'
err_like "only with the check 'build', $hidden: it may refuse" 'protection, of the older kind, and that not all of it can be read'
person_protects '{"reviews": 1}'
run ganger "${on_hub[@]}" run 1 --yes
err_like "only with $hidden" '… also where only that it is there can be read'
run ganger "${on_hub[@]}" -c forge.land=api plan 1
out_like "^note: each pull request into 'epic/1' is merged only with $hidden$" '… also where the forge lands'
control conf '{"admin": true}' >/dev/null
run ganger "${on_hub[@]}" plan 1
out_like "^note: the forge takes changes to 'epic/1' only with a pull request, 1 approving review: it may refuse" \
	'an administrator is told'

# Reviews that only the older protection asks for are waited for, whether it can be read or not.
for admin in false true; do
	hub_epic 1 '' "reviews-$admin"
	control conf "{\"admin\": $admin}" >/dev/null
	go "${on_hub[@]}" -c github.pull_requests=final
	person '{"do": "protect", "protection": {"main": {"reviews": 1}}}'
	run ganger "${on_hub[@]}" -c github.pull_requests=final finish 1 --merge
	code_is 4 "a review is missing (administrator: $admin)"
	case $admin in
	true) err_like 'is not merged yet: it waits for 0 of 1 approving reviews$' '… and that is said' ;;
	false) err_like 'is not merged yet: At least 1 approving review is required' '… and that is said, by GitHub' ;;
	esac
	person '{"do": "review"}'
	run ganger "${on_hub[@]}" -c github.pull_requests=final finish 1 --merge
	code_is 0 'with it the epic is finished'
	is "$(wrote merge) $(closed) $(books)" '1 1 2 ' '… and closed, merged once'
done

# Of the final pull request the rules of its base decide. A plan says which, finish what it lacks of them.
hub_epic 1 '' base
person '{"do": "rules", "rules": [{"type": "pull_request", "branches": ["main"],
	"parameters": {"required_approving_review_count": 1}}, {"type": "merge_queue", "branches": ["main"]}]}'
person '{"do": "protect", "protection": {"main": {"required_status_checks": [{"context": "ci"}]}}}'
run ganger "${on_hub[@]}" -c github.pull_requests=final plan 1 --json
is "$(jq -c .notes "$T/out")" "[\"the final pull request into 'main' is merged only with 1 approving review, its merge queue, the check 'ci', $hidden\"]" \
	'a plan says what the end will wait for'
is "$(control asked | jq .writes)" 0 '… and only reads'
go "${on_hub[@]}" -c github.pull_requests=final
code_is 0 'none of it is asked of the epic branch'
finish()
{
	run ganger "${on_hub[@]}" -c github.pull_requests=final finish 1 "$@"
}
finish
code_is 0 'the final pull request is opened'
out_like "^it is merged there only with 0 of 1 approving reviews, the check 'ci', its merge queue$" '… with what it lacks'
finish --merge
code_is 4 'it is not merged yet'
err_like "^warning: the final pull request into 'main' is merged only with 1 approving review, its merge queue, the check 'ci'" \
	'what it will wait for is said first'
err_like "waits for 0 of 1 approving reviews, the check 'ci'" '… and why is said'
person '{"do": "check", "name": "ci", "conclusion": "success"}'
finish --merge
err_like 'waits for 0 of 1 approving reviews$' 'a review is waited for'
is "$(wrote enqueue) $(wrote merge)" '0 0' 'nothing is given to the queue of the base before'
person '{"do": "review"}'
finish --merge
err_like 'it is in the merge queue of its base' 'then the queue of the base has it'
finish --merge
is "$(wrote enqueue) $(wrote merge)" '1 0' '… once, and nothing is merged past it'
person '{"do": "run_queue"}'
finish --merge
code_is 0 'which merged it: the epic is finished'
is "$(pulls | cut -d' ' -f2-) $(closed)" 'merged epic/1 main 1 2' '… and closed'
is "$(books)" '' 'no rule of conduct was broken'

# What cannot be asked is said, and is no reason not to go on.
hub_epic 1 '' silent
strike '{"act": "status", "status": 403, "message": "Resource not accessible", "method": "GET", "route": "*/rules/branches/*", "times": 99}'
run ganger "${on_hub[@]}" plan 1
code_is 0 'a plan where a forge does not tell'
out_like "^note: could not find out what the final pull request into 'main' waits for: .*Resource not accessible" 'says so'
go "${on_hub[@]}"
code_is 0 'a forge that does not tell'
err_like "could not find out whether 'epic/1' may be pushed to: .*Resource not accessible" 'is said'
is "$(landings)" 2 'and all is done'
hub_down
done_testing
