#include "pem.h"

#include <stdio.h>
#include <string.h>

static int digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *place = c == 0 ? NULL : strchr(digits, c);
    return place == NULL ? -1 : (int)(place - digits);
}

size_t pem_decode(char *text, const char *label, v2g_bytes *out, size_t most)
{
    char begins[64];
    uint8_t *to = (uint8_t *)text;
    size_t count = 0;
    if (snprintf(begins, sizeof begins, "-----BEGIN %s-----", label) >= (int)sizeof begins) {
        return 0;
    }
    while (count < most && (text = strstr(text, begins)) != NULL) {
        const uint8_t *start = to;
        uint32_t bits = 0;
        unsigned held = 0;
        for (text += strlen(begins); *text != '-' && *text != 0; text++) {
            int value = digit(*text);
            if (value < 0) {
                continue;
            }
            bits = bits << 6 | (uint32_t)value;
            held += 6;
            if (held >= 8) {
                held -= 8;
                *to++ = (uint8_t)(bits >> held & 0xFF);
            }
        }
        out[count++] = v2g_bytes_of(start, (size_t)(to - start));
    }
    return count;
}
