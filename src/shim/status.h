#ifndef SHIM_STATUS_H
#define SHIM_STATUS_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The status file of a job, job/<n>/status: STATUS_SIZE bytes, made and locked (OFD write lock)
 * by the supervisor, whose descriptor the shim inherits. The lock held means alive; free without
 * a valid end record means lost. Records lie at fixed offsets, each in a page part of its own,
 * are written whole by the shim alone, once each, in this order: start, child, end.
 *
 *     0     start   the shim is there; nothing of the program has run yet
 *     1024  child   the program's exec succeeded
 *     2048  end     nothing of the job is left (but what it names); the lock goes with its exit
 *
 * A record that is zero, torn or of another version is absent. Byte order is the machine's: a
 * status file means something on the machine and in the boot that wrote it, and nowhere else.
 */
#define STATUS_NAME      "status"
#define STATUS_SIZE      4096
#define STATUS_START_AT  0
#define STATUS_CHILD_AT  1024
#define STATUS_END_AT    2048
#define STATUS_VERSION   1u

enum status_magic {
	STATUS_START = 0x54535247, /* "GRST" */
	STATUS_CHILD = 0x48435247, /* "GRCH" */
	STATUS_END = 0x4e455247,   /* "GREN" */
};

/* In front of every record. */
struct status_seal {
	uint32_t magic;   /* enum status_magic */
	uint32_t version; /* STATUS_VERSION */
	uint64_t size;    /* of the whole record */
	uint64_t sum;     /* FNV-1a (64 bits) of the record with this field 0 */
};

struct status_start {
	struct status_seal seal;
	uint64_t number;     /* of the job */
	uint64_t start_time; /* of the shim, /proc/<pid>/stat field 22 */
	int64_t started_ms;  /* wall clock */
	int32_t pid;         /* of the shim */
	int32_t reserved;
	char boot_id[40]; /* terminated; empty where there is none */
	char cgroup[768]; /* leaf of this job alone, terminated; empty: none */
};

struct status_child {
	struct status_seal seal;
	uint64_t number;
	uint64_t start_time; /* of the program */
	int32_t pid;         /* of the program; also its session and process group */
	int32_t reserved;
};

/* How a job ended, as enum job_how of port/executor.h (checked in exec/status.c). */
enum status_how {
	STATUS_EXITED = 1,
	STATUS_SIGNALED,
	STATUS_TIMEOUT,
	STATUS_SILENCE,
	STATUS_STOPPED,
	STATUS_LOST, /* never written */
	STATUS_NOT_STARTED,
};

struct status_end {
	struct status_seal seal;
	uint64_t number;
	int64_t started_ms, ended_ms; /* wall clock */
	int32_t how;                  /* enum status_how */
	int32_t code;       /* exit code; signal; errno (not started); 128 + signal (ended by us) */
	int32_t left_over;  /* processes that outlived the program, ended by the shim */
	int32_t unkillable; /* processes that could not be ended */
	char text[256];     /* for a person, terminated; may be empty */
};

static_assert(sizeof(struct status_start) <= STATUS_CHILD_AT - STATUS_START_AT, "start fits");
static_assert(sizeof(struct status_child) <= STATUS_END_AT - STATUS_CHILD_AT, "child fits");
static_assert(sizeof(struct status_end) <= STATUS_SIZE - STATUS_END_AT, "end fits");
static_assert(sizeof(struct status_seal) == 24, "no padding");
static_assert(offsetof(struct status_start, boot_id) == 56, "no padding");
static_assert(offsetof(struct status_end, text) == 64, "no padding");

/*
 * What the shim says on the ready pipe: once when the program's exec succeeded, and once, with pid
 * 0, when its end record is on the disk and nothing of the job is left but the shim itself. The
 * pipe is one for all jobs of a supervisor; a record is shorter than PIPE_BUF and so arrives whole.
 */
struct status_ready {
	uint64_t number;
	uint64_t start_time;
	int64_t pid;
};

/* Fill in the seal of a record whose fields are set. size: of the whole record. */
void status_seal(void *record, size_t size, enum status_magic magic);

/* Is this a whole record of that kind, for that job? The number follows the seal in each. */
bool status_valid(const void *record, size_t size, enum status_magic magic, uint64_t number);

#endif
