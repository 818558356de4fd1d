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
person "$rules"
run ganger "${on_hub[@]}" run 1
code_is 2 'without --yes nothing is done'
err_like "$asks" 'what the forge asks of the branch is said where it is asked'
run ganger "${on_hub[@]}" -c forge.land=api run 1
unlike "$(cat "$T/err")" 'takes changes to' 'not where the forge lands'
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
err_like "only with the check 'build': it may refuse" 'protection, of the older kind'
person_protects '{"reviews": 1}'
run ganger "${on_hub[@]}" run 1 --yes
err_like 'only with what only its administrators may read' '… also where only that it is there can be read'

# What cannot be asked is said, and is no reason not to go on.
hub_epic 1 '' silent
strike '{"act": "status", "status": 403, "message": "Resource not accessible", "method": "GET", "route": "*/rules/branches/*", "times": 99}'
go "${on_hub[@]}"
code_is 0 'a forge that does not tell'
err_like "could not find out whether 'epic/1' may be pushed to: .*Resource not accessible" 'is said'
is "$(landings)" 2 'and all is done'
hub_down
done_testing
