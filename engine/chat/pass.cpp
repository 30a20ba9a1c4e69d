#include "chat/pass.hpp"

namespace freellmapi::chat {

std::string_view without_blanks(std::string_view json) noexcept {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t first = json.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return json.substr(first, json.find_last_not_of(blanks) - first + 1);
}

bool Pass::wrong(std::string_view code, std::string_view param, std::string_view message) {
  if (!scan.failed()) fault = Fault{400, std::string{code}, std::string{param}, std::string{message}};
  return false;
}

bool Pass::within(std::string_view outer) {
  if (scan.failed()) return false;
  const bool direct = fault.param.empty() || fault.param.front() == '[';
  fault.param.insert(0, std::string{outer} + (direct ? "" : "."));
  return false;
}

bool Pass::within(std::string_view outer, std::size_t index) {
  return within(std::string{outer} + "[" + std::to_string(index) + "]");
}

bool Pass::text(std::string_view param, JsonText& out) {
  if (scan.peek() != JsonType::string) return wrong_type(param, "a string");
  return scan.string(out);
}

bool Pass::counted_text(std::string_view param, JsonText& out) {
  if (!text(param, out)) return false;
  facts.text_bytes += out.raw.size();
  facts.wide_bytes += out.wide;
  return true;
}

bool Pass::text_or_null(std::string_view param, Element& element, JsonText& out) {
  if (scan.peek() != JsonType::null) return counted_text(param, out);
  element.drop = true;
  return scan.skip();
}

std::string_view Pass::value(const Element& element) const {
  return without_blanks(scan.view(element.value.begin, element.value.end));
}

}  // namespace freellmapi::chat
