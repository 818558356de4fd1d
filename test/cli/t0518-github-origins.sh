#!/usr/bin/env bash
# The defects of the two systems that this one follows, as they are numbered in the notes on their origins
# (section 4), that are about pull requests, comments, claims and rate limits: each on the stand-in for GitHub.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
. "$(dirname "$0")/github.sh"
WAIT_S=100

# shown DEFECT FILE NAME: a test of this name, in a file below test, shows it.
shown()
{
	ok "$1 (see $2)" grep -qF -- "$3" "$GANGER_SOURCE/test/$2"
}

# ---- 4a: what was reported ----

shown 'origins PR 565: one of the same title is another' unit/forge_github.c test_origins__565_one_of_the_same_title_is_another
shown 'origins PR 565: rate limits are waited for' unit/tracker_github_write.c test_origins__565_a_rate_limit_is_waited_for
shown 'origins PR 565: nothing ready for a moment is no end' cli/t0260-origins.sh 'origins PR 565: a moment with nothing ready'
shown 'origins 617: dependencies point the right way' unit/tracker_github.c test_origins__617_dependencies_point_the_right_way

# The agents say nothing; what is to be said on their issues is said all the same, once.
hub_epic 2 '3:2' comments
go "${on_hub[@]}" -c github.comments=one
is "$code $(control state | jq -c '.repos | to_entries[0].value.comments | [.[].number] | sort')" '0 [2,3]' \
	'origins 676: each issue has its comment, whatever its agent left out'

# Started again on an epic that there is: it is found, with its branch and its pull requests.
before=$(control journal | jq length) head=$(git -C "$bare" rev-parse epic/1)
go "${on_hub[@]}" -c github.comments=one
is "$code $(control journal | jq length) $(git -C "$bare" rev-parse epic/1) $(wc -l <"$T/ran")" "0 $before $head 2" \
	'origins 999: run again it finds the epic, and writes nothing'
rm -rf "$XDG_STATE_HOME" # another machine
go "${on_hub[@]}" -c github.comments=one
is "$code $(control journal | jq length) $(git -C "$bare" rev-parse epic/1) $(wc -l <"$T/ran")" "0 $before $head 2" \
	'origins 999: also where nothing is known of it but what GitHub has'
is "$(books)" '' 'no rule of conduct was broken'

# ---- 4b ----

shown 'origins 4b-5: an end told twice makes one pull request' unit/forge_github.c test_origins__4b5_told_twice_there_is_one
shown 'origins 4b-5: … and one comment' unit/tracker_github_write.c test_origins__4b5_one_comment_whatever_happens
shown 'origins 4b-6: what is closed stays closed' cli/t0260-origins.sh 'origins 4b-6: what is closed stays closed'

hub_epic 1 '' locked
strike '{"act": "status", "status": 403, "message": "This conversation is locked", "method": "POST", "route": "*/comments", "times": 99}'
go "${on_hub[@]}" -c github.comments=one
is "$code $(closed) $(pulls | cut -d' ' -f2)" '0 2 merged' 'origins 4b-10: a comment that is refused makes no failure of what landed'

# ---- 4c ----

# GitHub will never merge it. All that does not need it is done, and the run ends.
hub_epic 3 '4:2' unmergeable
strike '{"act": "status", "status": 405, "message": "Merge commits are not allowed on this repository.", "method": "PUT", "route": "*/pulls/{number}/merge", "times": 99}'
go "${on_hub[@]}" -c forge.land=api
is "$code $(closed) $(ran t4)" '3  0' 'origins 4c-1: what cannot be merged ends the run, and unblocks nothing'
like "$(cat "$T/out" "$T/err")" 'Merge commits are not allowed on this repository' '… with the words of GitHub'
# Its branch is pushed, and level with the remote's: that says nothing of its work.
run ganger "${on_hub[@]}" gc
is "$(git for-each-ref --format='%(refname:short)' refs/heads/ganger | paste -sd ' ') $(git -C "$bare" for-each-ref --format='%(refname:short)' refs/heads/ganger | paste -sd ' ')" \
	'ganger/1/2 ganger/1/3 ganger/1/2 ganger/1/3' 'origins 1032: what is pushed and not merged is not cleaned away'
heal
go "${on_hub[@]}" -c forge.land=api
is "$code $(sorted_landings) $(closed) $(ran t2)" '0 2 3 4 2 3 4 1' 'once GitHub may, it lands what was done'

hub_epic 3 '3:2' fails
does t2 'exit 1'
go "${on_hub[@]}" -c limits.attempts=1
is "$code $(state t2) $(closed) $(ran t3)" '1 failed 4 0' \
	'origins 4c-2, 4c-11: a failed task stays open, frees nothing, and is no success'
like "$(control state | jq -r '.repos | to_entries[0].value.comments[].body')" 'exit 1' '… and says why'
shown 'origins 4c-3: a search that fails is an error' unit/forge_github.c test_origins__4c3_a_search_that_fails_is_an_error
shown 'origins 4c-4: a close that was done is done' unit/tracker_github_write.c test_origins__4c4_a_close_that_was_done_is_done
shown 'origins 4c-4: a merge is found again' unit/forge_github_merge.c test_origins__4c4_a_merge_is_found_again

hub_epic 1 '' thrown
strike '{"act": "status", "status": 500, "method": "PATCH", "route": "*/issues/{number}", "times": 3}'
go "${on_hub[@]}" -c forge.land=api
is "$code $(landings) $(closed) $(wrote merge) $(books)" '0 2 2 1 ' 'origins 4c-4: a close that fails after the merge makes no second one'
shown 'origins 4c-5: a crash has no agent start again' cli/t0512-github-kills.sh 'each by one attempt (origins 4c-5)'
shown 'origins 4c-9: a limit holds up who asks, and nobody else' cli/t0511-github-faults.sh 'origins 4c-9: meanwhile the end of t3 is seen'

hub_epic 2 '' refused
strike '{"act": "status", "status": 403, "message": "Resource not accessible by integration", "method": "POST", "route": "*/git/refs", "times": 99}'
go "${on_hub[@]}"
is "$code $(wc -l <"$T/ran") $(control asked | jq '.faults[0].done')" '3 0 2' \
	'origins 4c-10: a claim that is refused is asked for once, and the run ends'
like "$(why t2)" 'Resource not accessible by integration' '… with the words of GitHub'

# ---- 4d ----

shown 'origins 4d: a dependency that cannot be read is an error' unit/tracker_github.c test_origins__4d_a_dependency_that_cannot_be_read_is_an_error
hub_epic 2 '3:2' unread
strike '{"act": "status", "status": 403, "message": "Resource not accessible", "method": "GET", "route": "*/dependencies/blocked_by", "times": 99}'
go "${on_hub[@]}"
not_ok 'origins 4d: a dependency that cannot be read is not "none"' test "$code" = 0
is "$(wc -l <"$T/ran") $(control asked | jq .writes)" '0 0' '… and nothing is begun'
hub_down
done_testing
