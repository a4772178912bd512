// SPDX-License-Identifier: GPL-2.0
/*
 * yields: gives its processor away again and again, until it is killed.
 */
#include <sched.h>

int main(void)
{
	for (;;)
		sched_yield();
}
