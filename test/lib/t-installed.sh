#!/usr/bin/env bash
# As others have the library: installed, found by pkg-config, and the worked example built on it.
#	t-installed.sh STEPS [FLAG...]: what the library was built with that its users must be, too
. "$(dirname "$0")/../cli/lib.sh"
command -v pkg-config >/dev/null || {
	echo '1..0 # SKIP pkg-config is not there'
	exit 0
}
cc=${CC:-cc}
shift
run env DESTDIR="$T/root" meson install -C "$GANGER_BUILD" --no-rebuild
code_is 0 'it installs' || cat "$T/err"
file=$(find "$T/root" -name ganger.pc)
export PKG_CONFIG_PATH=${file%/*} PKG_CONFIG_SYSROOT_DIR=$T/root
libdir=$(pkg-config --variable=libdir ganger)
is "$(pkg-config --modversion ganger)" "$("$GANGER" --version | sed 's/ganger //')" 'pkg-config knows it'
is "$(nm -D --defined-only "$libdir/libganger.so" | awk '$3 !~ /^ganger_/')" '' 'the shared one shows ganger_* alone'
is "$(nm -g --defined-only "$libdir/libganger.a" | awk 'NF == 3 && $3 !~ /^ganger_/')" '' 'and so does the static one'
declared=$(grep -oE '\bganger_[a-z_]+\(' "$T/root"*/usr/local/include/ganger.h | tr -d '(' | sort -u)
is "$(nm -D --defined-only "$libdir/libganger.so" | awk '{print $3}' | sort)" "$declared" 'just what the header declares'

example=$GANGER_SOURCE/docs/example/dispatch.c
# shellcheck disable=SC2046 # words
run $cc "$@" -std=c99 -Wall -Wextra -Wpedantic -Werror "$example" $(pkg-config --cflags --libs ganger) -o "$T/shared"
code_is 0 'the example builds on the shared one' || cat "$T/err"
# shellcheck disable=SC2046
run $cc "$@" "$example" $(pkg-config --cflags ganger) "$libdir/libganger.a" \
	$(env -u PKG_CONFIG_SYSROOT_DIR pkg-config --libs $(pkg-config --print-requires-private ganger)) -o "$T/static"
code_is 0 'and on the static one' || cat "$T/err"

repo
cat >ganger.yaml <<'END'
agents: {it: {command: 'echo "$GANGER_TASK" >"$GANGER_TASK"'}}
END
git add . && git commit -qm settings
export PATH=$T/root/usr/local/bin:$PATH LD_LIBRARY_PATH=$libdir
unset GANGER
a=$(command ganger add one) b=$(command ganger add two)
run "$T/shared" "$a" "$b"
code_is 0 'the example runs'
out_like '^run dispatch-1$' 'names its run'
out_like "^issue $a: session dispatch-1/$a/1\$" 'says which session an issue has'
out_like "^dispatch-1/$b/1 running -> idle" 'tells what becomes of it'
out_like "^dispatch-1/$b/1 idle -> completed, pull request" 'to the end'
run "$T/static" --run dispatch-1
code_is 0 'the static one opens the same run'
out_like "^dispatch-1/$a/1 new -> completed, pull request" 'as it is by then'
run "$T/static" 99
code_is 1 'an error'
err_like "^error: there is no issue '99'" 'is said'
done_testing
