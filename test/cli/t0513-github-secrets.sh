#!/usr/bin/env bash
# A token goes to GitHub and nowhere else: not to agents, arguments, logs, the journal or messages.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
. "$(dirname "$0")/github.sh"
secret=ghp_0123456789abcdefSECRET

hub_epic 2 '3:2' secrets
control conf "{\"tokens\": {\"$secret\": \"ganger-bot\", \"human-token\": \"person\"}}" >/dev/null
git remote set-url origin "$bare"
# What an agent can see: its environment, what runs, and what git would tell it.
program look <<'END'
#!/bin/sh
env >"$T/seen.env"
tr '\0' ' ' </proc/*/cmdline >"$T/seen.args" 2>/dev/null
cat /proc/*/cmdline 2>/dev/null | tr '\0' ' ' >>"$T/seen.args"
git config --list >"$T/seen.git" 2>&1
END
does t2 '"$T/bin/look"; echo two >t2 && git add -A && git commit -qm two'
does t3 'echo no; exit 1'
unset GITHUB_TOKEN
export SOME_TOKEN=$secret GH_TOKEN=$secret
# So can what runs in its worktree, which it may have written.
for what in setup teardown; do
	steps+="${steps:+, }$what: \"env >$T/seen.$what\""
done
echo "worktree: {$steps}" >>ganger.yaml
token=(-c github.token_env=SOME_TOKEN -c limits.attempts=1 -c queue.check="env >$T/seen.check")
strike '{"act": "status", "status": 403, "method": "POST", "route": "*/comments", "message": "no '$secret' here"}'
strike '{"act": "status", "status": 502, "html": true, "method": "PATCH"}'
go "${on_hub[@]}" "${token[@]}"
code_is 1 'one landed and one failed'
is "$(state t2) $(state t3)" 'closed failed' 'as it was to be'
cp "$T/out" "$T/all.out"
cp "$T/err" "$T/all.err"
run ganger "${on_hub[@]}" "${token[@]}" report "$epic"
cat "$T/out" "$T/err" >>"$T/all.out"
run ganger "${on_hub[@]}" "${token[@]}" doctor
cat "$T/out" "$T/err" >>"$T/all.out"
run ganger "${on_hub[@]}" -c github.token_env=SOME_TOKEN -c github.url=http://127.0.0.1:1 plan "$epic"
code_is 4 'where GitHub is not there it is said'
cat "$T/out" "$T/err" >>"$T/all.out"

ok 'the agent looked' test -s "$T/seen.env" -a -s "$T/seen.args"
ok 'and so did set-up, tear-down and check' test -s "$T/seen.setup" -a -s "$T/seen.teardown" -a -s "$T/seen.check"
is "$(grep -l "$secret" "$T"/seen.* "$T"/all.*)" '' 'no token in an agent’s environment, in arguments, in what is printed'
is "$(grep -rl "$secret" "$XDG_STATE_HOME" "$HOME" . 2>/dev/null)" '' 'none in the journal, in logs, or in the repository'
is "$(git -C "$bare" log --all --format=%B | grep -c "$secret")" 0 'none in a commit, a claim’s among them'
is "$(issues | grep -c "$secret")" 0 'none in an issue'
is "$(books)" '' 'no rule of conduct was broken'

# None at all: what to do is said.
unset SOME_TOKEN
run ganger "${on_hub[@]}" -c github.token_env=SOME_TOKEN run "$epic" --yes
code_is 4 'without a login it cannot be run'
err_like '\$SOME_TOKEN \(github.token_env\)' 'and says where one is looked for'
run ganger -c tracker=github plan 1
code_is 2 'without a repository neither'
err_like 'github.repository' 'and says which key it is'

# A GitHub App: its key signs, and what it gets for that lives for a moment.
hub_epic 2 '3:2' app
if openssl genrsa -out "$T/app.pem" 2048 2>/dev/null && openssl rsa -in "$T/app.pem" -pubout -out "$T/app.pub" 2>/dev/null; then
	control conf "$(jq -n --rawfile key "$T/app.pub" '{app: {id: 77, slug: "x", key: $key, installation: 5, lifetime: 250}}')" >/dev/null
	does t3 '"$T/bin/look"; echo t >t3 && git add -A && git commit -qm t'
	unset GH_TOKEN
	go "${on_hub[@]}" -c github.app_id=77 -c github.app_key="$T/app.pem" -c github.token_env=NONE
	is "$code $(closed) $(books)" '0 2 3 ' 'a GitHub App: it comes home'
	ok 'its token was renewed before its end' test \
		"$(control journal | jq '[.[] | select(.kind == "access_token")] | length')" -gt 1
	is "$(grep -rlE 'ghs_0|eyJ[A-Za-z0-9_-]{20}' "$T"/seen.* "$T/out" "$T/err" "$XDG_STATE_HOME" 2>/dev/null)" '' \
		'neither that nor what it signed is anywhere'
	run ganger "${on_hub[@]}" -c github.app_id=77 -c github.app_key="$T/app.pub" plan 1
	code_is 2 'a file that holds no key'
	err_like 'github.app_key' 'is named by its setting'
fi
hub_down
done_testing
