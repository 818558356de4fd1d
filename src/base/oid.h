#ifndef BASE_OID_H
#define BASE_OID_H

/* A Git object's name: 40 or 64 hex digits, or empty for none. */
#define OID_SIZE 65
struct oid {
	char hex[OID_SIZE];
};

#endif
