// Invariant: a text that the scan takes keeps its length, is taken again unchanged, is found to be the same
// by skipping and by reading member by member, and no byte may follow it; a fault lies within the text.
#include <cstddef>
#include <cstdint>
#include <string>

#include "chat/edits.hpp"
#include "chat/json_scan.hpp"

using namespace freellmapi::chat;

namespace {

void require(bool held) {
  if (!held) __builtin_trap();
}

// Reads everything through the readers, as far as `depth` goes; the rest is skipped.
void walk(JsonScan& scan, int depth) {
  JsonText text;
  std::string_view number;
  bool flag = false;
  switch (scan.peek()) {
    case JsonType::string:
      if (scan.string(text))
        require(text.unescaped().size() <= text.raw.size() && text.wide <= text.raw.size());
      return;
    case JsonType::number:
      scan.number(number);
      return;
    case JsonType::boolean:
      scan.boolean(flag);
      return;
    case JsonType::object:
      if (depth > 0) {
        Members members(scan);
        while (members.next()) walk(scan, depth - 1);
        return;
      }
      break;
    case JsonType::array:
      if (depth > 0) {
        Items items(scan);
        while (items.next()) walk(scan, depth - 1);
        return;
      }
      break;
    default:
      break;
  }
  scan.skip();
}

bool is_reader_limit(const JsonScan& scan) {
  return scan.fault()->reason.find("twice") != std::string_view::npos ||
         scan.fault()->reason.find("1,024 members") != std::string_view::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  std::string walked = text;
  const auto fault = check_json(text);
  require(text.size() == size);
  if (fault) {
    require(fault->offset <= size && !fault->reason.empty());
  } else {
    std::string again = text;
    require(!check_json(again) && again == text);
    std::string followed = text + "x";
    require(check_json(followed).has_value());
  }
  JsonScan scan(walked);
  walk(scan, 8);
  scan.finish();
  require(scan.failed() == fault.has_value() || (scan.failed() && is_reader_limit(scan)));
  return 0;
}
