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

# Epics that run side by side, or after one that was killed, have worktrees of their own there.
scene shared
task slow
does slow 'echo mine >mine; echo at work >"$T/there"; flock -s "$T/gate" true; pwd >"$T/slow"'
hold
start -c "worktree.dir=$T/trees"
wait_lines "$T/there" 1
slow=$epic
epic=$(ganger add 'Another epic')
task quick
does quick 'pwd >"$T/quick"; echo 1 >quick'
go -c "worktree.dir=$T/trees"
code_is 0 'another epic runs to its end beside the first'
release
ended
code_is 0 'which comes to its own'
is "$(grep -c '^slow ' "$T/ran")" 1 'by the attempt that had begun'
not_ok 'each in a worktree of its own' cmp -s "$T/slow" "$T/quick"
is "$(git show "epic/$slow:mine")" mine 'and its work has landed'
is "$(ls -A "$T/trees")" '' 'nothing is left of them'

scene nowhere
task one
go -c git.push=epic
code_is 0 'without a remote it runs'
err_like "git\.push is 'epic', but there is no remote: nothing is pushed" 'and says that nothing is pushed'
done_testing
