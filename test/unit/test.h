#ifndef TEST_UNIT_TEST_H
#define TEST_UNIT_TEST_H

/* What cmocka wants to have seen before its own header, and it. The order matters. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#endif
