#!/usr/bin/env bash
# The repository, or a rule of the epic's branch, does not allow the method by which GitHub is to merge: that is
# said before anything is pushed or claimed, with the key that changes it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
. "$(dirname "$0")/github.sh"

# untouched NAME: nothing was claimed, pushed or begun.
untouched()
{
	is "$code $(control asked | jq .writes) $(git -C "$bare" for-each-ref --format='%(refname)') $(wc -l <"$T/ran")" \
		'2 0 refs/heads/main 0' "$1"
}

only="queue.method is 'merge', and the forge merges into 'epic/1' only by"
hub_epic 1 '' methods
person '{"do": "methods", "methods": ["squash", "rebase"]}'
run ganger "${on_hub[@]}" -c forge.land=api plan 1
out_like "^note: .*$only 'squash', 'rebase'; set queue.method to squash" 'a plan says what will stop the run'
go "${on_hub[@]}" -c forge.land=api
untouched 'a method that the repository does not allow: nothing is begun'
err_like "^error: .*forge.land 'api': $only 'squash', 'rebase'" 'it says which are'
err_like 'set queue.method to squash' '… and the key'
run ganger "${on_hub[@]}" plan 1
unlike "$(cat "$T/out")" 'queue.method' 'not where ganger lands by itself'
go "${on_hub[@]}" -c forge.land=api -c queue.method=squash
is "$code $(landings) $(books)" '0 2 ' 'with the key it lands'

# A rule of the branch has a say as well.
hub_epic 1 '' rule
person '{"do": "rules", "rules": [{"type": "pull_request", "branches": ["epic/*"], "parameters": {"allowed_merge_methods": ["merge"]}}]}'
go "${on_hub[@]}" -c forge.land=api -c queue.method=squash
untouched 'a rule of the branch'
err_like "queue.method is 'squash', and the forge merges into 'epic/1' only by 'merge'" 'says so'
person '{"do": "rules", "rules": [{"type": "pull_request", "branches": ["main"], "parameters": {"allowed_merge_methods": ["merge"]}}]}'
go "${on_hub[@]}" -c forge.land=api -c queue.method=squash
is "$code $(landings) $(books)" '0 2 ' 'one of another branch has none'

# Where neither of ours is allowed.
hub_epic 1 '' neither
person '{"do": "methods", "methods": ["rebase"]}'
go "${on_hub[@]}" -c forge.land=api
untouched 'none of those that could be set'
err_like "set forge.land to push, or allow 'merge' there" 'another way is named'
go "${on_hub[@]}"
is "$code $(landings) $(books)" '0 2 ' '… and lands'

# A token that may not push is not told, and what cannot be asked is no reason not to go on.
hub_epic 1 '' untold
control conf '{"tells_methods": false}' >/dev/null
go "${on_hub[@]}" -c forge.land=api
is "$code $(landings) $(books)" '0 2 ' 'where it is not told'
hub_down
done_testing
