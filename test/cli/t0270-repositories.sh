#!/usr/bin/env bash
# Repositories of every kind: names, submodules, sparse, LFS, linked worktrees; refusals.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"

# Names with spaces, quotes and other alphabets, of everything that has one.
scene $'Ähre & "Co" repo'
mkdir -p 'Ünter ordner' && printf 'x\n' >$'Ünter ordner/da\'te i.txt' && printf 'y\n' >$'new\nline' &&
	git add -A && git commit -q -m names
git checkout -q -b 'zweig/größe'
git update-ref refs/heads/main HEAD
echo uncommitted >mine.txt
echo staged >staged.txt && git add staged.txt
before=$(checkout)
title=$'grün "und" blau; $(touch oops) \xe2\x80\xa8'
id[x]=$(ganger add "$title" --epic "$epic")
program agent <<'END'
#!/bin/sh
printf '%s\n' "$GANGER_TITLE" >'öl & essig.txt'
rm "Ünter ordner/da'te i.txt"
git mv "$(printf 'new\nline')" 'one line'
END
go
code_is 0 'names with spaces, quotes, line ends and other alphabets'
is "$(git show "epic/$epic:öl & essig.txt")" "$title" 'the title came through'
is "$(git -c core.quotepath=off ls-tree -r --name-only "epic/$epic" | paste -sd '|')" \
	'README|ganger.yaml|one line|öl & essig.txt' 'and so did the files'
is "$(git log -1 --format=%s "epic/$epic")" "$(git log -1 --format=%s "epic/$epic" | tr -d '\n')" 'the subject is one line'
is "$(checkout)" "$before" "uncommitted and staged work of the user is as it was"
is "$(git symbolic-ref --short HEAD)" 'zweig/größe' 'and so is the branch'
not_ok 'nothing was run out of a title' test -e oops
nothing_left 'nothing is left'
is "$(git rev-parse "epic/$epic~1")" "$(git rev-parse 'zweig/größe')" 'the base is the current branch'

# A submodule.
git config --global protocol.file.allow always
git init -q "$T/library" && (cd "$T/library" && echo lib >lib.c && git add . && git commit -q -m lib)
scene submodule
git submodule --quiet add "$T/library" vendor/lib && git commit -q -m submodule
before=$(checkout)
task reads
task bumps reads
does reads 'git submodule update --init -q && cp vendor/lib/lib.c copied && echo dirty >>vendor/lib/lib.c'
does bumps 'git submodule update --init -q && cd vendor/lib && echo 2 >lib2.c && git add . && git commit -qm two && git push -q origin HEAD:refs/heads/two && cd ../.. && git add vendor/lib && git commit -qm bump'
go
code_is 0 'a repository with a submodule'
is "$(git show "epic/$epic:copied")" lib 'agents may use it'
is "$(git rev-parse "epic/$epic:vendor/lib")" "$(git -C "$T/library" rev-parse two)" 'and move it'
is "$(checkout)" "$before" "the user's checkout is as it was"
is "$(git submodule status | cut -c1)" ' ' 'and so is the submodule'
nothing_left 'nothing is left'

# A sparse checkout.
scene sparse
mkdir a b && echo 1 >a/f && echo 1 >b/f && git add . && git commit -q -m folders
git sparse-checkout set a
before=$(checkout)
task one
does one 'ls | paste -sd " " >"$T/saw"; echo 2 >a/f'
go
code_is 0 'a sparse checkout'
is "$(cat "$T/saw")" 'README a ganger.yaml' 'agents see what the user sees'
is "$(git ls-tree -r --name-only "epic/$epic" | paste -sd ' ')" 'README a/f b/f ganger.yaml' 'and nothing is lost'
is "$(git sparse-checkout list) $(checkout)" "a $before" "the user's checkout is as it was"

# Run from a linked worktree, and from a folder below.
scene linked
git worktree add -q -b feature "$T/linked-tree"
mkdir -p "$T/linked-tree/sub/folder"
task one
cd "$T/linked-tree/sub/folder" || exit 1
go
code_is 0 'from a folder of a linked worktree'
is "$(git -C "$T/linked" worktree list | wc -l)" 2 'which stays'
is "$(git -C "$T/linked" log --format=%s -1 "epic/$epic^")" settings 'the base is its branch'

# LFS.
if git lfs version >/dev/null 2>&1; then
	scene lfs
	git lfs install --local >/dev/null
	git lfs track '*.bin' >/dev/null && echo big >one.bin && git add . && git commit -q -m lfs
	before=$(checkout)
	task two
	does two 'cp one.bin seen.txt; echo bigger >two.bin'
	go
	code_is 0 'a repository with LFS'
	is "$(git show "epic/$epic:seen.txt")" big 'agents see the files, not pointers'
	like "$(git show "epic/$epic:two.bin")" '^version https://git-lfs' 'and leftovers become pointers'
	is "$(checkout)" "$before" "the user's checkout is as it was"
else
	result 0 'LFS # SKIP git-lfs is not installed'
fi

# Line ends by .gitattributes; a merge driver of the epic's own attributes.
scene attributes
printf '*.txt text eol=crlf\nlist merge=union\n' >.gitattributes && printf 'base\n' >list && git add . && git commit -q -m attributes
task left
task right
for side in left right; do
	does $side 'flock -s "$T/gate" true; printf "a\r\n" >"$GANGER_TITLE.txt"; echo "$GANGER_TITLE" >>list'
done
hold
start
ok 'both begin' wait_lines "$T/ran" 2
release
ended
code_is 0 'attributes of the epic hold in its merges'
is "$(git show "epic/$epic:list" | sort | paste -sd ' ')" 'base left right' 'a union merge is one'
is "$(git show "epic/$epic:left.txt" | od -An -c | tr -d ' ')" 'a\n' 'line ends are normalised'

# A user's hooks and signing do not come in between.
scene hooks
mkdir -p .git/hooks
for hook in post-checkout post-merge reference-transaction pre-push post-rewrite; do
	printf '#!/bin/sh\necho %s >>"%s/hooks-ran"\nexit 1\n' $hook "$T" >.git/hooks/$hook && chmod +x .git/hooks/$hook
done
task one
does one 'echo 1 >one'
go
code_is 0 "with the user's hooks"
not_ok 'none of them is run by us' test -e "$T/hooks-ran"

# What is refused, with a reason, and nothing begun.
# refused SCENE PATTERN NAME
refused()
{
	go
	ok "$3: exit 2, 3 or 4" test "$code" -ge 2 -a "$code" -le 4
	like "$(cat "$T/out" "$T/err")" "$2" 'with the reason'
	is "$(wc -l <"$T/ran")" 0 'nothing was begun'
}

scene with-epic
git branch epic
task one
refused with-epic "'epic'" 'a branch named epic'
scene with-ganger
git branch ganger
task one
refused with-ganger "'ganger'" 'a branch named ganger'
git init -q "$T/unborn" && cd "$T/unborn" || exit 1
settings '{}'
epic=$(ganger add 'An epic' 2>/dev/null)
task one 2>/dev/null
: >"$T/ran"
refused unborn '(no commit|unborn|has no commits)' 'an unborn repository'
git init -q --bare "$T/bare.git" && cd "$T/bare.git" || exit 1
run ganger run 1
ok 'a bare repository is refused' test "$code" -ge 2
err_like 'bare' 'with the reason'
mkdir "$T/none" && cd "$T/none" || exit 1
run ganger run 1
ok 'so is a folder that is none' test "$code" -ge 2
err_like "not .*repository|no .*repository|repository" 'with the reason'
done_testing
