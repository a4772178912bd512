/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_ARRAY_H
#define NDCTL_PKS_ARRAY_H

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#endif
