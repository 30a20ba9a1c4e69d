#include "chat/parts.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.hpp"

namespace freellmapi::chat {

namespace {

constexpr std::size_t most_parts = 10'000;
constexpr std::size_t longest_link = 8'192;

constexpr std::array<bool, 256> base64_alphabet = [] {
  std::array<bool, 256> table{};
  for (unsigned c = 'A'; c <= 'Z'; ++c) table[c] = true;
  for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = true;
  for (unsigned c = '0'; c <= '9'; ++c) table[c] = true;
  table['+'] = table['/'] = true;
  return table;
}();

bool is_base64(std::string_view text) noexcept {
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return base64_alphabet[static_cast<unsigned char>(c)]; });
}

bool has_scheme(std::string_view url, std::string_view scheme) noexcept {
  return url.size() > scheme.size() && base::equal_ignoring_case(url.substr(0, scheme.size()), scheme);
}

// What is wrong with an image's URL, or "".
std::string_view image_fault(std::string_view url) noexcept {
  if (has_scheme(url, "http://") || has_scheme(url, "https://"))
    return url.size() > longest_link ? "is longer than 8,192 characters" : "";
  if (!has_scheme(url, "data:")) return "must be an http or https URL or a base64 data: URL";
  const std::size_t comma = url.find(',');
  if (comma == std::string_view::npos || comma > 256) return "is not a data: URL: the comma is missing";
  const std::string_view head = url.substr(5, comma - 5);
  if (!has_scheme(head, "image/")) return "must be a data: URL of an image type";
  if (!head.ends_with(";base64")) return "must be a base64 data: URL";
  return is_base64(url.substr(comma + 1)) ? "" : "holds characters that are not base64";
}

// One part while its members are being read.
struct Part {
  std::optional<JsonText> type, text, url;
  bool url_is_object = false;
};

Element* find(Elements& elements, std::string_view name) {
  const auto at =
      std::find_if(elements.begin(), elements.end(), [name](const Element& e) { return e.name == name; });
  return at == elements.end() ? nullptr : &*at;
}

bool read_image_url(Pass& pass, Part& part) {
  if (pass.scan.peek() == JsonType::string) return pass.text("", part.url.emplace());
  if (pass.scan.peek() != JsonType::object) return pass.wrong_type("", "an object with a url");
  part.url_is_object = true;
  Members members(pass.scan);
  while (members.next()) {
    JsonText detail;
    if (members.name() == "url") {
      if (!pass.text("url", part.url.emplace())) return false;
    } else if (pass.scan.peek() == JsonType::null) {
      members.here().drop = true;
      if (!pass.scan.skip()) return false;
    } else if (members.name() == "detail") {
      if (!pass.text("detail", detail)) return false;
    } else {
      pass.facts.extras = true;
      if (!pass.scan.skip()) return false;
    }
  }
  if (pass.scan.failed()) return false;
  if (!part.url) return pass.missing("url");
  pass.edits.drop(members.all());
  return true;
}

bool settle_image(Pass& pass, Elements& members, const Part& part) {
  const std::string_view fault =
      part.url->escaped ? image_fault(part.url->unescaped()) : image_fault(part.url->raw);
  if (!fault.empty())
    return pass.wrong("invalid_value", part.url_is_object ? "image_url.url" : "image_url", fault);
  pass.facts.images = true;
  ++pass.facts.image_count;
  if (part.url_is_object) return true;
  const Element& url = *find(members, "image_url");
  pass.edits.insert(url.value.begin, "{\"url\":");
  pass.edits.insert(url.value.end, "}");
  return true;
}

// Brings a read part into OpenAI's shape. `drop` is set for one that is no longer wanted.
bool settle_part(Pass& pass, Members& members, Part& part, bool& drop) {
  const std::string type = part.type ? part.type->unescaped() : std::string{};
  Element* const type_member = find(members.all(), "type");
  if (type.starts_with("thinking") || type == "redacted_thinking" || type == "reasoning") {
    drop = true;
    return true;
  }
  if (type == "input_audio" || type == "file") {
    Element* const file = find(members.all(), type);
    if (file == nullptr) return pass.missing(type);
    pass.facts.files = true;
    pass.facts.file_bytes += file->value.size();
    return true;
  }
  if (type == "refusal") {
    pass.facts.extras = true;
    return find(members.all(), "refusal") != nullptr || pass.missing("refusal");
  }
  const bool image = type == "image_url" || type == "input_image" || (type.empty() && part.url && !part.text);
  if (!image && !type.empty() && type != "text" && type != "input_text" && type != "output_text")
    return pass.wrong("unsupported_value", "type", "must be text, image_url, input_audio, file or refusal");
  if (type.empty() && !image && !part.text) return pass.missing("type");
  if (type.empty()) {
    if (type_member != nullptr) type_member->drop = true;  // null or ""
    pass.edits.insert(members.inside(), image ? "\"type\":\"image_url\"," : "\"type\":\"text\",");
  } else if (type != "text" && type != "image_url") {
    pass.edits.replace(type_member->value, image ? "\"image_url\"" : "\"text\"");
  }
  if (!image && part.url) pass.facts.extras = true;
  if (image) return part.url ? settle_image(pass, members.all(), part) : pass.missing("image_url");
  if (!part.text) {
    Element* const text = find(members.all(), "text");
    if (text == nullptr) return pass.missing("text");
    pass.edits.replace(text->value, "\"\"");  // null
  }
  return true;
}

bool read_part(Pass& pass, bool& drop) {
  Members members(pass.scan);
  Part part;
  while (members.next()) {
    const std::string_view name = members.name();
    const bool null = pass.scan.peek() == JsonType::null;
    JsonText refusal;
    if (null) {
      members.here().drop = name != "text";
      if (!pass.scan.skip()) return false;
    } else if (name == "type") {
      if (!pass.text("type", part.type.emplace())) return false;
    } else if (name == "text") {
      if (!pass.counted_text("text", part.text.emplace())) return false;
    } else if (name == "image_url") {
      if (!read_image_url(pass, part)) return pass.within("image_url");
    } else if (name == "refusal") {
      if (!pass.counted_text("refusal", refusal)) return false;
    } else if (name == "input_audio" || name == "file") {
      if (pass.scan.peek() != JsonType::object) return pass.wrong_type(name, "an object");
      if (!pass.scan.skip()) return false;
    } else {
      pass.facts.extras = true;
      if (!pass.scan.skip()) return false;
    }
  }
  if (pass.scan.failed() || !settle_part(pass, members, part, drop)) return false;
  if (!drop) pass.edits.drop(members.all());
  return true;
}

bool read_parts(Pass& pass, const Element& element, Content& out) {
  const std::size_t begin = pass.scan.offset();
  Items items(pass.scan);
  std::size_t kept = 0;
  while (items.next()) {
    Element& item = items.here();
    if (items.index() >= most_parts) return pass.wrong("invalid_value", "", "has more than 10,000 parts");
    if (pass.scan.peek() == JsonType::string) {
      JsonText text;
      if (!pass.counted_text("", text)) return false;
      pass.edits.insert(item.begin, "{\"type\":\"text\",\"text\":");
      pass.edits.insert(pass.scan.offset(), "}");
    } else if (pass.scan.peek() == JsonType::object) {
      if (!read_part(pass, item.drop)) return pass.within("", items.index());
    } else if (pass.scan.peek() == JsonType::null) {
      item.drop = true;
      if (!pass.scan.skip()) return false;
    } else {
      return pass.wrong_type("[" + std::to_string(items.index()) + "]", "a part");
    }
    if (!item.drop) kept++;
  }
  if (pass.scan.failed()) return false;
  if (kept == 0) {
    out.kind = Content::Kind::text;
    pass.edits.replace({element.value.begin, pass.scan.offset()}, "\"\"");
    return true;
  }
  out = {Content::Kind::parts, {begin, begin + 1}};
  pass.facts.parts = true;
  pass.edits.drop(items.all());
  return true;
}

bool read_bare_part(Pass& pass, Content& out) {
  const std::size_t begin = pass.scan.offset();
  pass.edits.insert(begin, "[");
  out = {Content::Kind::parts, {begin, begin}};
  pass.facts.parts = true;
  bool drop = false;
  if (!read_part(pass, drop)) return false;
  if (drop) return pass.wrong("invalid_value", "", "holds nothing but thinking");
  pass.edits.insert(pass.scan.offset(), "]");
  return true;
}

}  // namespace

bool read_content(Pass& pass, const Element& element, Content& out) {
  JsonText text;
  switch (pass.scan.peek()) {
    case JsonType::null:
      out.kind = Content::Kind::null;
      return pass.scan.skip();
    case JsonType::string:
      out.kind = Content::Kind::text;
      if (!pass.scan.string(text)) return false;
      pass.count(text.raw, text.wide);
      return true;
    case JsonType::array:
      return read_parts(pass, element, out);
    case JsonType::object:
      return read_bare_part(pass, out);
    default:
      return pass.wrong_type("", "a string or an array of parts");
  }
}

}  // namespace freellmapi::chat
