#include "chat/with_messages.hpp"

#include <memory>
#include <string>

#include "base/text.hpp"

namespace freellmapi::chat {

Checked<Request> with_messages(const Request& request, std::string_view messages, std::string_view without) {
  auto body = std::make_unique<std::string>("{");
  body->reserve(request.body->size() + messages.size());
  for (const Member& m : request.members) {
    if (m.name == without) continue;
    if (body->size() > 1) *body += ',';
    base::append_json_string(*body, m.name);
    *body += ':';
    *body += m.name == "messages" ? messages : m.value;
  }
  *body += '}';
  auto made = decode(*body);
  if (!made) return made;
  if (!made->storage) made->storage = std::move(body);
  made->session = request.session;
  return made;
}

std::string_view messages_of(const Request& request) noexcept {
  for (const Member& m : request.members)
    if (m.name == "messages") return base::trim(m.value);
  return {};
}

}  // namespace freellmapi::chat
