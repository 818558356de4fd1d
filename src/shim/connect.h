#ifndef SHIM_CONNECT_H
#define SHIM_CONNECT_H

/*
 * The program of a job whose session is served by another job, a server of many sessions: standard
 * input goes to the server over TCP on loopback, what it says to standard output, in whole
 * messages framed with Content-Length. Its end of input is the end of the connection, and with
 * that, as the server has it, of the session.
 *
 * The server is found by a file that names its folder (job/<n>); which port it has is in its log
 * there. While its status file is not locked, it is not there: it is waited for, as whoever owns it
 * starts it again and names the new folder. A file that begins with CONNECT_NONE says in words that
 * there will be none. After a connection was lost, and another made, the program that talks is told
 * so by a message of ours, CONNECT_AGAIN; what was said to the server that is gone is dropped.
 */
#define CONNECT_AGAIN "ganger.reconnected"
#define CONNECT_NONE  '!'
#define CONNECT_LOG   "log"

struct connect_options {
	const char *place; /* that file */
	const char *after; /* what stands in front of the port in its log */
	char **drop;       /* methods of messages to others; NULL-terminated */
};

/* Returns the exit status: 0 the input ended, 1 with the reason on standard error. */
int connect_run(const struct connect_options *o);

#endif
