/* What the files of this plugin know of one another. */
#ifndef ECHO_H
#define ECHO_H

#include <freellmapi/abi.h>

#define TEXT(literal) \
  { (literal), sizeof(literal) - 1 }

/* One answer (answer.c). The host gives the memory for it; what it holds beside is freed by answer_close. */
struct answer {
  char* held; /* an event's data so far, and behind it the line that is not whole yet; or the JSON body so far
               */
  size_t size, capacity;
  size_t data_size;      /* how much of `held` is data */
  uint64_t named[2];     /* the tool calls whose name was said, one bit each */
  freellm_str reason;    /* why the answer has ended; points to a literal */
  freellm_status status; /* what every further call gives: an error, or FREELLM_DONE */
  uint8_t is_stream, after_cr, begun;
};

freellm_status answer_open(const freellm_provider*, void* memory, const freellm_call*, const freellm_head*);
freellm_status answer_feed(void* memory, const void* data, size_t n, freellm_events_out*);
freellm_status answer_finish(void* memory, freellm_events_out*);
void answer_close(void* memory);

/* What an error means (errors.c): `body` as it came, `status` that of HTTP or one that says the same. */
void sort_error(int32_t status, freellm_str body, freellm_outcome* outcome);
freellm_status classify_error(const freellm_provider*, const freellm_head*, freellm_str body,
                              int64_t now_unix_ms, freellm_outcome*);

#endif
