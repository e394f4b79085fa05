/*
 * What the platform supplies to libv2g.a. The hosted library needs none of it.
 */
#ifndef V2G_PLATFORM_H
#define V2G_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A fault of the library's own: nothing that a peer sends or a caller passes leads here. Switch off, record the place, and
 * do not return. `file` has `length` characters and is not ended by a zero.
 *
 *     void v2g_platform_panic(const char *file, size_t length, uint32_t line)
 *     {
 *         contactors_open();
 *         for (;;) { }
 *     }
 */
#if defined(__GNUC__)
__attribute__((noreturn))
#endif
void v2g_platform_panic(const char *file, size_t length, uint32_t line);

/*
 * Compilers call memcpy, memmove, memset, memcmp and bcmp. The archive has weak ones of its own; those of a libc, if there is
 * one, come first.
 */

#ifdef __cplusplus
}
#endif

#endif
