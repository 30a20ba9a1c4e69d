#include <new>
#include <string>

#include "good.hpp"

// Keeps the whole answer beside the parser, to look at it at the end.
constexpr size_t own_size = (sizeof(good::Provider::Parser) + 63) / 64 * 64;
static std::string& all(void* parser) {
  return *reinterpret_cast<std::string*>(static_cast<char*>(parser) + own_size);
}

static freellm_status open(const freellm_provider* self, void* parser, const freellm_call* call,
                           const freellm_head* head) {
  ::new (static_cast<void*>(&all(parser))) std::string;
  return good::Functions::parser_open(self, parser, call, head);
}
static freellm_status feed(void* parser, const void* data, size_t n, freellm_events_out* out) {
  all(parser).append(static_cast<const char*>(data), n);
  return good::Functions::parser_feed(parser, data, n, out);
}
static void close(void* parser) {
  std::string& text = all(parser);
  good::Functions::parser_close(parser);
  text.~basic_string();
}

static const freellm_provider table = [] {
  freellm_provider t = good::table();
  t.parser_size = static_cast<uint32_t>(own_size + sizeof(std::string));
  t.parser_open = &open;
  t.parser_feed = &feed;
  t.parser_close = &close;
  return t;
}();
PLUGIN_OF(table, FREELLM_ABI_MAJOR);
