#!/usr/bin/env bash
# What -c changed for one run is what is said of that run; what cannot be done now is said at once.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
scene
git init -q --bare "$T/remote.git" && git remote add origin "$T/remote.git" && git push -q -u origin main
task fine
task clash
task other
does clash 'echo a >f'
does other 'echo b >f'
cat >"$T/notify" <<'END'
cat >>"$T/notes"; echo >>"$T/notes"
END
export T
go -c git.push=all -c queue.conflict_attempts=0 -c 'queue.check=true' -c 'git.task_branch=work/{epic}-{task}' -c "worktree.dir=$T/trees" \
	-c "hooks.notify=[sh, $T/notify]" --max-concurrent 2
code_is 3 'two conflict: exit 3'
run ganger report "$epic"
unlike "$(cat "$T/out")" untested 'the report knows of the check'
out_like "^- epic/$epic and the tasks' branches were pushed to 'origin'$" 'and of what was pushed'
out_like "git worktree add /.*/repo-[0-9]+ work/$epic-" 'its commands name the branches there are'
is "$(ganger status "$epic" --json | jq -c '.untested, (.tasks[0].branch)' | paste -sd ' ')" \
	"false \"work/$epic-${id[fine]}\"" 'so does the status'
is "$(jq -r 'select(.event == "done") | .status' "$T/notes")" stuck 'the notice of the end says how it ended'
is "$(jq -r 'select(.event == "needs a person") | .epic' "$T/notes" | sort -u)" "$epic" 'a person is called'

scene nowhere
task one
go -c git.push=epic
code_is 0 'without a remote it runs'
err_like "git\.push is 'epic', but there is no remote: nothing is pushed" 'and says that nothing is pushed'
done_testing
