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

namespace {

/// Neither small letters nor blanks nor wide: what tokenizers cut small. A loop that compilers make wide.
std::size_t dense_bytes(std::string_view text) noexcept {
  std::size_t dense = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool small = static_cast<unsigned char>(byte - 'a') < 26;
    dense += static_cast<std::size_t>(!small && byte > ' ' && byte < 0x80);
  }
  return dense;
}

}  // namespace

void Pass::count(std::string_view raw, std::size_t wide) noexcept {
  facts.text_bytes += raw.size();
  facts.wide_bytes += wide;
  facts.dense_bytes += dense_bytes(raw);
}

bool Pass::text(std::string_view param, JsonText& out) {
  if (scan.peek() != JsonType::string) return wrong_type(param, "a string");
  return scan.string(out);
}

bool Pass::counted_text(std::string_view param, JsonText& out) {
  if (!text(param, out)) return false;
  count(out.raw, out.wide);
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
