// SPDX-License-Identifier: GPL-2.0
/*
 * The fuzzer of the language of the configuration. In tools/ndctl-plugin:
 *
 *	clang -g -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined -o fuzzer \
 *		test/fuzz-*.c conf.c text.c -luuid
 *	./fuzzer -max_total_time=600 -dict=test/conf.dict NEW_DIRECTORY test/corpus
 *
 * and, to keep what it has found new: ./fuzzer -merge=1 test/corpus NEW_DIRECTORY
 */
#include <stddef.h>

#include "conf-property.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	if (!conf_property((const char *)data, size))
		abort();
	return 0;
}
