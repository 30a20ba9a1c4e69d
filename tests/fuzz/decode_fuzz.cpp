// Invariant: a body gives a 400 that says what is wrong, or a request whose canonical body is valid JSON,
// holds every member where the index says, and is decoded again without any change.
#include <cstddef>
#include <cstdint>
#include <string>

#include "chat/decode.hpp"
#include "chat/json_scan.hpp"

using namespace freellmapi::chat;

namespace {

void require(bool held) {
  if (!held) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string body(reinterpret_cast<const char*>(data), size);
  const auto request = decode(body);
  if (!request) {
    require(request.error().status == 400 && !request.error().code.empty() &&
            !request.error().message.empty());
    return 0;
  }
  std::string canonical = *request->body;
  require(!check_json(canonical) && canonical == *request->body);
  for (const Member& member : request->members) {
    require(member.value.data() >= request->body->data());
    require(member.value.data() + member.value.size() <= request->body->data() + request->body->size());
    std::string value{member.value};
    require(value != "null" && !check_json(value));
  }
  const auto again = decode(canonical);
  require(again.has_value() && again->storage == nullptr && canonical == *request->body);
  require(again->members.size() == request->members.size());
  require(again->facts.text_bytes == request->facts.text_bytes && again->session == request->session);
  return 0;
}
