/* The little of JSON that a provider needs. Nothing is allocated and nothing is copied: a value is the piece
 * of text that it was written as. All but json_valid expect text that json_valid has accepted. */
#ifndef ECHO_JSON_H
#define ECHO_JSON_H

#include <freellmapi/abi.h>
#include <stdbool.h>

/* One whole JSON value with nothing behind it, in UTF-8, at most 64 deep. */
bool json_valid(freellm_str text);

bool json_is_object(freellm_str value);
bool json_is_array(freellm_str value);
bool json_is_string(freellm_str value);
bool json_is_null(freellm_str value); /* written as null, or not there at all */

/* The member's value; empty when `object` is none or does not have it. Names with escapes are not found. */
freellm_str json_member(freellm_str object, const char* name);

/* Goes through an array: `*at` begins at 0. False at the end, and for what is no array. */
bool json_next(freellm_str array, size_t* at, freellm_str* element);

/* A whole number from 0 to 10^12, else `otherwise`. */
uint64_t json_count(freellm_str value, uint64_t otherwise);

/* Decodes a string from `*at` on (begin with 0) into `out`, whole characters only; gives the bytes written, 0
 * at the end. Half of a surrogate pair becomes U+FFFD. `capacity` is at least 4. */
size_t json_decode(freellm_str string, size_t* at, char* out, size_t capacity);

#endif
