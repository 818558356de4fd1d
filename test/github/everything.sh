#!/usr/bin/env bash
# 'make test-github': what GitHub's own clients and papers say of the stand-in, then every call of its API
# with everything that can befall it, and a kill at each. These two side by side: they wait more than they work.
here=$(cd "$(dirname "$0")" && pwd)
export ALL=1
set -o pipefail

bash "$here/peers.sh" || exit
(bash "$here/../cli/t0511-github-faults.sh" 2>&1 | sed -u 's/^/faults: /') &
faults=$!
bash "$here/../cli/t0512-github-kills.sh" 2>&1 | sed -u 's/^/kills:  /'
status=$?
wait "$faults" || status=1
exit "$status"
