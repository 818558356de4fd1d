#!/usr/bin/env bash
# The API squashes, so that nothing of the work's history is in the branch, and its answer is lost: what
# the pull request was merged as is found, whatever happens before somebody is told.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
. "$(dirname "$0")/github.sh"

# lost NAME: two in a chain, and nobody hears that the first has landed.
lost()
{
	name=$1
	hub_epic 2 '3:2' "${name// /-}"
	on_hub+=(-c forge.land=api -c queue.method=squash -c queue.check=true)
	strike '{"act": "status", "status": 502, "html": true, "after": true, "method": "PUT", "route": "*/merge"}'
}

# unread: nor does anybody find it out.
unread()
{
	strike '{"act": "status", "status": 500, "method": "GET", "route": "*/issues/{number}/events", "times": 999}'
	start "${on_hub[@]}"
	ok "$name: it is tried again" wait_file "$T/run.err" 'could not land it, trying again'
}

# came_home [N]: both are in, once, by so many commits, tested, and closed; nobody complains.
came_home()
{
	code_is 0 "$name: it comes home" || note "$(cat "$T/err")" "$(cat "$T/out")"
	is "$(git log --first-parent --format=%s "main..epic/$epic" | wc -l)" "${1-2}" "$name: each has landed once"
	is "$(wrote merge)|$(ran t2) $(ran t3)|$(closed)" '2|1 1|2 3' "$name: by one merge, one attempt, and is closed"
	is "$(git -C "$bare" rev-parse "epic/$epic")|$(books)" "$(git rev-parse "epic/$epic")|" "$name: here and there are the same"
	unlike "$(cat "$T/err" "$T/run.err" 2>/dev/null)" 'untested as it landed' "$name: what landed was tested"
}

lost 'found at once'
go "${on_hub[@]}"
came_home

lost 'found after a kill'
unread
killed
heal
go "${on_hub[@]}"
came_home

# The entry goes back to the queue; what a person makes of it would conflict with it.
lost 'found after a stop'
unread
kill "$supervisor"
wait_file "$T/run.err" '^Shutting down gracefully'
kill "$supervisor"
ended
is "$(state t2)" queued "$name: it is in the queue again"
heal
git -C "$T" clone -q -b "epic/$epic" "$bare" "person"
(cd "$T/person" && echo other >t2 && git commit -qam other && git push -q)
go "${on_hub[@]}"
came_home 3
is "$(git show "epic/$epic:t2")" other "$name: what a person made of it stays"
done_testing
