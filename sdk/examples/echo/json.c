#include "json.h"

#include <string.h>

enum { deepest = 64 };

static bool blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
static bool digit(char c) { return c >= '0' && c <= '9'; }

static int hex_of(char c) {
  if (digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* ---- checking: each function gives the first byte behind what it read, or NULL ---- */

static const char* check_blanks(const char* p, const char* end) {
  while (p < end && blank(*p)) p++;
  return p;
}

static const char* check_character(const char* p, const char* end) {
  const unsigned char first = (unsigned char)*p;
  const unsigned char second = end - p > 1 ? (unsigned char)p[1] : 0;
  const ptrdiff_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  ptrdiff_t i;
  if (first < 0x80) return p + 1;
  if (first < 0xC2 || first > 0xF4 || end - p < size) return NULL;
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return NULL;
  if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return NULL;
  for (i = 1; i < size; i++)
    if (((unsigned char)p[i] & 0xC0) != 0x80) return NULL;
  return p + size;
}

static const char* check_string(const char* p, const char* end) {
  for (p++; p != NULL && p < end;) {
    if (*p == '"') return p + 1;
    if ((unsigned char)*p < 0x20) return NULL;
    if (*p != '\\') {
      p = check_character(p, end);
    } else if (end - p > 1 && p[1] == 'u') {
      if (end - p < 6 || hex_of(p[2]) < 0 || hex_of(p[3]) < 0 || hex_of(p[4]) < 0 || hex_of(p[5]) < 0)
        return NULL;
      p += 6;
    } else {
      if (end - p < 2 || p[1] == '\0' || strchr("\"\\/bfnrt", p[1]) == NULL) return NULL;
      p += 2;
    }
  }
  return NULL;
}

static const char* check_digits(const char* p, const char* end) {
  if (p == end || !digit(*p)) return NULL;
  while (p < end && digit(*p)) p++;
  return p;
}

static const char* check_number(const char* p, const char* end) {
  if (*p == '-') p++;
  if (p < end && *p == '0')
    p++;
  else if ((p = check_digits(p, end)) == NULL)
    return NULL;
  if (p < end && *p == '.' && (p = check_digits(p + 1, end)) == NULL) return NULL;
  if (p < end && (*p == 'e' || *p == 'E')) {
    p++;
    if (p < end && (*p == '+' || *p == '-')) p++;
    p = check_digits(p, end);
  }
  return p;
}

static const char* check_word(const char* p, const char* end, const char* word) {
  const size_t size = strlen(word);
  return (size_t)(end - p) >= size && memcmp(p, word, size) == 0 ? p + size : NULL;
}

static const char* check_scalar(const char* p, const char* end) {
  switch (*p) {
    case '"':
      return check_string(p, end);
    case 't':
      return check_word(p, end, "true");
    case 'f':
      return check_word(p, end, "false");
    case 'n':
      return check_word(p, end, "null");
    default:
      return check_number(p, end);
  }
}

static const char* check_name(const char* p, const char* end) {
  p = check_blanks(p, end);
  if (p == end || *p != '"' || (p = check_string(p, end)) == NULL) return NULL;
  p = check_blanks(p, end);
  return p < end && *p == ':' ? p + 1 : NULL;
}

/* A loop with a stack of its own: whoever wrote the bytes does not decide how deep our calls go. */
bool json_valid(freellm_str text) {
  const char *p = text.data, *const end = p + text.size;
  char open[deepest];
  size_t depth = 0;
  if (text.size == 0) return false;
  for (;;) {
    p = check_blanks(p, end);
    if (p == end) return false;
    if (*p == '{' || *p == '[') {
      const char close = *p == '{' ? '}' : ']';
      if (depth == deepest) return false;
      p = check_blanks(p + 1, end);
      if (p == end) return false;
      if (*p != close) {
        open[depth++] = close;
        if (close == '}' && (p = check_name(p, end)) == NULL) return false;
        continue;
      }
      p++;
    } else if ((p = check_scalar(p, end)) == NULL) {
      return false;
    }
    for (;;) { /* a value has ended: what stands behind it? */
      p = check_blanks(p, end);
      if (depth == 0) return p == end;
      if (p == end) return false;
      if (*p == ',') break;
      if (*p++ != open[--depth]) return false;
    }
    p++;
    if (open[depth - 1] == '}' && (p = check_name(p, end)) == NULL) return false;
  }
}

/* ---- reading what has been checked ---- */

static const char* skip_string(const char* p) {
  for (p++; *p != '"'; p++)
    if (*p == '\\') p++;
  return p + 1;
}

static const char* skip_value(const char* p, const char* end) {
  size_t depth = 0;
  do {
    if (*p == '"') {
      p = skip_string(p);
    } else if (*p == '{' || *p == '[') {
      depth++;
      p++;
    } else if (*p == '}' || *p == ']') {
      depth--;
      p++;
    } else if (depth > 0) {
      p++;
    } else {
      while (p < end && !blank(*p) && *p != ',' && *p != '}' && *p != ']') p++;
    }
  } while (depth > 0);
  return p;
}

static bool begins_with(freellm_str value, char c) { return value.size > 0 && value.data[0] == c; }
bool json_is_object(freellm_str value) { return begins_with(value, '{'); }
bool json_is_array(freellm_str value) { return begins_with(value, '['); }
bool json_is_string(freellm_str value) { return begins_with(value, '"'); }
bool json_is_null(freellm_str value) { return value.size == 0 || value.data[0] == 'n'; }

bool json_next(freellm_str array, size_t* at, freellm_str* element) {
  const char *const end = array.data + array.size, *p;
  if (!json_is_array(array)) return false;
  p = check_blanks(array.data + (*at == 0 ? 1 : *at), end);
  if (*p == ',') p = check_blanks(p + 1, end);
  if (*p == ']') return false;
  element->data = p;
  p = skip_value(p, end);
  element->size = (size_t)(p - element->data);
  *at = (size_t)(p - array.data);
  return true;
}

freellm_str json_member(freellm_str object, const char* name) {
  const char *const end = object.data + object.size, *p;
  const size_t size = strlen(name);
  freellm_str none = {NULL, 0}, value;
  if (!json_is_object(object)) return none;
  for (p = check_blanks(object.data + 1, end); *p == '"'; p = check_blanks(p + 1, end)) {
    const char* const written = p + 1;
    p = skip_string(p);
    const bool found = (size_t)(p - 1 - written) == size && memcmp(written, name, size) == 0;
    p = check_blanks(check_blanks(p, end) + 1, end); /* behind the colon */
    value.data = p;
    p = skip_value(p, end);
    value.size = (size_t)(p - value.data);
    if (found) return value;
    p = check_blanks(p, end);
    if (*p != ',') break;
  }
  return none;
}

uint64_t json_count(freellm_str value, uint64_t otherwise) {
  uint64_t count = 0;
  size_t i;
  if (value.size == 0 || value.size > 13) return otherwise;
  for (i = 0; i < value.size; i++) {
    if (!digit(value.data[i])) return otherwise;
    count = count * 10 + (uint64_t)(value.data[i] - '0');
  }
  return count <= 1000000000000u ? count : otherwise;
}

static uint32_t code_unit(const char* p) {
  return (uint32_t)(hex_of(p[0]) << 12 | hex_of(p[1]) << 8 | hex_of(p[2]) << 4 | hex_of(p[3]));
}

static size_t write_character(uint32_t c, char* out) {
  if (c < 0x80) {
    out[0] = (char)c;
    return 1;
  }
  if (c < 0x800) {
    out[0] = (char)(0xC0 | c >> 6);
    out[1] = (char)(0x80 | (c & 0x3F));
    return 2;
  }
  if (c < 0x10000) {
    out[0] = (char)(0xE0 | c >> 12);
    out[1] = (char)(0x80 | (c >> 6 & 0x3F));
    out[2] = (char)(0x80 | (c & 0x3F));
    return 3;
  }
  out[0] = (char)(0xF0 | c >> 18);
  out[1] = (char)(0x80 | (c >> 12 & 0x3F));
  out[2] = (char)(0x80 | (c >> 6 & 0x3F));
  out[3] = (char)(0x80 | (c & 0x3F));
  return 4;
}

/* One \u escape at p, or the two that make one character; *p goes behind it. */
static uint32_t escaped_character(const char** p) {
  const uint32_t first = code_unit(*p + 2);
  *p += 6;
  if (first < 0xD800 || first > 0xDFFF) return first;
  if (first < 0xDC00 && (*p)[0] == '\\' && (*p)[1] == 'u') {
    const uint32_t second = code_unit(*p + 2);
    if (second >= 0xDC00 && second <= 0xDFFF) {
      *p += 6;
      return 0x10000 + ((first - 0xD800) << 10 | (second - 0xDC00));
    }
  }
  return 0xFFFD;
}

size_t json_decode(freellm_str string, size_t* at, char* out, size_t capacity) {
  static const char names[] = "bfnrt", meanings[] = "\b\f\n\r\t";
  const char *p = string.data + (*at == 0 ? 1 : *at), *const close = string.data + string.size - 1;
  size_t written = 0;
  while (p < close && capacity - written >= 4) {
    if (*p != '\\') {
      do out[written++] = *p++;
      while (((unsigned char)*p & 0xC0) == 0x80);
    } else if (p[1] == 'u') {
      written += write_character(escaped_character(&p), out + written);
    } else {
      const char* const name = strchr(names, p[1]);
      out[written++] = name != NULL ? meanings[name - names] : p[1];
      p += 2;
    }
  }
  *at = (size_t)(p - string.data);
  return written;
}
