/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Attributes, and what keeps a compiler's cleverness within the verifier's sight. Also native. */
#ifndef DETOUR_BPF_COMPILER_H
#define DETOUR_BPF_COMPILER_H

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/* For what few packets need: a BPF function of its own has its own part of the stack. */
#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif

/*
 * The same number, of which the compiler knows nothing any longer. It would drop a function's result
 * that is always the same, and the verifier then refuses what is left in R0 (a stack pointer, with
 * clang 19); and it would take a bound for granted that the verifier has not seen.
 */
static __always_inline unsigned int opaque(unsigned int number)
{
	__asm__ volatile("" : "+r"(number));
	return number;
}

#endif /* DETOUR_BPF_COMPILER_H */
