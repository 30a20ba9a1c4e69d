#include "cli/env_file.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace freellmapi::cli {

namespace {

constexpr std::size_t names_most = 1024;
constexpr std::string_view label_mark = "# label: ", off_mark = " (disabled)";

bool is_name(std::string_view text) {
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

std::string value_of(std::string_view text) {
  text = base::trim(text);
  if (!text.empty() && (text[0] == '"' || text[0] == '\'')) {
    const std::size_t end = text.find(text[0], 1);
    return std::string(text.substr(1, end == std::string_view::npos ? end : end - 1));
  }
  // A comment needs a space before it: a '#' inside a value is the value's.
  const std::size_t comment = text.find(" #");
  return std::string(base::trim(text.substr(0, comment)));
}

}  // namespace

std::map<std::string, EnvValue> read_env_file(std::string_view text) {
  std::map<std::string, EnvValue> out;
  EnvValue next;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = base::trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with(label_mark)) {
      line.remove_prefix(label_mark.size());
      next.enabled = !line.ends_with(off_mark);
      if (!next.enabled) line.remove_suffix(off_mark.size());
      next.label = line;
      continue;
    }
    if (line.starts_with("export ")) line = base::trim(line.substr(7));
    const std::size_t equals = line.find('=');
    if (line.starts_with('#') || equals == std::string_view::npos) continue;
    const std::string name(base::trim(line.substr(0, equals)));
    if (!is_name(name) || (out.size() >= names_most && !out.contains(name))) continue;
    next.value = value_of(line.substr(equals + 1));
    out[name] = std::exchange(next, EnvValue());
  }
  return out;
}

}  // namespace freellmapi::cli
