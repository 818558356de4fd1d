#!/usr/bin/env bash
# 'make test-github': what GitHub's own clients and papers say of the stand-in, then every call of its API
# with everything that can befall it, and a kill at each, on an epic of CHILDREN (30). JOBS (4) parts of it
# side by side: they wait more than they work. CHILDREN=3: an epic of three, a run for each kill.
here=$(cd "$(dirname "$0")" && pwd)
export ALL=1 CHILDREN=${CHILDREN:-30}
jobs=${JOBS:-4}
set -o pipefail

# part N: the Nth of them; what it says goes before each line.
part()
{
	local status=0
	export SHARE=$1/$jobs
	bash "$here/../cli/t0511-github-faults.sh" 2>&1 | sed -u "s/^/faults $1: /" || status=1
	bash "$here/../cli/t0512-github-kills.sh" 2>&1 | sed -u "s/^/kills $1: /" || status=1
	return $status
}

bash "$here/peers.sh" || exit
pids=()
for ((n = 1; n <= jobs; n++)); do
	part "$n" &
	pids+=($!)
done
status=0
for pid in "${pids[@]}"; do
	wait "$pid" || status=1
done
exit $status
