#ifndef RUN_HOST_UV_H
#define RUN_HOST_UV_H

#include "run/host.h"

struct uv_loop_s;

/* The loop under a host of supervisor_run(), for drivers that watch descriptors. */
struct uv_loop_s *host_uv_loop(struct host *h);

#endif
