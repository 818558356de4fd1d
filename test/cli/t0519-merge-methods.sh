#!/usr/bin/env bash
# The repository, or a rule of the branch, does not allow the method by which GitHub is to merge, into the epic's
# branch or from it into the base: that is said before anything is done, with the key that changes it.
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
unlike "$(cat "$T/out")" "into 'epic/1'" 'not where ganger lands by itself'
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

# The way into the base. What is not allowed there is said before the base is brought in or anything is opened.
finish()
{
	run ganger "${on_hub[@]}" -c queue.check=true finish 1 "$@"
}

# ahead NAME METHODS: an epic that has landed, and a base that has moved since and merges so alone.
ahead()
{
	hub_epic 1 '' "$1"
	go "${on_hub[@]}" -c queue.check=true
	person "[{\"do\": \"methods\", \"methods\": $2}, {\"do\": \"push\", \"branch\": \"main\"}]"
	before="$(git rev-parse epic/1) $(control asked | jq .writes)"
}

only="queue.method is 'merge', and the forge merges into 'main' only by"
ahead way-back '["squash", "rebase"]'
run ganger "${on_hub[@]}" plan 1
out_like "^note: finish --merge: $only 'squash', 'rebase'; with queue.method squash" 'a plan says what will stop the end'
finish --merge
code_is 2 'finish --merge by a method that the base does not allow'
err_like "^error: $only 'squash', 'rebase'" 'says which are'
err_like '^hint: with queue.method squash the epic becomes one commit there' '… and the key'
is "$(git rev-parse epic/1) $(control asked | jq .writes)" "$before" 'before anything is begun'
finish
is "$code $(pulls | tail -1 | cut -d' ' -f2-)" '0 open epic/1 main' 'what a person is to merge is opened all the same'
run ganger "${on_hub[@]}" -c queue.check=true -c queue.method=squash finish 1 --merge
is "$code $(pulls | tail -1 | cut -d' ' -f2-) $(git -C "$bare" rev-list --count main)" '0 merged epic/1 main 4' 'with the key it is one commit there'
is "$(git -C "$bare" rev-parse 'main^{tree}') $(closed)" "$(git rev-parse 'epic/1^{tree}') 1 2" 'which has all, and closes the epic'
unlike "$(cat "$T/err")" 'untested' 'as it was tested'
before=$(control asked | jq .writes)
finish --merge
out_like "^'main' has all of 'epic/1', as $(git -C "$bare" rev-parse --short=12 main)\$" 'finished twice: it is found there'
is "$code $(control asked | jq .writes)" "0 $before" '… and nothing is done twice'

ahead only-rebase '["rebase"]'
finish --merge
is "$code $(control asked | jq .writes)" "2 ${before#* }" 'where none of ours is allowed'
err_like "^hint: allow 'merge' there" 'it says so'

# A person merges it as the base allows it.
ahead by-hand '["squash"]'
finish
number=$(pulls | tail -1 | cut -d' ' -f1)
api PUT "pulls/$number/merge" '{"merge_method": "squash"}'
person '{"do": "push", "branch": "main", "file": "later"}'
finish --merge
is "$code $(pulls | tail -1) $(wrote pull)" "0 $number merged epic/1 main 2" 'what a person squashed is not opened again'
is "$(closed) $(books)" '1 2 ' 'and the epic is closed'
# … unless it was taken out again.
git -C "$bare" update-ref refs/heads/main "$(git rev-parse main)"
finish
is "$code $(pulls | tail -1 | cut -d' ' -f2-)" '0 open epic/1 main' 'taken out again it is opened anew'

# A queue of the base merges by its own method.
ahead queue '["merge", "squash"]'
person '{"do": "rules", "rules": [{"type": "merge_queue", "branches": ["main"], "parameters": {"merge_method": "SQUASH"}}]}'
finish --merge
is "$code" 2 'a merge queue that squashes'
err_like "$only 'squash'$" 'is said as well'
run ganger "${on_hub[@]}" -c queue.method=squash finish 1 --merge
err_like "^warning: the final pull request into 'main' is merged only with its merge queue$" 'and what it will wait for, before'
err_like 'it is in the merge queue of its base' 'it has it'
person '{"do": "run_queue"}'
run ganger "${on_hub[@]}" -c queue.method=squash finish 1 --merge
is "$code $(pulls | tail -1 | cut -d' ' -f2-) $(closed) $(wrote pull) $(books)" '0 merged epic/1 main 1 2 2 ' 'and then it is done'
hub_down
done_testing
