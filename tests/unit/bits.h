/* SPDX-License-Identifier: Apache-2.0 */
/* Damage of the smallest kind. */
#ifndef REXC_TEST_BITS_H
#define REXC_TEST_BITS_H

#include "base/buffer.h"

static inline void flip_bit(struct buffer *bytes, size_t bit)
{
    bytes->data[bit / 8] = (char)(bytes->data[bit / 8] ^ (1 << bit % 8));
}

#endif
