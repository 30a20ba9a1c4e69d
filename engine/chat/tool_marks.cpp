#include "chat/tool_marks.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "chat/json_scan.hpp"

namespace freellmapi::chat {

namespace {

// '|' and '_' stand for DeepSeek's U+FF5C and U+2581 too.
constexpr std::array<std::pair<std::string_view, Mark>, 11> marks{
    {{"<function=", Mark::function},
     {"<tool_call>", Mark::tagged},
     {"<|tool_calls_section_begin|>", Mark::section},
     {"<|tool_calls_begin|>", Mark::section},
     {"<|tool_call_begin|>", Mark::token},
     {"</function>", Mark::closing},
     {"</tool_call>", Mark::closing},
     {"<|tool_call_end|>", Mark::closing},
     {"<|tool_calls_end|>", Mark::closing},
     {"<|tool_calls_section_end|>", Mark::closing},
     {"<|tool_sep|>", Mark::closing}}};

// Whether `text` begins with `pattern`, and with how many bytes.
Fit fits(std::string_view text, std::string_view pattern, std::size_t& size) noexcept {
  std::size_t at = 0;
  for (const char c : pattern) {
    if (at == text.size()) return Fit::partly;
    const std::string_view wide = c == '|' ? "\xEF\xBD\x9C" : c == '_' ? "\xE2\x96\x81" : "";
    if (text[at] == c) {
      ++at;
    } else if (const std::string_view there = text.substr(at, wide.size());
               !wide.empty() && wide.starts_with(there)) {
      if (there.size() < wide.size()) return Fit::partly;
      at += wide.size();
    } else {
      return Fit::none;
    }
  }
  size = at;
  return Fit::whole;
}

// NAME, perhaps '>' or '(' or ',', then the arguments.
CallHead function_head(std::string_view rest, std::size_t mark, const Offered& offered) noexcept {
  using Kind = CallHead::Kind;
  const std::size_t end = name_end(rest, mark);
  if (end == rest.size()) return {};
  if (end == mark) return {Kind::text};
  const std::size_t open = rest.find_first_not_of(" \t\r\n>(,", end);
  if (open == std::string_view::npos) return {};
  const Fit parameter = word_at(rest, open, "<parameter="), close = word_at(rest, open, "</function>");
  if (parameter == Fit::partly || close == Fit::partly) return {};
  const OfferedTool* const tool = offered.meant(rest.substr(mark, end - mark));
  if (rest[open] != '{' && parameter == Fit::none && close == Fit::none)
    return {tool == nullptr ? Kind::text : Kind::malformed};  // written about, not called
  if (tool == nullptr) return {Kind::malformed};
  const Body body = rest[open] == '{'         ? Body::object
                    : parameter == Fit::whole ? Body::parameters
                                              : Body::none;
  return {Kind::call, tool, body, open};
}

// {"name": ...}, <function=...>, or NAME and <arg_key>.
CallHead tagged_head(std::string_view rest, std::size_t mark, const Offered& offered) noexcept {
  using Kind = CallHead::Kind;
  const std::size_t open = skip_blanks(rest, mark);
  if (open == rest.size()) return {};
  if (rest[open] == '{' || rest[open] == '[') return {Kind::call, nullptr, Body::whole_call, open};
  const Fit function = word_at(rest, open, "<function=");
  if (function == Fit::partly) return {};
  if (function == Fit::whole) {
    CallHead inner = function_head(rest.substr(open), std::string_view{"<function="}.size(), offered);
    inner.size += open;
    if (inner.kind == Kind::text) inner.kind = Kind::malformed;
    return inner;
  }
  const std::size_t end = name_end(rest, open), then = skip_blanks(rest, end);
  if (then == rest.size()) return {};
  const Fit key = word_at(rest, then, "<arg_key>"), close = word_at(rest, then, "</tool_call>");
  if (end == open || (key == Fit::none && close == Fit::none)) return {Kind::text};
  if (key != Fit::whole && close != Fit::whole) return {};
  const OfferedTool* const tool = offered.meant(rest.substr(open, end - open));
  if (tool == nullptr) return {Kind::malformed};
  return {Kind::call, tool, Body::parameters, then};
}

// functions.NAME:0 <|tool_call_argument_begin|> {...}, NAME <|tool_sep|> {...}, or
// function <|tool_sep|> NAME, a fence and {...}.
CallHead token_head(std::string_view rest, std::size_t mark, const Offered& offered) noexcept {
  using Kind = CallHead::Kind;
  std::array<std::string_view, 2> parts;
  std::size_t count = 0, begin = mark, at = mark;
  for (; at < rest.size() && rest[at] != '{'; ++at) {
    if (rest[at] != '<') continue;
    std::size_t size = 0, end_size = 0;
    const Fit argument = fits(rest.substr(at), "<|tool_call_argument_begin|>", size);
    const Fit separator = argument == Fit::whole ? Fit::none : fits(rest.substr(at), "<|tool_sep|>", size);
    const Fit end = fits(rest.substr(at), "<|tool_call_end|>", end_size);
    if (argument != Fit::whole && separator != Fit::whole) {
      if (end == Fit::whole) break;
      if (argument == Fit::partly || separator == Fit::partly || end == Fit::partly) return {};
      return {Kind::malformed};
    }
    if (count == parts.size()) return {Kind::malformed};
    parts[count++] = base::trim(rest.substr(begin, at - begin));
    begin = at + size;
    at = begin - 1;
  }
  if (at == rest.size()) return {};
  std::string_view last = base::trim(rest.substr(begin, at - begin));
  if (const std::size_t fence = last.find("```"); fence != std::string_view::npos)
    last = base::trim(last.substr(0, fence));
  const std::string_view first = count > 0 ? parts[0] : last, second = count > 1 ? parts[1] : last;
  const OfferedTool* tool = first == "function" ? offered.meant(second) : nullptr;
  if (tool == nullptr) tool = offered.meant(first);
  if (tool == nullptr) return {Kind::malformed};
  return {Kind::call, tool, rest[at] == '{' ? Body::object : Body::none, at};
}

}  // namespace

Fit find_mark(std::string_view text, Mark& mark, std::size_t& size) noexcept {
  Fit best = Fit::none;
  for (const auto& [pattern, kind] : marks) {
    const Fit fit = fits(text, pattern, size);
    if (fit == Fit::whole) {
      mark = kind;
      return fit;
    }
    if (fit == Fit::partly) best = fit;
  }
  return best;
}

std::size_t skip_blanks(std::string_view text, std::size_t at) noexcept {
  while (at < text.size() && is_blank(text[at])) ++at;
  return at;
}

std::size_t name_end(std::string_view text, std::size_t at) noexcept {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:";
  return std::min(text.find_first_not_of(letters, at), text.size());
}

Fit word_at(std::string_view text, std::size_t at, std::string_view word) noexcept {
  const std::string_view there = text.substr(at, word.size());
  if (there == word) return Fit::whole;
  return word.starts_with(there) ? Fit::partly : Fit::none;
}

CallHead read_head(std::string_view text, const Offered& offered) noexcept {
  Mark kind = Mark::closing;
  std::size_t size = 0;
  find_mark(text, kind, size);
  if (kind == Mark::function) return function_head(text, size, offered);
  if (kind == Mark::tagged) return tagged_head(text, size, offered);
  return token_head(text, size, offered);
}

}  // namespace freellmapi::chat
